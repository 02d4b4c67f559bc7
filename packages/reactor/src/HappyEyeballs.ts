/**
 * Which address to try when (RFC 8305, Happy Eyeballs version 2), as a state machine without sockets or timers.
 *
 * Feed it what happens, do what it says: addresses as they are found, failures as they come, and the time. Families
 * alternate beginning with IPv6 (section 4, First Address Family Count of 1); the next attempt starts when the one
 * before fails, or after the Connection Attempt Delay (section 5). When only IPv4 is known yet, the first attempt waits
 * for the Resolution Delay (section 3). The first to succeed wins; the driver then calls the others off.
 */
export interface Options {
  /** Milliseconds between attempts. */
  readonly attemptDelay: number
  /** Milliseconds that IPv4 waits for IPv6 names. */
  readonly resolutionDelay: number
}

/** The two families that race. */
export type Family = "IPv4" | "IPv6"

/** What to do now: start an attempt, look again at a time (or when something happens), or give up. */
export type Step<A> =
  | { readonly _tag: "Attempt"; readonly address: A }
  | { readonly _tag: "Wait"; readonly until: number }
  | { readonly _tag: "Exhausted" }

/** Which attempt starts when, and which one has won: a state machine without a clock. */
export class Race<A> {
  readonly #options: Options
  readonly #waiting: Record<Family, Array<A>> = { IPv4: [], IPv6: [] }
  readonly #resolved: Record<Family, boolean> = { IPv4: false, IPv6: false }
  #next: Family = "IPv6"
  /** Before this moment no attempt starts. */
  #notBefore = -Infinity
  #running = 0
  #attempts = 0

  constructor(options: Options) {
    this.#options = options
  }

  /** Attempts made so far. */
  get attempts(): number {
    return this.#attempts
  }

  /** The addresses of a family are known; none, if the name has none or its lookup failed. */
  found(family: Family, addresses: ReadonlyArray<A>, at: number): void {
    this.#resolved[family] = true
    this.#waiting[family].push(...addresses)
    if (this.#attempts > 0) return
    if (family === "IPv4" && !this.#resolved.IPv6 && addresses.length > 0) {
      this.#notBefore = at + this.#options.resolutionDelay
    } else if (family === "IPv6" && addresses.length + this.#waiting.IPv4.length > 0) {
      this.#notBefore = at
    }
  }

  /** An attempt failed: the next need not wait. */
  failed(at: number): void {
    this.#running--
    this.#notBefore = Math.min(this.#notBefore, at)
  }

  /** Call after every event and when `until` is reached; again after each `Attempt`. */
  step(at: number): Step<A> {
    const left = this.#waiting.IPv4.length + this.#waiting.IPv6.length
    if (left === 0) {
      return this.#running === 0 && this.#resolved.IPv4 && this.#resolved.IPv6
        ? { _tag: "Exhausted" }
        : { _tag: "Wait", until: Infinity }
    }
    if (at < this.#notBefore) return { _tag: "Wait", until: this.#notBefore }
    const other: Family = this.#next === "IPv6" ? "IPv4" : "IPv6"
    const family = this.#waiting[this.#next].length > 0 ? this.#next : other
    this.#next = family === "IPv6" ? "IPv4" : "IPv6"
    this.#notBefore = at + this.#options.attemptDelay
    this.#running++
    this.#attempts++
    return { _tag: "Attempt", address: this.#waiting[family].shift()! }
  }
}
