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
import type { Known } from "../dnssec/AggressiveCache.ts"
import { followAnchors } from "../dnssec/followAnchors.ts"
import { type Tracked, TrustAnchors } from "../dnssec/TrustAnchors.ts"
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
import { isAskable } from "./askable.ts"
import { addressesIn, type Delegation, Delegations, read, type Step } from "./Delegation.ts"
import { Failures } from "./Failures.ts"
import * as hints from "./hints.ts"
import * as limits from "./limits.ts"
import { RecursiveError } from "./RecursiveError.ts"
import { Upstreams } from "./Upstream.ts"

/** Where to begin, how to ask, and the bounds of an iteration. */
export interface Options {
  /**
   * Where to begin: the servers of the root unless told. Addresses of this machine, of its link and of groups are asked only when these
   * servers are at one themselves, as those of a laboratory are.
   */
  readonly root?: Delegation
  /** DS or DNSKEY records to trust; the root's unless told; `false` for no validation. */
  readonly anchors?: ReadonlyArray<ResourceRecord.ResourceRecord> | false
  /**
   * The states of an anchor's keys as `onAnchors` gave them, to go on where the last run ended.
   */
  readonly tracked?: ReadonlyArray<{ readonly zone: Name.Name; readonly keys: ReadonlyArray<Tracked> }>
  /** Whether anchors are followed as they roll over (RFC 5011): yes unless told. */
  readonly followAnchors?: boolean
  /** Called when the states of an anchor's keys have changed: store them. */
  readonly onAnchors?: (zone: Name.Name, keys: ReadonlyArray<Tracked>) => void
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
  /** Carries the questions: UDP and TCP by Node unless told. */
  readonly transport?: (wheel: Wheel.Wheel) => Transport.Transport
}

/** The answer of an iteration, and how it was found. */
export interface Resolved {
  /** The whole answer: aliases and their targets, as if one server had given it. */
  readonly message: Message.Message
  /** What validation found; undefined when there are no anchors. */
  readonly verdict: Verdict | undefined
}

/** Counters at this instant. */
export interface Stats {
  readonly sent: number
  readonly delegations: number
  readonly cacheHits: number
  readonly cacheOctets: number
}

/** A resolver that begins at the root. */
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
      if (options.followAnchors !== false) yield* machine.follow
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

/** One try at an answer, its proofs included. */
interface Attempt {
  /** Servers that are left out this time. */
  readonly avoided: ReadonlySet<string>
  /** Servers that gave something. */
  readonly asked: Set<string>
  /** Whether the cache is passed by: what was in it failed. */
  readonly fresh: boolean
  /** Queries that may still be sent for the question, by all tries at it together. */
  readonly left: { queries: number }
}

class Try extends Context.Service<Try, Attempt>()("@handoff/dns/recursive/Try") {}

const attempt = (fields: Partial<Attempt> = {}): Attempt => ({
  avoided: new Set(),
  asked: new Set(),
  fresh: false,
  left: { queries: limits.queriesInAll },
  ...fields
})

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
  private readonly anchors: TrustAnchors
  /** Milliseconds of the clock before which the root is not asked who serves it. */
  private primeAt = 0
  private readonly validator: Validator<RecursiveError, Try> | undefined
  private readonly isAskable: (address: string) => boolean
  /** Questions without an answer, by `questionKey`. */
  private readonly failures = new Failures(limits.failures)
  /** Zones of which no server said anything, by key. */
  private readonly zoneFailures = new Failures(limits.failures)

  constructor(options: Options, transport: Transport.Transport, wheel: Wheel.Wheel) {
    this.options = options
    this.upstreams = new Upstreams(transport, wheel, {
      port: options.port ?? 53,
      mixCase: options.mixCase ?? true,
      udpPayload: resolverLimits.udpPayload.default,
      servers: limits.servers
    })
    this.delegations = new Delegations(options.root ?? hints.root)
    this.cache = new Cache({
      maxOctets: options.cacheOctets ?? resolverLimits.cacheOctets.default,
      minTtl: resolverLimits.cacheTtl.min,
      maxTtl: resolverLimits.cacheTtl.max,
      maxNegativeTtl: resolverLimits.negativeTtl.max,
      staleFor: 0
    })
    const begin = (options.root ?? hints.root).servers.flatMap(({ addresses }) => addresses)
    this.isAskable = begin.every(isAskable) ? isAskable : () => true
    this.anchors = new TrustAnchors(options.anchors === false ? [] : (options.anchors ?? hints.anchors))
    for (const { zone, keys } of options.tracked ?? []) this.anchors.restore(zone, keys)
    this.validator =
      options.anchors === false
        ? undefined
        : new Validator({
            anchors: this.anchors,
            negativeAnchors: options.negativeAnchors ?? [],
            fetch: (name, type) => this.answer(name, type, this.newWork(), 0)
          })
  }

  close(): void {
    this.upstreams.close()
  }

  /** Follows the anchors; the first look is a minute after the start, so that short programs ask nothing that they do not need. */
  get follow(): Effect.Effect<void, never, Scope.Scope> {
    const following = followAnchors({
      anchors: this.anchors,
      fetch: (name, type) => Effect.provideService(this.descend(name, type, this.newWork(), 0), Try, attempt()),
      onChange: (zone, tracked) => {
        this.validator?.forget(zone)
        this.options.onAnchors?.(zone, tracked)
      }
    })
    return Effect.forkScoped(Effect.delay(following, limits.anchorDelay))
  }

  stats(): Stats {
    const { hits, octets } = this.cache.stats()
    return { sent: this.upstreams.sent, delegations: this.delegations.size, cacheHits: hits, cacheOctets: octets }
  }

  private newWork(): Work {
    return { queries: limits.queriesPerQuestion, resolving: new Set() }
  }

  resolve(name: Name.Name, type: number): Effect.Effect<Resolved, RecursiveError> {
    return Effect.gen({ self: this }, function* () {
      const key = questionKey(name, type)
      const failed = this.failures.find(key, yield* Clock.currentTimeMillis)
      if (failed !== undefined) return yield* failed
      const resolved = Effect.timeoutOrElse(this.validated(name, type), {
        duration: this.options.timeout ?? limits.questionTimeout.default,
        orElse: () => Effect.fail(errorOf("Timeout", name, "no answer in time"))
      })
      const result = yield* Effect.result(resolved)
      if (result._tag === "Success") {
        this.failures.drop(key)
        return result.success
      }
      this.failures.put(key, result.failure, yield* Clock.currentTimeMillis)
      return yield* result.failure
    })
  }

  /** Answers, and asks others again when what came fails validation. */
  private validated(name: Name.Name, type: number): Effect.Effect<Resolved, RecursiveError> {
    return Effect.gen({ self: this }, function* () {
      const { validator } = this
      if (validator === undefined) {
        const answer = this.answer(name, type, this.newWork(), 0)
        return { message: yield* Effect.provideService(answer, Try, attempt()), verdict: undefined }
      }
      const now = Math.floor((yield* Clock.currentTimeMillis) / 1_000)
      const denied = type === types.DS ? undefined : validator.denials.find(name, type, now)
      if (denied !== undefined) {
        this.cache.hits++
        return { message: knownMessage(name, type, denied), verdict: { status: "secure", ttl: denied.ttl } }
      }
      const avoided = new Set<string>()
      const left = { queries: limits.queriesInAll }
      for (let tries = 0; ; tries++) {
        const asked = new Set<string>()
        const judged = Effect.gen({ self: this }, function* () {
          const message = yield* this.answer(name, type, this.newWork(), 0)
          const question = { name, type: Type.nameOf(type) as Question.QuestionType, class: "IN" } as const
          return { message, verdict: yield* validator.validate(question, message) }
        }).pipe(Effect.provideService(Try, attempt({ avoided: new Set(avoided), asked, fresh: tries > 0, left })))
        const { message, verdict } = yield* judged
        if (verdict.status === "secure") return { message: capped(message, verdict.ttl), verdict }
        if (verdict.status === "insecure") return { message, verdict }
        if (verdict.status === "indeterminate" && verdict.reason === "NoAnchor") return { message, verdict }
        if (tries >= limits.retriesWhenBogus || left.queries <= 0) {
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
  answer(
    name: Name.Name,
    type: number,
    work: Work,
    depth: number
  ): Effect.Effect<Message.Message, RecursiveError, Try> {
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
  ): Effect.Effect<Message.Message, RecursiveError, Try> {
    return Effect.gen({ self: this }, function* () {
      const mnemonic = Type.nameOf(type)
      const key = cacheKey(name)
      const table = this.cache.table(mnemonic, "iterative")
      const now = yield* Clock.currentTimeMillis
      const { fresh } = yield* Try
      const entry = table.get(key)
      if (!fresh && entry?.answer?.message !== undefined && entry.expiresAt > now) {
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

  /**
   * Asks the root who serves it, so that hints are only where it begins (RFC 9609): before the first question that needs the root, and
   * when what it said is over. When it cannot be had the hints go on, and no question waits for it twice.
   */
  private prime(work: Work, depth: number): Effect.Effect<void, never, Try> {
    return Effect.gen({ self: this }, function* () {
      const now = yield* Clock.currentTimeMillis
      const root = this.options.root ?? hints.root
      if (!Name.isRoot(root.zone) || now < this.primeAt) return
      this.primeAt = now + limits.primingRetry
      const found = yield* Effect.result(this.ask(root, Name.root, types.NS, work, depth))
      if (found._tag === "Failure" || found.success.kind !== "answer" || found.success.apex === undefined) return
      this.delegations.put(found.success.apex)
      this.primeAt = found.success.apex.until
    })
  }

  /** From the deepest zone that is known down to the one that answers. */
  private descend(
    name: Name.Name,
    type: number,
    work: Work,
    depth: number
  ): Effect.Effect<Message.Message, RecursiveError, Try> {
    return Effect.gen({ self: this }, function* () {
      const now = yield* Clock.currentTimeMillis
      let delegation = this.delegations.closest(name, type, now)
      if (Name.isRoot(delegation.zone)) {
        yield* this.prime(work, depth)
        delegation = this.delegations.closest(name, type, now)
      }
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
  ): Effect.Effect<Step, RecursiveError, Try> {
    return Effect.gen({ self: this }, function* () {
      const { zone } = delegation
      const zoneKey = keyOf(zone)
      const failed = this.zoneFailures.find(zoneKey, yield* Clock.currentTimeMillis)
      if (failed !== undefined) return yield* errorOf("NoServers", name, failed.detail)
      const { avoided, asked, left } = yield* Try
      const said: Array<string> = []
      const tried = new Set<string>()
      const silent = new Set<string>()
      const unresolved = delegation.servers.filter(({ addresses }) => addresses.length === 0).map(({ name }) => name)
      const addresses = delegation.servers.flatMap((server) => server.addresses)
      let namesLeft = limits.serverNamesPerZone
      let rounds = 1
      for (let asks = 0; asks < limits.asksPerStep;) {
        const usable = addresses.filter(
          (address) => this.isAskable(address) && (this.options.ipv6 !== false || !address.includes(":"))
        )
        const others = usable.filter((address) => !avoided.has(address))
        const ordered = this.upstreams.order(others.length > 0 ? others : usable, zoneKey)
        const next = ordered.find((address) => !tried.has(address))
        if (next === undefined) {
          const server = namesLeft-- > 0 && depth < limits.depth ? unresolved.shift() : undefined
          if (server === undefined) {
            // Once more around the silent ones, each waited for longer: datagrams are lost, and machines are slow.
            if (silent.size === 0 || rounds++ >= limits.asksPerServer) break
            for (const address of silent) tried.delete(address)
            silent.clear()
            continue
          }
          addresses.push(...(yield* this.addressesOf(server, zone, work, depth + 1)))
          continue
        }
        if (--work.queries < 0 || --left.queries < 0)
          return yield* errorOf("TooMuchWork", name, "too many queries for one question")
        tried.add(next)
        asks++
        const replied = yield* Effect.result(this.upstreams.ask(next, name, type, this.validator !== undefined))
        if (replied._tag === "Failure") {
          said.push(`${next}: ${replied.failure.detail}`)
          silent.add(next)
          continue
        }
        this.zoneFailures.drop(zoneKey)
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
      const error = errorOf("NoServers", name, detail)
      // Where a server said something, or some were left out, it is this question alone that has no answer.
      if (said.length === 0 || silent.size < tried.size || avoided.size > 0) this.delegations.drop(zone)
      else {
        const until = this.zoneFailures.put(zoneKey, error, yield* Clock.currentTimeMillis)
        // Nor is the zone above asked again meanwhile who serves it (RFC 9520 3.3); then it is.
        this.delegations.put({ ...delegation, until: Math.min(delegation.until, until) })
      }
      return yield* error
    })
  }

  /** The addresses of a server by its name: none when they cannot be had, or only by asking the zone that it serves. */
  private addressesOf(
    server: Name.Name,
    zone: Name.Name,
    work: Work,
    depth: number
  ): Effect.Effect<ReadonlyArray<string>, never, Try> {
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

/** What proofs that are known already say about another name (RFC 8198): there are no records of them to show for it. */
const knownMessage = (name: Name.Name, type: number, known: Known): Message.Message =>
  Message.make({
    response: true,
    questions: [{ name, type: Type.nameOf(type) as Question.QuestionType, class: "IN" }],
    rcode: known.kind === "noName" ? Rcode.NXDOMAIN : Rcode.NOERROR,
    answers: known.kind === "wildcard" ? known.records : []
  })

const questionKey = (name: Name.Name, type: number): string => `${type} ${keyOf(name)}`

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

/** With no TTL above that of what was proven: the signed one, and until the signatures are over (RFC 4035 5.3.3). */
const capped = (message: Message.Message, ttl: number): Message.Message => {
  const isLong = (record: ResourceRecord.ResourceRecord) => record.ttl > ttl
  if (!message.answers.some(isLong) && !message.authorities.some(isLong)) return message
  const cap = (records: ReadonlyArray<ResourceRecord.ResourceRecord>) =>
    records.map((record) => (isLong(record) ? RRset.withTtl(record, ttl) : record))
  return { ...message, answers: cap(message.answers), authorities: cap(message.authorities) }
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
