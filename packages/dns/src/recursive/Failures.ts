/**
 * Failures that are remembered, so that what is broken is not hammered (RFC 9520): questions without an answer, and zones of which
 * no server said anything. Each is kept for a second, then for twice as long as the time before, while it goes on failing.
 */
import * as resolverLimits from "../limits.ts"
import type { RecursiveError } from "./RecursiveError.ts"

interface Kept {
  readonly error: RecursiveError
  /** Milliseconds of the clock. */
  readonly until: number
  /** Milliseconds. */
  readonly keptFor: number
}

export class Failures {
  private readonly known = new Map<string, Kept>()
  private readonly most: number

  /** `most` are kept, the oldest forgotten. */
  constructor(most: number) {
    this.most = most
  }

  get size(): number {
    return this.known.size
  }

  /** The failure of what has this key, while it counts. */
  find(key: string, now: number): RecursiveError | undefined {
    const kept = this.known.get(key)
    return kept !== undefined && now < kept.until ? kept.error : undefined
  }

  /** Remembers a failure; gives until when it counts. */
  put(key: string, error: RecursiveError, now: number): number {
    const before = this.known.get(key)
    const goesOn = before !== undefined && now <= before.until + 2 * before.keptFor
    const { first, most } = resolverLimits.failureTtl
    const keptFor = goesOn ? Math.min(2 * before.keptFor, most) : first
    this.known.delete(key)
    if (this.known.size >= this.most) this.known.delete(this.known.keys().next().value!)
    const until = now + keptFor
    this.known.set(key, { error, until, keptFor })
    return until
  }

  /** It works again: the next failure is a first one. */
  drop(key: string): void {
    this.known.delete(key)
  }
}
