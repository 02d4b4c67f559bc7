/**
 * A resolver that needs no other: from the root down, asking each zone's own servers (RFC 1034 5.3.3), no more of the name
 * than they need (RFC 9156), believing each zone only what is its own to say, and what the keys above it vouch for.
 *
 * `executor` puts all of `@handoff/dns` in front of it: its cache, its search list, its order of addresses.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as NetAddress from "effect/net/NetAddress"
import type * as Scope from "effect/Scope"
import { TrustAnchors } from "../dnssec/TrustAnchors.ts"
import { Validator, type Verdict } from "../dnssec/Validator.ts"
import { ancestorOf } from "../dnssec/verify.ts"
import { Answer, kindOf } from "../Answer.ts"
import { Cache } from "../Cache.ts"
import * as Dns from "../Dns.ts"
import * as resolverLimits from "../limits.ts"
import * as Reply from "../Reply.ts"
import * as Transport from "../Transport.ts"
import * as Wheel from "../Wheel.ts"
import { Edns, Message, Name, type Question, Rcode, type ResourceRecord, Type } from "../wire/index.ts"
import { keyOf } from "../zone/canonical.ts"
import * as RRset from "../zone/RRset.ts"
import * as types from "../zone/types.ts"
import { addressesIn, type Delegation, Delegations, read, type Step } from "./Delegation.ts"
import * as hints from "./hints.ts"
import * as limits from "./limits.ts"
import { RecursiveError } from "./RecursiveError.ts"
import { Upstreams } from "./Upstream.ts"

export interface Options {
  /** Where to begin: the servers of the root unless told. */
  readonly root?: Delegation
  /** DS or DNSKEY records to trust; the root's unless told; `false` for no validation. */
  readonly anchors?: ReadonlyArray<ResourceRecord.ResourceRecord> | false
  /** Names at and below which nothing is validated (RFC 7646). */
  readonly negativeAnchors?: ReadonlyArray<Name.Name>
  /** The port of every server: 53 unless told. */
  readonly port?: number
  /** Whether servers are asked over IPv6 too: yes unless told. */
  readonly ipv6?: boolean
  /** Whether no more of a name is told than needed (RFC 9156): yes unless told. */
  readonly minimise?: boolean
  /** Whether questions go out in random case: yes unless told. */
  readonly mixCase?: boolean
  /** Milliseconds for one question; see `limits`. */
  readonly timeout?: number
  /** Octets of the cache; see `@handoff/dns`' `cacheOctets`. */
  readonly cacheOctets?: number
  /** Servers that must never be asked: `127.0.0.1` and the like are asked only if `root` leads there. */
  readonly transport?: (wheel: Wheel.Wheel) => Transport.Transport
}

export interface Resolved {
  /** The whole answer: aliases and their targets, as if one server had given it. */
  readonly message: Message.Message
  /** What validation found; undefined when there are no anchors. */
  readonly verdict: Verdict | undefined
}

export interface Stats {
  readonly sent: number
  readonly delegations: number
  readonly cacheHits: number
  readonly cacheOctets: number
}

export class Recursive extends Context.Service<
  Recursive,
  {
    /** Resolves. That there is no such name is an answer; a bogus one is an error. Interrupting stops what is asked. */
    readonly resolve: (name: Name.Name | string, type: Question.QuestionType) => Effect.Effect<Resolved, RecursiveError>
    /** An executor of lookups, as `Dns.make` gives, that asks no resolver but this. */
    readonly executor: Effect.Effect<Dns.Shape, NetAddress.NetAddressError, Scope.Scope>
    readonly stats: Effect.Effect<Stats>
  }
>()("@handoff/dns/recursive/Recursive") {
  static readonly make = (options: Options = {}): Effect.Effect<Recursive["Service"], never, Scope.Scope> =>
    Effect.gen(function* () {
      const wheel = yield* Wheel.make
      const transport = options.transport?.(wheel) ?? Transport.node(wheel)
      const machine = new Machine(options, transport, wheel)
      yield* Effect.addFinalizer(() => Effect.sync(() => machine.close()))
      const resolve: Recursive["Service"]["resolve"] = (name, type) =>
        machine.resolve(typeof name === "string" ? Name.fromText(name) : name, RRset.codeOf(type))
      return Recursive.of({
        resolve,
        executor: executorOf(machine),
        stats: Effect.sync(() => machine.stats())
      })
    })

  static readonly layer = (options: Options = {}): Layer.Layer<Recursive> =>
    Layer.effect(Recursive, Recursive.make(options))

  /** The `Dns` service of `@handoff/dns`, resolving by itself. */
  static readonly layerDns = (options: Options = {}): Layer.Layer<Dns.Dns, NetAddress.NetAddressError> =>
    Layer.effect(
      Dns.Dns,
      Effect.flatMap(Recursive.make(options), ({ executor }) => executor)
    )
}

/** One try at an answer, its proofs included: which servers gave something, and which are left out this time. */
class Try extends Context.Reference<{ readonly avoided: ReadonlySet<string>; readonly asked: Set<string> }>(
  "@handoff/dns/recursive/Try",
  { defaultValue: () => ({ avoided: new Set<string>(), asked: new Set<string>() }) }
) {}

interface Work {
  /** Queries that may still be sent. */
  queries: number
  /** Names of servers that are being looked up: one that needs itself has no address. */
  readonly resolving: Set<string>
}

class Machine {
  private readonly options: Options
  private readonly upstreams: Upstreams
  private readonly delegations: Delegations
  private readonly cache: Cache
  private readonly validator: Validator<RecursiveError, never> | undefined

  constructor(options: Options, transport: Transport.Transport, wheel: Wheel.Wheel) {
    this.options = options
    this.upstreams = new Upstreams(transport, wheel, {
      port: options.port ?? 53,
      mixCase: options.mixCase ?? true,
      udpPayload: resolverLimits.udpPayload.default
    })
    this.delegations = new Delegations(options.root ?? hints.root)
    this.cache = new Cache({
      maxOctets: options.cacheOctets ?? resolverLimits.cacheOctets.default,
      minTtl: resolverLimits.cacheTtl.min,
      maxTtl: resolverLimits.cacheTtl.max,
      maxNegativeTtl: resolverLimits.negativeTtl.max,
      staleFor: 0
    })
    this.validator =
      options.anchors === false
        ? undefined
        : new Validator({
            anchors: new TrustAnchors(options.anchors ?? hints.anchors),
            negativeAnchors: options.negativeAnchors ?? [],
            fetch: (name, type) => this.answer(name, type, this.newWork(), 0)
          })
  }

  close(): void {
    this.upstreams.close()
  }

  stats(): Stats {
    const { hits, octets } = this.cache.stats()
    return { sent: this.upstreams.sent, delegations: this.delegations.size, cacheHits: hits, cacheOctets: octets }
  }

  private newWork(): Work {
    return { queries: limits.queriesPerQuestion, resolving: new Set() }
  }

  resolve(name: Name.Name, type: number): Effect.Effect<Resolved, RecursiveError> {
    return Effect.timeoutOrElse(this.validated(name, type), {
      duration: this.options.timeout ?? limits.questionTimeout.default,
      orElse: () => Effect.fail(errorOf("Timeout", name, "no answer in time"))
    })
  }

  /** Answers, and asks others again when what came fails validation. */
  private validated(name: Name.Name, type: number): Effect.Effect<Resolved, RecursiveError> {
    return Effect.gen({ self: this }, function* () {
      const { validator } = this
      if (validator === undefined)
        return { message: yield* this.answer(name, type, this.newWork(), 0), verdict: undefined }
      const now = Math.floor((yield* Clock.currentTimeMillis) / 1_000)
      const denied = type === types.DS ? undefined : validator.denials.find(name, type, now)
      if (denied !== undefined) {
        this.cache.hits++
        return { message: deniedMessage(name, type, denied.kind), verdict: { status: "secure", ttl: denied.ttl } }
      }
      const avoided = new Set<string>()
      for (let attempt = 0; ; attempt++) {
        const asked = new Set<string>()
        const judged = Effect.gen({ self: this }, function* () {
          const message = yield* this.answer(name, type, this.newWork(), 0)
          const question = { name, type: Type.nameOf(type) as Question.QuestionType, class: "IN" } as const
          return { message, verdict: yield* validator.validate(question, message) }
        }).pipe(Effect.provideService(Try, { avoided: new Set(avoided), asked }))
        const { message, verdict } = yield* judged
        if (verdict.status === "secure" || verdict.status === "insecure") return { message, verdict }
        if (verdict.status === "indeterminate" && verdict.reason === "NoAnchor") return { message, verdict }
        if (attempt >= limits.retriesWhenBogus) {
          return yield* new RecursiveError({
            reason: "Bogus",
            name: Name.toText(name),
            detail: verdict.detail,
            extendedError: verdict.extendedError
          })
        }
        // One of those that answered may lie, or be out of date: others are asked, past the cache.
        for (const address of asked) {
          avoided.add(address)
          this.upstreams.markLiar(address)
        }
        validator.forgetFailures()
      }
    })
  }

  /** The whole answer: every alias on the way and what is at its end. */
  answer(name: Name.Name, type: number, work: Work, depth: number): Effect.Effect<Message.Message, RecursiveError> {
    return Effect.gen({ self: this }, function* () {
      let at = name
      const parts: Array<Message.Message> = []
      const seen = new Set<string>()
      for (;;) {
        const part = yield* this.part(at, type, work, depth)
        parts.push(part)
        const end = endOf(part, at, type)
        if (end === undefined) break
        seen.add(Name.key(at))
        if (seen.has(Name.key(end)) || parts.length > limits.aliases) {
          return yield* errorOf("TooMuchWork", name, "aliases that lead nowhere")
        }
        at = end
      }
      return join(parts)
    })
  }

  /** The answer for one name, of the zone that it is in: from the cache, or from that zone's servers. */
  private part(
    name: Name.Name,
    type: number,
    work: Work,
    depth: number
  ): Effect.Effect<Message.Message, RecursiveError> {
    return Effect.gen({ self: this }, function* () {
      const mnemonic = Type.nameOf(type)
      const key = cacheKey(name)
      const table = this.cache.table(mnemonic, "iterative")
      const now = yield* Clock.currentTimeMillis
      const { avoided } = yield* Try
      const entry = table.get(key)
      if (avoided.size === 0 && entry?.answer?.message !== undefined && entry.expiresAt > now) {
        this.cache.hits++
        entry.marked = true
        return aged(entry.answer.message, Math.floor((now - entry.answer.receivedAt) / 1_000))
      }
      this.cache.misses++
      const message = yield* this.descend(name, type, work, depth)
      const kept = keptAnswer(message, name, mnemonic, now)
      if (kept !== undefined) this.cache.put(table, key, kept, now, kept.kind !== "records")
      return message
    })
  }

  /** From the deepest zone that is known down to the one that answers. */
  private descend(
    name: Name.Name,
    type: number,
    work: Work,
    depth: number
  ): Effect.Effect<Message.Message, RecursiveError> {
    return Effect.gen({ self: this }, function* () {
      const now = yield* Clock.currentTimeMillis
      let delegation = this.delegations.closest(name, type, now)
      let shown = Name.countLabels(delegation.zone)
      const labels = Name.countLabels(name)
      let steps = 0
      for (;;) {
        // One more label than the zone has, until it is the whole name or there were enough steps.
        shown = this.options.minimise === false || steps >= limits.minimisedSteps ? labels : Math.min(shown + 1, labels)
        steps++
        const whole = shown === labels
        const asked = whole ? name : ancestorOf(name, shown)
        const step = yield* this.ask(delegation, asked, whole ? type : types.A, work, depth)
        if (step.kind === "referral") {
          this.delegations.put(step.to)
          delegation = step.to
          shown = Name.countLabels(delegation.zone)
        } else if (whole) {
          if (step.kind === "answer") return step.message
          return yield* errorOf("NoServers", name, step.detail)
        } else if (step.kind === "lame" || step.message.rcode !== Rcode.NOERROR) {
          // A server that knows no empty non-terminals, or balks at part of a name: it is told the whole (RFC 9156 2.3).
          shown = labels - 1
          steps = limits.minimisedSteps
        }
      }
    })
  }

  /** Asks the servers of a zone in turn, until one is of use. */
  private ask(
    delegation: Delegation,
    name: Name.Name,
    type: number,
    work: Work,
    depth: number
  ): Effect.Effect<Step, RecursiveError> {
    return Effect.gen({ self: this }, function* () {
      const { zone } = delegation
      const zoneKey = keyOf(zone)
      const { avoided, asked } = yield* Try
      const said: Array<string> = []
      const tried = new Set<string>()
      const silent = new Set<string>()
      const unresolved = delegation.servers.filter(({ addresses }) => addresses.length === 0).map(({ name }) => name)
      const addresses = delegation.servers.flatMap((server) => server.addresses)
      let namesLeft = limits.serverNamesPerZone
      for (let asks = 0; asks < limits.asksPerStep;) {
        const usable = addresses.filter((address) => this.options.ipv6 !== false || !address.includes(":"))
        const others = usable.filter((address) => !avoided.has(address))
        const ordered = this.upstreams.order(others.length > 0 ? others : usable, zoneKey)
        const next = ordered.find((address) => !tried.has(address))
        if (next === undefined) {
          const server = namesLeft-- > 0 && depth < limits.depth ? unresolved.shift() : undefined
          if (server === undefined) {
            // Once more around the silent ones, each waited for longer: datagrams are lost, and machines are slow.
            if (silent.size === 0) break
            for (const address of silent) tried.delete(address)
            silent.clear()
            continue
          }
          addresses.push(...(yield* this.addressesOf(server, zone, work, depth + 1)))
          continue
        }
        if (--work.queries < 0) return yield* errorOf("TooMuchWork", name, "too many queries for one question")
        tried.add(next)
        asks++
        const replied = yield* Effect.result(this.upstreams.ask(next, name, type, this.validator !== undefined))
        if (replied._tag === "Failure") {
          said.push(`${next}: ${replied.failure.detail}`)
          silent.add(next)
          continue
        }
        const now = yield* Clock.currentTimeMillis
        const step = read(replied.success, { zone, name, type, now })
        if (step.kind !== "lame") {
          asked.add(next)
          return step
        }
        this.upstreams.markLame(next, zoneKey)
        said.push(`${next}: ${step.detail}`)
      }
      const detail = `no server of ${Name.toText(zone)} answers${said.length === 0 ? "" : ` (${said.slice(0, 8).join("; ")})`}`
      this.delegations.drop(zone)
      return yield* errorOf("NoServers", name, detail)
    })
  }

  /** The addresses of a server by its name: none when they cannot be had, or only by asking the zone that it serves. */
  private addressesOf(
    server: Name.Name,
    zone: Name.Name,
    work: Work,
    depth: number
  ): Effect.Effect<ReadonlyArray<string>> {
    const key = Name.key(server)
    if (Name.isSubdomainOf(server, zone) || work.resolving.has(key)) return Effect.succeed([])
    const lookup = (type: number) =>
      Effect.map(this.answer(server, type, work, depth), ({ answers }) =>
        addressesIn(answers, answers.at(-1)?.name ?? server)
      )
    return Effect.suspend(() => {
      work.resolving.add(key)
      return Effect.flatMap(lookup(types.A), (found) =>
        found.length > 0 || this.options.ipv6 === false ? Effect.succeed(found) : lookup(types.AAAA)
      )
    }).pipe(
      Effect.orElseSucceed((): ReadonlyArray<string> => []),
      Effect.ensuring(Effect.sync(() => work.resolving.delete(key)))
    )
  }
}

const errorOf = (reason: RecursiveError["reason"], name: Name.Name, detail: string): RecursiveError =>
  // 22 is "No Reachable Authority", 23 "Network Error", 0 "Other" (RFC 8914 4).
  new RecursiveError({
    reason,
    name: Name.toText(name),
    detail,
    extendedError: reason === "NoServers" ? 22 : reason === "Timeout" ? 23 : 0
  })

/** What a proof that is known already says about another name (RFC 8198): there is no record to show for it. */
const deniedMessage = (name: Name.Name, type: number, kind: "noName" | "noData"): Message.Message =>
  Message.make({
    response: true,
    questions: [{ name, type: Type.nameOf(type) as Question.QuestionType, class: "IN" }],
    rcode: kind === "noName" ? Rcode.NXDOMAIN : Rcode.NOERROR
  })

const cacheKey = (name: Name.Name): string => Name.key(name).slice(0, -1)

/** Where a part's aliases lead when what they lead to is not in it; undefined when the part is the end. */
const endOf = (message: Message.Message, name: Name.Name, type: number): Name.Name | undefined => {
  if (message.answers.length === 0 || type === types.ANY) return undefined
  const meaning = Reply.read(message, { name, type: Type.nameOf(type), class: "IN" })
  return meaning._tag === "Alias" ? meaning.name : undefined
}

const join = (parts: ReadonlyArray<Message.Message>): Message.Message => {
  const last = parts.at(-1)!
  if (parts.length === 1) return last
  return {
    ...last,
    questions: parts[0]!.questions,
    answers: parts.flatMap(({ answers }) => answers),
    // The proofs of every part: that a wildcard may stand for a name.
    authorities: parts.flatMap(({ authorities }) => authorities)
  }
}

/** A cached message with its TTLs as they are now. */
const aged = (message: Message.Message, seconds: number): Message.Message => {
  if (seconds <= 0) return message
  const older = (records: ReadonlyArray<ResourceRecord.ResourceRecord>) =>
    records.map((record) => RRset.withTtl(record, Math.max(0, record.ttl - seconds)))
  return { ...message, answers: older(message.answers), authorities: older(message.authorities) }
}

const keptAnswer = (message: Message.Message, name: Name.Name, type: string, now: number): Answer | undefined => {
  const meaning = Reply.read(message, { name, type, class: "IN" })
  if (meaning._tag === "Truncated" || meaning._tag === "Problem" || meaning.ttl === undefined) return undefined
  return new Answer({
    kind: meaning._tag === "Alias" ? "records" : kindOf(meaning),
    name: cacheKey(name),
    type,
    records: meaning._tag === "Found" ? meaning.records : [],
    aliases: meaning.aliases,
    canonicalName: meaning.name,
    ttl: meaning.ttl,
    message,
    octets: Message.encode(message),
    server: "iterative",
    transport: "udp",
    milliseconds: 0,
    receivedAt: now,
    stale: false
  })
}

/** `Dns.make` over a transport whose one server is this machine. */
const executorOf = (machine: Machine): Effect.Effect<Dns.Shape, NetAddress.NetAddressError, Scope.Scope> =>
  Effect.gen(function* () {
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const channel: Transport.Channel = {
      counters: {},
      ask: (ask) => {
        const query = Message.decodeUnsafe(ask.octets)
        const question = query.questions[0]!
        const fiber = run(machine.resolve(question.name, RRset.codeOf(question.type)))
        ask.place = fiber
        fiber.addObserver((exit) => {
          if (ask.place !== fiber) return
          ask.place = undefined
          ask.onReply(Message.encode(replyTo(query, exit._tag === "Success" ? exit.value : undefined, causeOf(exit))))
        })
      },
      cancel: (ask) => {
        const fiber = ask.place as { readonly interruptUnsafe: () => void } | undefined
        ask.place = undefined
        fiber?.interruptUnsafe()
      },
      close: () => undefined
    }
    return yield* Dns.make({
      name: "dns",
      servers: ["127.0.0.1"],
      mixCase: false,
      cookies: false,
      hedgeShare: 0,
      timeout: limits.questionTimeout.default,
      trustAd: true,
      transport: () => ({ datagrams: () => channel, streams: () => channel })
    })
  })

const causeOf = (exit: { readonly _tag: string; readonly cause?: unknown }): RecursiveError | undefined => {
  const reasons = (exit.cause as { readonly reasons?: ReadonlyArray<{ readonly error?: unknown }> } | undefined)
    ?.reasons
  const error = reasons?.find((reason) => reason.error instanceof RecursiveError)?.error
  return error as RecursiveError | undefined
}

const replyTo = (
  query: Message.Message,
  resolved: Resolved | undefined,
  error: RecursiveError | undefined
): Message.Message => {
  const edns =
    query.edns === undefined ? undefined : Edns.make({ dnssecOk: query.edns.dnssecOk, options: extendedError(error) })
  const fields = {
    id: query.id,
    response: true,
    recursionDesired: true,
    recursionAvailable: true,
    questions: query.questions,
    edns
  }
  if (resolved === undefined) return Message.make({ ...fields, rcode: Rcode.SERVFAIL })
  const { message, verdict } = resolved
  return Message.make({
    ...fields,
    rcode: message.rcode,
    authenticData: verdict?.status === "secure",
    answers: message.answers,
    authorities: message.authorities
  })
}

const extendedError = (error: RecursiveError | undefined): ReadonlyArray<Edns.EdnsOption> => {
  if (error === undefined) return []
  const text = Buffer.from(error.detail.slice(0, 200))
  return [{ option: "EDE", data: { infoCode: error.extendedError, extraText: text } }]
}
