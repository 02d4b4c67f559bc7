/**
 * The machine between the pure parts: it runs `resolution.ts` against a `Transport`, with `Servers` for the order, `Cache`
 * for what is known, and a `Wheel` for time. Plain callbacks throughout; the Effect edge is `Dns.ts`.
 *
 * Equal questions in flight are one resolution with many waiters (RFC 5452 section 5 asks for it: two equal questions in
 * flight double a forger's chance). A resolution without waiters stops at once: nothing more is sent, its ids and ports
 * are free.
 */
import { Answer, kindOf, type View } from "./Answer.ts"
import { Cache, type Entry, type Options as CacheOptions, type Table } from "./Cache.ts"
import { Failure, ofProblem } from "./Failure.ts"
import type * as Endpoint from "./Endpoint.ts"
import * as limits from "./limits.ts"
import * as Query from "./Query.ts"
import * as Reply from "./Reply.ts"
import * as resolution from "./resolution.ts"
import { type Server, Servers } from "./Servers.ts"
import * as SpecialNames from "./SpecialNames.ts"
import type { Ask, Channel, Transport } from "./Transport.ts"
import * as ViewOptions from "./ViewOptions.ts"
import type { Ringer, Timer, Wheel } from "./Wheel.ts"
import * as Edns from "./wire/Edns.ts"
import { DecodeError } from "./wire/DecodeError.ts"
import * as Message from "./wire/Message.ts"
import * as Name from "./wire/Name.ts"
import type { ResourceRecord } from "./wire/ResourceRecord.ts"
import { TextError } from "./wire/TextError.ts"
import * as Type from "./wire/Type.ts"

export interface Options {
  readonly servers: ReadonlyArray<Endpoint.Endpoint>
  readonly transport: Transport
  readonly wheel: Wheel
  /** The longest wait for one try, ms. */
  readonly timeout: number
  readonly attempts: number
  readonly rotate: boolean
  readonly edns: boolean
  readonly udpPayload: number
  readonly mixCase: boolean
  readonly cookies: boolean
  /** AD is asked for and believed (resolv.conf(5) `trust-ad`). */
  readonly trustAd: boolean
  readonly hedgeShare: number
  readonly specialNames: boolean
  readonly cache: CacheOptions
  readonly prefetch: boolean
  /** Whether an answer may be given to the caller; a reason why not. */
  readonly guard: ((answer: Answer) => string | undefined) | undefined
  readonly outstanding: number
}

export type Result = Answer | Failure
export type OnResult = (result: Result) => void

/** Why a question was not even begun. */
export const overloaded = new Failure("Temporary", "EOVERLOADED", "too many questions in flight; retry later")
export const closed = new Failure("Unknown", "ECLOSED", "the resolver is closed")

/** All questions of one type and view. */
interface Shelf {
  readonly type: string
  readonly code: number
  readonly view: View | undefined
  readonly viewKey: string
  readonly table: Table
  readonly noNames: Table
  readonly pending: Map<string, Pending>
}

/** The servers with their channels: replaced as one when the configuration changes. */
interface Upstream {
  readonly servers: Servers
  readonly datagrams: Array<Channel | undefined>
  readonly streams: Array<Channel | undefined>
  readonly settings: resolution.Settings
  pending: number
}

export class Resolver {
  readonly cache: Cache
  readonly wheel: Wheel
  readonly counters = {
    questions: 0,
    sends: 0,
    hedges: 0,
    retransmits: 0,
    streams: 0,
    coalesced: 0,
    rejected: 0,
    garbage: 0,
    stale: 0,
    prefetched: 0
  }
  /** Questions in flight. */
  outstanding = 0
  /** @internal */
  readonly options: Options
  private readonly caches: boolean
  /** @internal */
  upstream: Upstream
  private readonly retired = new Set<Upstream>()
  private readonly shelves = new Map<string, Shelf>()
  private isClosed = false

  constructor(options: Options) {
    this.options = options
    this.wheel = options.wheel
    this.cache = new Cache(options.cache)
    this.caches = options.cache.maxOctets > 0
    this.upstream = this.connect(options.servers)
  }

  /** Replaces the servers; what is in flight ends where it began. */
  replaceServers(servers: ReadonlyArray<Endpoint.Endpoint>): void {
    const before = this.upstream
    this.upstream = this.connect(servers)
    if (before.pending === 0) closeUpstream(before)
    else this.retired.add(before)
  }

  /** What is in the cache for the question, if it may be used: the fast path. Names as `normal` makes them. */
  cached(name: string, type: string, view: View | undefined): Result | undefined {
    const shelf = this.shelf(type, view)
    if (shelf === undefined) return undefined
    return this.caches ? this.fromCache(shelf, name) : undefined
  }

  /**
   * Resolves a question. `name` is in presentation form, with or without the final dot. `onResult` is called once, perhaps
   * before this returns; not after the cancel that is returned was called.
   */
  resolve(name: string, type: string, view: View | undefined, onResult: OnResult, fresh = false): () => void {
    const shelf = this.shelf(type, view)
    if (shelf === undefined) {
      onResult(new Failure("BadName", "EBADTYPE", `no record type is called ${type}`))
      return nothing
    }
    const key = normal(name)
    let stale: Entry | undefined
    if (!fresh && this.caches) {
      const known = this.fromCache(shelf, key)
      if (known !== undefined) {
        onResult(known)
        return nothing
      }
      const entry = shelf.table.get(key)
      if (entry?.answer !== undefined && this.wallMillis() < entry.keepUntil) stale = entry
    }
    const running = shelf.pending.get(key)
    if (running !== undefined) {
      this.counters.coalesced++
      return running.join(onResult)
    }
    if (this.isClosed) {
      onResult(closed)
      return nothing
    }
    if (this.outstanding >= this.options.outstanding) {
      onResult(overloaded)
      return nothing
    }
    let wireName: Name.Name
    try {
      // A lone @ is a name here, not the origin of a zone file.
      wireName = Name.fromText(name === "@" ? "@." : name)
    } catch (error) {
      if (!(error instanceof TextError)) throw error
      onResult(new Failure("BadName", "EBADNAME", error.message))
      return nothing
    }
    if (this.options.specialNames) {
      const special = SpecialNames.answer(wireName, key, type, this.wheel)
      if (special !== undefined) {
        onResult(special)
        return nothing
      }
    }
    // An escape may be written in two ways: the name's own text is what it is kept under.
    const canonical = key.includes("\\") ? normal(Name.toText(wireName)) : key
    if (canonical !== key) return this.resolve(Name.toText(wireName), type, view, onResult, fresh)
    const pending = new Pending(this, shelf, key, wireName, onResult, stale)
    this.outstanding++
    shelf.pending.set(key, pending)
    this.upstream.pending++
    this.counters.questions++
    pending.begin()
    return pending.ended ? nothing : pending.leaver(onResult)
  }

  /** Limits the questions a second to each server; those over it wait for their turn. */
  pace(perSecond: number): void {
    for (const server of this.upstream.servers.list) server.interval = 1_000 / perSecond
  }

  /** The counters of all channels, as `udp.sockets`, `stream.connections`, ... */
  channelCounters(): Record<string, number> {
    const sums: Record<string, number> = {}
    const add = (kind: string, channels: ReadonlyArray<Channel | undefined>): void => {
      for (const channel of channels) {
        for (const [key, value] of Object.entries(channel?.counters ?? {})) {
          sums[`${kind}.${key}`] = (sums[`${kind}.${key}`] ?? 0) + value
        }
      }
    }
    for (const upstream of [this.upstream, ...this.retired]) {
      add("udp", upstream.datagrams)
      add("stream", upstream.streams)
    }
    return sums
  }

  /** Fails all that is in flight and closes every socket. */
  close(): void {
    this.isClosed = true
    for (const shelf of new Set(this.shelves.values())) {
      for (const pending of shelf.pending.values()) pending.finish(closed)
    }
    for (const upstream of [this.upstream, ...this.retired]) closeUpstream(upstream)
    this.retired.clear()
  }

  /** Milliseconds of the wall clock: what the cache counts with, since it may outlive the process. */
  wallMillis(): number {
    return this.wheel.wallMillis()
  }

  /** @internal */
  end(pending: Pending): void {
    this.outstanding--
    const { shelf, upstream } = pending
    if (shelf.pending.get(pending.key) === pending) shelf.pending.delete(pending.key)
    if (--upstream.pending === 0 && this.retired.delete(upstream)) closeUpstream(upstream)
  }

  /** @internal Keeps an answer where later questions will look for it. */
  keep(shelf: Shelf, key: string, answer: Answer): void {
    const now = this.wallMillis()
    const negative = answer.kind !== "records"
    if (answer.kind === "no name" && answer.aliases.length === 0) {
      this.cache.put(shelf.noNames, key, answer, now, true)
      // A positive answer that was kept is wrong now.
      const before = shelf.table.get(key)
      if (before !== undefined) this.cache.remove(before)
    } else this.cache.put(shelf.table, key, answer, now, negative)
  }

  private fromCache(shelf: Shelf, name: string): Result | undefined {
    const now = this.wallMillis()
    const entry = shelf.table.get(name)
    if (entry !== undefined) {
      if (now < entry.expiresAt) {
        entry.marked = true
        this.cache.hits++
        if (entry.answer === undefined) return entry.failure
        if (++entry.hits >= limits.prefetch.hits && this.options.prefetch) this.prefetch(shelf, entry, now)
        return entry.answer
      }
      if (now < entry.staleUntil && entry.answer !== undefined) return this.staleAnswer(entry.answer)
      if (now >= entry.keepUntil) this.cache.remove(entry)
    }
    const gone = this.cache.noName(shelf.noNames, name, now)
    if (gone === undefined) {
      this.cache.misses++
      return undefined
    }
    gone.marked = true
    this.cache.hits++
    return gone.answer
  }

  /** @internal */
  staleAnswer(answer: Answer): Answer {
    this.counters.stale++
    return answer.with({ stale: true, ttl: limits.staleTtl })
  }

  private prefetch(shelf: Shelf, entry: Entry, now: number): void {
    const ttl = (entry.answer!.ttl ?? 0) * 1_000
    if (entry.expiresAt - now > ttl * limits.prefetch.share || shelf.pending.has(entry.name)) return
    entry.hits = 0
    this.counters.prefetched++
    this.resolve(entry.name, shelf.type, shelf.view, nothing, true)
  }

  private shelf(type: string, view: View | undefined): Shelf | undefined {
    const viewKey = view === undefined ? "" : ViewOptions.key(view)
    const key = viewKey === "" ? type : `${type} ${viewKey}`
    const known = this.shelves.get(key)
    if (known !== undefined) return known
    const code = Type.codeOf(type)
    if (code === undefined) return undefined
    const name = Type.nameOf(code)
    const same = name === type ? undefined : this.shelf(name, view)
    const shelf = same ?? {
      type: name,
      code,
      view,
      viewKey,
      table: this.cache.table(name, viewKey),
      noNames: this.cache.table("", viewKey),
      pending: new Map()
    }
    this.shelves.set(key, shelf)
    return shelf
  }

  private connect(endpoints: ReadonlyArray<Endpoint.Endpoint>): Upstream {
    const servers = new Servers(endpoints, this.options)
    return {
      servers,
      datagrams: [],
      streams: [],
      settings: {
        streamOnly: (index) => servers.list[index]!.endpoint.protocol !== "udp",
        attempts: this.options.attempts
      },
      pending: 0
    }
  }
}

/** One question on its way, with everyone who waits for it. */
class Pending implements Ringer {
  readonly resolver: Resolver
  readonly shelf: Shelf
  readonly upstream: Upstream
  /** What it is kept under: the name asked for. */
  readonly key: string
  ended = false
  /** The name that is asked for now: an alias's target after the first. */
  private name: Name.Name
  private aliases: ReadonlyArray<ResourceRecord> = []
  private aliasTtl = Infinity
  private waiter: OnResult | undefined
  /** Those who came later with the same question. */
  private more: Array<OnResult> | undefined
  private state: resolution.State | undefined
  private readonly sends: Array<Send> = []
  private lastWaited: Send | undefined
  private timer: Timer | undefined
  private staleTimer: Timer | undefined
  private readonly stale: Entry | undefined
  private readonly startedAt: number
  private readonly endsAt: number
  private hedgeOpen = false
  private lateAt = 0

  constructor(
    resolver: Resolver,
    shelf: Shelf,
    key: string,
    name: Name.Name,
    onResult: OnResult,
    stale: Entry | undefined
  ) {
    this.resolver = resolver
    this.shelf = shelf
    this.upstream = resolver.upstream
    this.key = key
    this.name = name
    this.waiter = onResult
    this.stale = stale
    const { attempts, timeout } = resolver.options
    this.startedAt = resolver.wheel.now()
    this.endsAt = this.startedAt + timeout * attempts
  }

  begin(): void {
    const { servers, settings } = this.upstream
    if (servers.list.length === 0)
      return this.finish(new Failure("Refused", "ENOSERVER", "no name server is configured"))
    if (this.stale !== undefined) {
      this.staleTimer = this.resolver.wheel.set(limits.staleAfter, () => this.giveStale())
    }
    const first = resolution.start(servers.order(this.startedAt), settings, this.plainServers())
    this.hedgeOpen = this.resolver.options.hedgeShare > 0
    this.apply(first, this.startedAt)
  }

  join(onResult: OnResult): () => void {
    if (this.more === undefined) this.more = [onResult]
    else this.more.push(onResult)
    return this.leaver(onResult)
  }

  leaver(onResult: OnResult): () => void {
    return () => this.leave(onResult)
  }

  finish(result: Result): void {
    if (this.ended) return
    this.stop()
    this.tell(result)
  }

  private leave(onResult: OnResult): void {
    if (this.waiter === onResult) this.waiter = undefined
    else if (this.more !== undefined) {
      const index = this.more.indexOf(onResult)
      if (index >= 0) this.more.splice(index, 1)
    }
    if (this.waiter === undefined && (this.more === undefined || this.more.length === 0) && !this.ended) this.stop()
  }

  private tell(result: Result): void {
    const { more, waiter } = this
    this.waiter = this.more = undefined
    waiter?.(result)
    if (more !== undefined) for (const each of more) each(result)
  }

  onReply(send: Send, meaning: Reply.Meaning, message: Message.Message, octets: Uint8Array, now: number): void {
    const { server } = send
    if (meaning._tag === "Problem") server.failures++
    const next = resolution.step(this.state!, {
      _tag: "Reply",
      server: server.index,
      via: send.via,
      edns: send.edns,
      meaning
    })
    if (next.action._tag === "Done") return this.done(next.action.meaning, send, message, octets, now)
    // EDNS was refused and its absence is tried: if that works, it is remembered.
    this.apply(next, now)
  }

  onOtherCase(send: Send): void {
    const now = this.resolver.wheel.now()
    send.server.foldsCaseUntil = now + limits.caseMemory
    this.apply(resolution.step(this.state!, { _tag: "OtherCase", server: send.server.index }), now)
  }

  onUnreachable(send: Send, code: string): void {
    const now = this.resolver.wheel.now()
    if (send.via === "datagram" || this.upstream.settings.streamOnly(send.server.index)) {
      send.server.silent(now)
      this.upstream.servers.disturb()
    }
    const event = { _tag: "Unreachable", server: send.server.index, via: send.via, code } as const
    this.apply(resolution.step(this.state!, event), now)
  }

  private apply(next: resolution.Step, now: number): void {
    if (this.ended) return
    this.state = next.state
    const { action } = next
    switch (action._tag) {
      case "Send":
        return this.send(action, now)
      case "Fail":
        return this.fail(action.reason)
      default:
    }
  }

  private send(action: Extract<resolution.Action, { readonly _tag: "Send" }>, now: number): void {
    const { resolver, upstream } = this
    const { list } = upstream.servers
    const server = list[action.server]!
    server.questions++
    resolver.counters.sends++
    if (this.sends.length > 0 && action.waits) resolver.counters.retransmits++
    const stream = action.via === "stream"
    if (stream) resolver.counters.streams++
    const channels = stream ? upstream.streams : upstream.datagrams
    const { transport } = resolver.options
    const channel = (channels[server.index] ??= stream
      ? transport.streams(server.endpoint)
      : transport.datagrams(server.endpoint))
    const turn = server.interval === 0 ? now : server.takeTurn(now)
    const send = new Send(this, server, channel, action, this.encode(server, action, now), turn)
    this.sends.push(send)
    if (turn > now) {
      this.waitForTurn(send, action, turn, now)
      return
    }
    this.watch(send, action, now)
    channel.ask(send)
  }

  /** Its server has had all the questions that this second allows it. */
  private waitForTurn(
    send: Send,
    action: Extract<resolution.Action, { readonly _tag: "Send" }>,
    turn: number,
    now: number
  ): void {
    const { wheel } = this.resolver
    if (this.timer !== undefined) wheel.cancel(this.timer)
    this.timer = wheel.set(
      turn - now,
      () => {
        this.timer = undefined
        this.watch(send, action, wheel.now())
        send.channel.ask(send)
      },
      now
    )
  }

  /** Sets the timer for a send's answer. */
  private watch(send: Send, action: Extract<resolution.Action, { readonly _tag: "Send" }>, now: number): void {
    const { resolver } = this
    const { server } = send
    const stream = send.via === "stream"
    if (action.waits) {
      this.lastWaited = send
      const usual = Math.min(server.retransmit * 2 ** action.round, resolver.options.timeout)
      // A stream must first be connected, and repeats by itself what is lost.
      const patience = stream ? Math.max(usual, 1_000) : usual
      this.lateAt = now + patience
      const hedgeAfter = server.probing ? limits.minHedgeDelay : server.hedgeAfter
      const hedges = this.hedgeOpen && !stream && hedgeAfter < patience
      this.setTimer(hedges ? hedgeAfter : patience, now)
    }
  }

  private setTimer(delay: number, now: number): void {
    const { wheel } = this.resolver
    if (this.timer !== undefined) wheel.cancel(this.timer)
    this.timer = wheel.setFor(Math.min(delay, this.endsAt - now), this, now)
  }

  /** @internal The timer for the last send. */
  ring(): void {
    const now = this.resolver.wheel.now()
    this.timer = undefined
    // The wheel counts whole milliseconds.
    if (now >= this.endsAt - 0.5) return this.apply(resolution.step(this.state!, { _tag: "EndOfLife" }), now)
    if (now < this.lateAt - 0.5) {
      this.hedgeOpen = false
      this.setTimer(this.lateAt - now, now)
      const probing = this.lastWaited?.server.probing === true
      if (!probing && !this.upstream.servers.takeHedge()) return
      this.resolver.counters.hedges++
      return this.apply(resolution.step(this.state!, { _tag: "Slow" }), now)
    }
    const late = this.lastWaited
    if (late !== undefined && late.place !== undefined) {
      late.server.silent(now)
      this.upstream.servers.disturb()
    }
    this.setTimer(this.endsAt - now, now)
    this.apply(resolution.step(this.state!, { _tag: "Late" }), now)
  }

  private done(
    meaning: Exclude<Reply.Meaning, { readonly _tag: "Truncated" } | Reply.Problem>,
    send: Send,
    message: Message.Message,
    octets: Uint8Array,
    now: number
  ): void {
    const { resolver, shelf } = this
    if (send.server.plain !== !send.edns && resolver.options.edns) send.server.plain = !send.edns
    const aliases = this.aliases.length === 0 ? meaning.aliases : [...this.aliases, ...meaning.aliases]
    const ttl = meaning.ttl === undefined ? undefined : Math.min(meaning.ttl, this.aliasTtl)
    if (meaning._tag === "Alias") return this.follow(meaning.name, aliases, ttl ?? 0, now)
    const answer = new Answer({
      kind: kindOf(meaning),
      name: this.key,
      type: shelf.type,
      records: meaning._tag === "Found" ? meaning.records : none,
      aliases,
      canonicalName: meaning.name,
      ttl,
      message,
      octets,
      server: send.server.text,
      transport:
        send.via === "stream" && send.server.endpoint.protocol === "udp" ? "tcp" : send.server.endpoint.protocol,
      milliseconds: now - this.startedAt,
      receivedAt: resolver.wallMillis(),
      stale: false
    })
    const objection = resolver.options.guard?.(answer)
    if (objection !== undefined) return this.finish(new Failure("Refused", "EREBIND", objection))
    if (resolver.options.cache.maxOctets > 0) resolver.keep(shelf, this.key, answer)
    this.finish(answer)
  }

  /** The chain goes on at a name that the reply says nothing of (RFC 1034 section 5.2.2). */
  private follow(target: Name.Name, aliases: ReadonlyArray<ResourceRecord>, ttl: number, now: number): void {
    const seen = aliases.some((alias) => Name.equals(alias.name, target))
    if (seen || aliases.length > limits.aliases) {
      return this.fail({
        _tag: "Problem",
        kind: "garbage",
        code: "LOOP",
        detail: `aliases of ${this.key} lead nowhere`
      })
    }
    this.aliases = aliases
    this.aliasTtl = ttl
    this.name = target
    const known = this.resolver.cached(normal(Name.toText(target)), this.shelf.type, this.shelf.view)
    if (known instanceof Answer && known.aliases.length + aliases.length <= limits.aliases) {
      const joined = known.with({
        name: this.key,
        aliases: [...aliases, ...known.aliases],
        ttl: known.ttl === undefined ? undefined : Math.min(known.ttl, ttl),
        milliseconds: now - this.startedAt
      })
      this.resolver.keep(this.shelf, this.key, joined)
      return this.finish(joined)
    }
    this.withdraw()
    const { servers, settings } = this.upstream
    this.apply(resolution.start(servers.order(now), settings, this.plainServers()), now)
  }

  private fail(reason: Reply.Problem | undefined): void {
    const { resolver, shelf, upstream } = this
    const asked = upstream.servers.list.map((server) => server.text).join(", ")
    const failure = ofProblem(reason, `asked ${asked}`)
    const now = resolver.wallMillis()
    if (resolver.cache.options.maxOctets > 0) resolver.cache.putFailure(shelf.table, this.key, failure, now)
    const stale = this.stale?.answer
    this.finish(stale === undefined ? failure : resolver.staleAnswer(stale))
  }

  /** The caller has waited long enough for a fresh answer; the resolution goes on, for the cache (RFC 8767 section 5). */
  private giveStale(): void {
    this.staleTimer = undefined
    const answer = this.stale?.answer
    if (answer === undefined) return
    this.tell(this.resolver.staleAnswer(answer))
    this.waiter = nothing
  }

  private plainServers(): number {
    let bits = 0
    const { list } = this.upstream.servers
    const off = !this.resolver.options.edns
    for (const server of list) if (server.plain || off) bits |= 1 << server.index
    return bits
  }

  private encode(server: Server, action: Extract<resolution.Action, { readonly _tag: "Send" }>, now: number): Buffer {
    const { options } = this.resolver
    const { view } = this.shelf
    const mixCase = options.mixCase && action.via === "datagram" && now >= server.foldsCaseUntil
    return Query.encode({
      name: this.name,
      type: this.shelf.code,
      mixCase,
      opt: action.edns ? ViewOptions.opt(server, view, options) : undefined,
      recursionDesired: true,
      checkingDisabled: view?.checkingDisabled === true,
      authenticData: options.trustAd
    })
  }

  /**
   * @internal Gives the question in a reply the case it was asked in by the caller: names of answers are mostly pointers to
   * it, and our random case is nobody's business. The reply repeats the question octet for octet, so the lengths agree.
   */
  unmix(reply: Uint8Array): void {
    // An error may come without the question (RFC 1035 leaves it open): then the octets there are something else.
    if (reply[5] === 1) reply.set(this.name.octets, 12)
  }

  /** @internal What a reply means. */
  read(message: Message.Message): Reply.Meaning {
    return Reply.read(message, { name: this.name, type: this.shelf.type, class: "IN" })
  }

  private stop(): void {
    this.ended = true
    const { wheel } = this.resolver
    if (this.timer !== undefined) wheel.cancel(this.timer)
    if (this.staleTimer !== undefined) wheel.cancel(this.staleTimer)
    this.withdraw()
    this.resolver.end(this)
  }

  private withdraw(): void {
    for (const send of this.sends) if (send.place !== undefined && send.place !== null) send.channel.cancel(send)
    this.sends.length = 0
    this.lastWaited = undefined
  }
}

/** One query of a resolution, as its channel sees it. */
class Send implements Ask {
  readonly octets: Buffer
  readonly questionEnd: number
  /** Null until a channel has it, undefined when the channel is done with it. */
  place: unknown = null
  id = 0
  readonly server: Server
  readonly channel: Channel
  readonly via: resolution.Via
  readonly edns: boolean
  private readonly pending: Pending
  private readonly sentAt: number

  constructor(
    pending: Pending,
    server: Server,
    channel: Channel,
    action: { readonly via: resolution.Via; readonly edns: boolean },
    octets: Buffer,
    sentAt: number
  ) {
    this.pending = pending
    this.server = server
    this.channel = channel
    this.via = action.via
    this.edns = action.edns
    this.octets = octets
    this.questionEnd = Query.questionEnd(octets)
    this.sentAt = sentAt
  }

  onReply(received: Uint8Array): boolean {
    const { pending, server } = this
    const { counters, options, wheel } = pending.resolver
    if (pending.ended) return true
    // Streams hand out views of pieces that hold many messages: what will be kept must not hold them all.
    const octets = this.via === "stream" && options.cache.maxOctets > 0 ? received.slice() : received
    if (this.via === "datagram") pending.unmix(octets)
    const message = Message.decode(octets, { trailing: "ignore" })
    if (message instanceof DecodeError) {
      counters.garbage++
      if (this.via === "datagram") return false
      const meaning: Reply.Problem = { _tag: "Problem", kind: "garbage", code: "EBADRESP", detail: message.message }
      this.place = undefined
      pending.onReply(this, meaning, Message.make({}), octets, wheel.now())
      return true
    }
    if (options.cookies && this.edns && !this.cookieHolds(message)) {
      counters.rejected++
      return false
    }
    const now = wheel.now()
    server.heard(now - this.sentAt)
    pending.onReply(this, pending.read(message), message, octets, now)
    return true
  }

  onOtherCase(): void {
    this.pending.resolver.counters.rejected++
    if (!this.pending.ended) this.pending.onOtherCase(this)
  }

  onUnreachable(code: string, final: boolean): void {
    if (final) this.place = undefined
    if (!this.pending.ended) this.pending.onUnreachable(this, code)
  }

  /** RFC 7873 section 5.3: our own cookie comes back, and a server that once had cookies has them always. */
  private cookieHolds(message: Message.Message): boolean {
    const { server } = this
    const cookie = Edns.find(message.edns, "COOKIE")
    if (cookie === undefined) {
      if (server.serverCookie === undefined) return true
      if (this.via === "datagram") return false
      // Over a stream nobody forges: it has given up cookies.
      ViewOptions.forgetCookie(server)
      return true
    }
    const ours = server.clientCookie
    for (let i = 0; i < 8; i++) if (cookie.client[i] !== ours[i]) return false
    if (cookie.server.length > 0) ViewOptions.learnCookie(server, cookie.server)
    return true
  }
}

const nothing = (): void => {}
const none: ReadonlyArray<ResourceRecord> = []

/** What a name is kept under: lower case, without the final dot; the root is `.`. */
export const normal = (name: string): string => {
  const last = name.length - 1
  const undotted = last > 0 && name.charCodeAt(last) === 0x2e && name.charCodeAt(last - 1) !== 0x5c
  return (undotted ? name.slice(0, last) : name).toLowerCase()
}

const closeUpstream = (upstream: Upstream): void => {
  for (const channel of upstream.datagrams) channel?.close()
  for (const channel of upstream.streams) channel?.close()
}
