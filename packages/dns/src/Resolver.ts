/**
 * The machine between the pure parts: it runs `resolution.ts` against a `Transport`, with `Servers` for the order, `Cache`
 * for what is known, and a `Wheel` for time. Plain callbacks throughout; the Effect edge is `Dns.ts`.
 *
 * Equal questions in flight are one resolution with many waiters (RFC 5452 section 5 asks for it: two equal questions in
 * flight double a forger's chance). A resolution without waiters stops at once: nothing more is sent, its ids and ports
 * are free.
 */
import type { Answer, View } from "./Answer.ts"
import { Cache, type Entry, type Options as CacheOptions, type Table } from "./Cache.ts"
import type * as Endpoint from "./Endpoint.ts"
import { Failure } from "./Failure.ts"
import { InQuestion } from "./InQuestion.ts"
import * as limits from "./limits.ts"
import { normal } from "./nameKey.ts"
import { Pending } from "./Pending.ts"
import type * as resolution from "./resolution.ts"
import { Servers } from "./Servers.ts"
import * as SpecialNames from "./SpecialNames.ts"
import type { Channel, Transport } from "./Transport.ts"
import * as ViewOptions from "./ViewOptions.ts"
import type { Wheel } from "./Wheel.ts"
import * as Name from "./wire/Name.ts"
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
  /** AD is asked for (resolv.conf(5) `trust-ad`). */
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
const overloaded = new Failure("Temporary", "EOVERLOADED", "too many questions in flight; retry later")
export const closed = new Failure("Unknown", "ECLOSED", "the resolver is closed")

/** All questions of one type and view. */
export interface Shelf {
  readonly type: string
  readonly code: number
  readonly view: View | undefined
  readonly viewKey: string
  readonly table: Table
  readonly noNames: Table
  readonly pending: InQuestion
}

/** The servers with their channels: replaced as one when the configuration changes. */
export interface Upstream {
  readonly servers: Servers
  readonly datagrams: Array<Channel | undefined>
  readonly streams: Array<Channel | undefined>
  readonly settings: resolution.Settings
  /** The step that the last question began with. */
  begun: resolution.Step | undefined
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
  /** @internal Replaced when the system's configuration changes. */
  options: Options
  /** Whether there is a cache at all. */
  readonly caches: boolean
  /** @internal */
  upstream: Upstream
  private readonly retired = new Set<Upstream>()
  private readonly shelves = new Map<string, Shelf>()
  /** The one asked for last in the usual view: nearly always the one asked for next. */
  private lastShelf: Shelf | undefined
  /** At so many shelves the empty ones are cleared away. */
  private mostShelves: number = limits.shelves
  isClosed = false
  /** What else ends with it: called once, when it closes. */
  readonly closing = new Set<() => void>()
  /** Milliseconds between two questions to a server, of each who wants a pace kept: the longest counts. */
  private readonly paces = new Set<{ readonly interval: number }>()

  constructor(options: Options) {
    this.options = options
    this.wheel = options.wheel
    this.cache = new Cache(options.cache)
    this.caches = options.cache.maxOctets > 0
    this.upstream = this.connect(options.servers)
  }

  /** Replaces servers and habits, but for what it was built on: its transport, clock and cache. */
  reconfigure(options: Options): void {
    const { cache, transport, wheel } = this.options
    this.options = { ...options, cache, transport, wheel }
    this.replaceServers(options.servers)
  }

  /** Replaces the servers; what is in flight ends where it began. */
  replaceServers(servers: ReadonlyArray<Endpoint.Endpoint>): void {
    const before = this.upstream
    this.upstream = this.connect(servers)
    if (before.pending === 0) closeUpstream(before)
    else this.retired.add(before)
  }

  /** What is in the cache for the question, if it may be used: the fast path. */
  cached(name: string, type: string, view: View | undefined): Result | undefined {
    if (!this.caches) return undefined
    const shelf = this.shelf(type, view)
    return shelf === undefined ? undefined : this.fromCache(shelf, normal(name))
  }

  /**
   * Resolves a question. `name` is in presentation form, with or without the final dot. `onResult` is called once, perhaps
   * before this returns; not after the cancel that is returned was called.
   */
  resolve(name: string, type: string, view: View | undefined, onResult: OnResult): () => void {
    const known = this.cached(name, type, view)
    if (known === undefined) {
      const pending = this.ask(name, type, view, onResult)
      return pending === undefined ? nothing : () => pending.leave(onResult)
    }
    onResult(known)
    return nothing
  }

  /**
   * As `resolve`, for what `cached` does not know. What is returned is what to `leave`, undefined when `onResult` was
   * called already. `fresh` also passes over what is stale.
   */
  ask(
    name: string,
    type: string,
    view: View | undefined,
    onResult: OnResult,
    fresh = false,
    now = this.wheel.now()
  ): Pending | undefined {
    const shelf = this.shelf(type, view)
    if (shelf === undefined) {
      onResult(new Failure("BadName", "EBADTYPE", `no record type is called ${type}`))
      return undefined
    }
    const objection = view === undefined ? undefined : ViewOptions.objection(view)
    if (objection !== undefined) {
      onResult(new Failure("BadName", "EBADSUBNET", objection))
      return undefined
    }
    const key = normal(name)
    let stale: Entry | undefined
    if (!fresh && this.caches) {
      const entry = shelf.table.get(key)
      if (entry?.answer !== undefined && this.wallMillis() < entry.keepUntil) stale = entry
    }
    const running = shelf.pending.get(key)
    if (running !== undefined) {
      this.counters.coalesced++
      const old = running.served
      if (old !== undefined && !fresh) {
        onResult(this.staleAnswer(old))
        return undefined
      }
      running.join(onResult)
      return running
    }
    if (this.isClosed) {
      onResult(closed)
      return undefined
    }
    if (this.outstanding >= this.options.outstanding) {
      onResult(overloaded)
      return undefined
    }
    let wireName: Name.Name
    try {
      // A lone @ is a name here, not the origin of a zone file.
      wireName = Name.fromText(name === "@" ? "@." : name)
    } catch (error) {
      if (!(error instanceof TextError)) throw error
      onResult(new Failure("BadName", "EBADNAME", error.message))
      return undefined
    }
    if (this.options.specialNames) {
      const special = SpecialNames.answer(wireName, key, type, this.wheel)
      if (special !== undefined) {
        onResult(special)
        return undefined
      }
    }
    // An escape may be written in two ways: the name's own text is what it is kept under.
    const canonical = key.includes("\\") ? normal(Name.toText(wireName)) : key
    if (canonical !== key) {
      const text = Name.toText(wireName)
      const known = fresh ? undefined : this.cached(text, type, view)
      if (known === undefined) return this.ask(text, type, view, onResult, fresh, now)
      onResult(known)
      return undefined
    }
    const pending = new Pending(this, shelf, key, wireName, onResult, stale, now)
    this.outstanding++
    shelf.pending.add(pending)
    this.upstream.pending++
    this.counters.questions++
    pending.begin()
    return pending.ended ? undefined : pending
  }

  /** Kinds of questions that are told apart: a type and a view each. */
  get views(): number {
    return this.shelves.size
  }

  /**
   * Limits the questions a second to each server, those of later configurations, too; those over it wait for their turn. Of several
   * limits the lowest counts. Gives back how to undo it.
   */
  pace(perSecond: number): () => void {
    const pace = { interval: 1_000 / perSecond }
    this.paces.add(pace)
    this.upstream.servers.pace(this.interval())
    return () => {
      this.paces.delete(pace)
      this.upstream.servers.pace(this.interval())
    }
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
      for (const pending of shelf.pending.all()) pending.finish(closed)
    }
    for (const upstream of [this.upstream, ...this.retired]) closeUpstream(upstream)
    this.retired.clear()
    for (const end of this.closing) end()
  }

  /** Milliseconds of the wall clock: what the cache counts with, since it may outlive the process. */
  wallMillis(): number {
    return this.wheel.wallMillis()
  }

  /** @internal */
  end(pending: Pending): void {
    this.outstanding--
    const { shelf, upstream } = pending
    shelf.pending.delete(pending)
    if (--upstream.pending === 0 && this.retired.delete(upstream)) closeUpstream(upstream)
  }

  /** @internal Keeps an answer where later questions will look for it. */
  keep(shelf: Shelf, key: string, answer: Answer): void {
    const now = answer.receivedAt
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
    this.ask(entry.name, shelf.type, shelf.view, nothing, true)
  }

  private shelf(type: string, view: View | undefined): Shelf | undefined {
    if (view === undefined && this.lastShelf?.type === type) return this.lastShelf
    const found = this.findShelf(type, view)
    if (view === undefined) this.lastShelf = found
    return found
  }

  private findShelf(type: string, view: View | undefined): Shelf | undefined {
    const viewKey = view === undefined ? "" : ViewOptions.key(view)
    const key = viewKey === "" ? type : `${type} ${viewKey}`
    const known = this.shelves.get(key)
    if (known !== undefined) return known
    if (this.shelves.size >= this.mostShelves) this.clearShelves()
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
      pending: new InQuestion()
    }
    this.shelves.set(key, shelf)
    return shelf
  }

  /** A view may be seen once and never again (one for every client's network): what is empty is not kept for it. */
  private clearShelves(): void {
    const { shelves } = this
    const held = new Set<Table>()
    for (const [key, shelf] of shelves) {
      if (shelf.table.size === 0 && shelf.noNames.size === 0 && shelf.pending.size === 0) shelves.delete(key)
      else held.add(shelf.table).add(shelf.noNames)
    }
    this.lastShelf = undefined
    this.cache.clearTables(held)
    // Those that are left have something in them, so that the cache's bound is theirs.
    this.mostShelves = Math.max(limits.shelves, 2 * shelves.size)
  }

  private interval(): number {
    let longest = 0
    for (const { interval } of this.paces) longest = Math.max(longest, interval)
    return longest
  }

  private connect(endpoints: ReadonlyArray<Endpoint.Endpoint>): Upstream {
    const servers = new Servers(endpoints, this.options)
    servers.pace(this.interval())
    return {
      servers,
      datagrams: [],
      streams: [],
      settings: {
        streamOnly: (index) => servers.list[index]!.endpoint.protocol !== "udp",
        attempts: this.options.attempts
      },
      begun: undefined,
      pending: 0
    }
  }
}

const nothing = (): void => {}

const closeUpstream = (upstream: Upstream): void => {
  for (const channel of upstream.datagrams) channel?.close()
  for (const channel of upstream.streams) channel?.close()
}
