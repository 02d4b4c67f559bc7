/**
 * Answers kept for as long as they say, bounded by octets.
 *
 * Eviction is SIEVE (Zhang et al., NSDI 2024): a hit only sets a mark, a hand walks from old to new and evicts what has no
 * mark. Names are kept per type and view, so that a hit costs two look-ups and no key is built. That there is no such name
 * holds for all types and for all names below it (RFC 2308 section 5, RFC 8020).
 */
import type { Answer } from "./Answer.ts"
import type { Failure } from "./Failure.ts"
import * as limits from "./limits.ts"

export interface Options {
  readonly maxOctets: number
  /** Seconds. */
  readonly minTtl: number
  readonly maxTtl: number
  readonly maxNegativeTtl: number
  /** Seconds past its TTL for which an answer is kept in case no server answers; 0 for not at all. */
  readonly staleFor: number
}

export class Entry {
  readonly table: Table
  readonly name: string
  answer: Answer | undefined
  failure: Failure | undefined
  /** Milliseconds of the resolver's clock. */
  expiresAt: number
  keepUntil: number
  /** When a stale answer was served for want of a fresh one: until when no fresh one is tried for (RFC 8767 section 5). */
  staleUntil = 0
  hits = 0
  readonly octets: number
  marked = false
  older: Entry | undefined
  newer: Entry | undefined
  /** For a failure: how long it was kept, ms. */
  readonly failedFor: number

  constructor(table: Table, name: string, expiresAt: number, keepUntil: number, octets: number, failedFor: number) {
    this.table = table
    this.name = name
    this.answer = undefined
    this.failure = undefined
    this.expiresAt = expiresAt
    this.keepUntil = keepUntil
    this.octets = octets
    this.failedFor = failedFor
  }
}

/** The entries of one type and view, by name: lower case, without the final dot. */
export type Table = Map<string, Entry>

export interface Stats {
  readonly entries: number
  readonly octets: number
  readonly hits: number
  readonly misses: number
  readonly evicted: number
}

export class Cache {
  readonly options: Options
  private readonly tables = new Map<string, Table>()
  private octets = 0
  private entries = 0
  private evicted = 0
  hits = 0
  misses = 0
  private oldest: Entry | undefined
  private newest: Entry | undefined
  private hand: Entry | undefined

  constructor(options: Options) {
    this.options = options
  }

  /** The table of a type (`noName` for names that are not there) and a view. */
  table(type: string, view: string): Table {
    const key = view === "" ? type : `${type} ${view}`
    let table = this.tables.get(key)
    if (table === undefined) this.tables.set(key, (table = new Map()))
    return table
  }

  /** Forgets tables with nothing in them but for those that are still held. */
  clearTables(held: ReadonlySet<Table>): void {
    for (const [key, table] of this.tables) if (table.size === 0 && !held.has(table)) this.tables.delete(key)
  }

  /** Whether the name, or one above it, is known not to be there; and the entry that says so. */
  noName(noNames: Table, name: string, now: number): Entry | undefined {
    if (noNames.size === 0) return undefined
    for (let at = 0; ;) {
      const entry = noNames.get(at === 0 ? name : name.slice(at))
      if (entry !== undefined && now < entry.expiresAt) return entry
      at = nextLabel(name, at)
      if (at === 0) return undefined
    }
  }

  /** Keeps an answer; one that may not be kept is left out. */
  put(table: Table, name: string, answer: Answer, now: number, negative: boolean): Entry | undefined {
    if (answer.ttl === undefined) return undefined
    const most = negative ? this.options.maxNegativeTtl : this.options.maxTtl
    const ttl = Math.max(this.options.minTtl, Math.min(answer.ttl, most))
    const records = answer.records.length + answer.aliases.length
    const octets =
      limits.cacheEntryOverhead +
      records * limits.cacheRecordOverhead +
      2 * name.length +
      2 * (answer.octets?.length ?? 0)
    const expiresAt = answer.receivedAt + ttl * 1_000
    const entry = new Entry(table, name, expiresAt, expiresAt + this.options.staleFor * 1_000, octets, 0)
    entry.answer = answer
    answer.compact()
    if (ttl <= 0 || expiresAt <= now) {
      if (this.options.staleFor === 0 || entry.keepUntil <= now) return undefined
    }
    return this.add(entry)
  }

  /** Puts an answer back where `all` found it; not one from the future, nor one that has expired. */
  putBack(key: string, name: string, answer: Answer, now: number): Entry | undefined {
    if (answer.receivedAt > now || answer.ttl === undefined) return undefined
    if (now >= answer.receivedAt + (answer.ttl + this.options.staleFor) * 1_000) return undefined
    const [type = "", ...view] = key.split(" ")
    return this.put(this.table(type, view.join(" ")), name, answer, now, answer.kind !== "records")
  }

  /** Keeps a failure for a second, or twice as long as the one before it (RFC 9520 section 3.2). */
  putFailure(table: Table, name: string, failure: Failure, now: number): void {
    const before = table.get(name)
    if (before?.answer !== undefined && now < before.keepUntil) {
      before.staleUntil = now + limits.staleTtl * 1_000
      return
    }
    const failedFor =
      before === undefined || before.failedFor === 0 || now > before.expiresAt + 2 * before.failedFor
        ? limits.failureTtl.first
        : Math.min(2 * before.failedFor, limits.failureTtl.most)
    const octets = limits.cacheEntryOverhead + 2 * name.length
    // Kept a while longer, so that the next failure knows of this one.
    const entry = new Entry(table, name, now + failedFor, now + 3 * failedFor, octets, failedFor)
    entry.failure = failure
    this.add(entry)
  }

  remove(entry: Entry): void {
    if (entry.table.get(entry.name) !== entry) return
    entry.table.delete(entry.name)
    this.unlink(entry)
  }

  clear(): void {
    this.tables.clear()
    this.oldest = this.newest = this.hand = undefined
    this.octets = this.entries = 0
  }

  stats(): Stats {
    const { entries, evicted, hits, misses, octets } = this
    return { entries, octets, hits, misses, evicted }
  }

  /** Every answer, oldest first, with the type and view it is kept under. */
  *all(): Generator<{ readonly key: string; readonly entry: Entry }> {
    const keys = new Map([...this.tables].map(([key, table]) => [table, key]))
    for (let entry = this.oldest; entry !== undefined; entry = entry.newer) {
      yield { key: keys.get(entry.table)!, entry }
    }
  }

  private add(entry: Entry): Entry | undefined {
    const before = entry.table.get(entry.name)
    if (before !== undefined) {
      entry.hits = before.hits >> 1
      this.unlink(before)
      entry.table.delete(entry.name)
    }
    if (entry.octets > this.options.maxOctets) return undefined
    while (this.octets + entry.octets > this.options.maxOctets) this.evict()
    entry.table.set(entry.name, entry)
    entry.older = this.newest
    if (this.newest === undefined) this.oldest = entry
    else this.newest.newer = entry
    this.newest = entry
    this.octets += entry.octets
    this.entries++
    return entry
  }

  private evict(): void {
    let entry = this.hand ?? this.oldest!
    while (entry.marked) {
      entry.marked = false
      entry = entry.newer ?? this.oldest!
    }
    this.hand = entry.newer
    entry.table.delete(entry.name)
    this.unlink(entry)
    this.evicted++
  }

  private unlink(entry: Entry): void {
    if (this.hand === entry) this.hand = entry.newer
    if (entry.older === undefined) this.oldest = entry.newer
    else entry.older.newer = entry.newer
    if (entry.newer === undefined) this.newest = entry.older
    else entry.newer.older = entry.older
    entry.older = entry.newer = undefined
    this.octets -= entry.octets
    this.entries--
  }
}

/** Where the name above starts, after the next dot that is not escaped; 0 when there is none. */
const nextLabel = (name: string, from: number): number => {
  for (let i = from; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code === 0x5c) i++
    else if (code === 0x2e) return i + 1 < name.length ? i + 1 : 0
  }
  return 0
}
