/**
 * Response rate limiting: answers over UDP that a forged address could have asked for are counted for each client network
 * and kind of answer (as BIND, Knot and NSD do; Vixie and Schryver, "DNS Response Rate Limiting", 2012).
 */
import * as limits from "./limits.ts"

/** What becomes of a response: sent, sent truncated so that the client comes by TCP, or dropped. */
export type Verdict = "send" | "truncate" | "drop"

/** How many responses a client's network may have. */
export interface Options {
  /** Equal answers a second for each network. */
  readonly responsesPerSecond: number
  /** Length of an IPv4 network. Unless told 24, as in BIND. */
  readonly ipv4Prefix?: number
  /** Length of an IPv6 network. Unless told 56, as in BIND. */
  readonly ipv6Prefix?: number
  readonly slip?: number
}

interface Bucket {
  tokens: number
  at: number
  limited: number
}

/** Answers for each network and second (response rate limiting). */
export class RateLimit {
  private readonly buckets = new Map<string, Bucket>()
  private readonly options: Required<Options>

  constructor(options: Options) {
    this.options = { ipv4Prefix: 24, ipv6Prefix: 56, slip: limits.rateSlip, ...options }
  }

  /** Buckets in use. */
  get size(): number {
    return this.buckets.size
  }

  /** `kind` is what answers are equal by: rcode and the name that was found or not found. `now` is in milliseconds. */
  check(address: string, kind: string, now: number): Verdict {
    const key = `${this.network(address)} ${kind}`
    const rate = this.options.responsesPerSecond
    let bucket = this.buckets.get(key)
    if (bucket === undefined) {
      if (this.buckets.size >= limits.rateBuckets) this.buckets.delete(this.buckets.keys().next().value!)
      this.buckets.set(key, (bucket = { tokens: rate, at: now, limited: 0 }))
    }
    bucket.tokens = Math.min(rate, bucket.tokens + ((now - bucket.at) * rate) / 1_000)
    bucket.at = now
    if (bucket.tokens >= 1) {
      bucket.tokens--
      return "send"
    }
    return this.options.slip > 0 && ++bucket.limited % this.options.slip === 0 ? "truncate" : "drop"
  }

  private network(address: string): string {
    if (!address.includes(":")) {
      const bits = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0)
      return String(Math.floor(bits / 2 ** (32 - this.options.ipv4Prefix)))
    }
    const mapped = /^::ffff:([0-9.]+)$/i.exec(address)
    if (mapped !== null) return this.network(mapped[1]!)
    const [head = "", tail] = (address.split("%")[0] ?? "").split("::")
    const left = head === "" ? [] : head.split(":")
    const right = tail === undefined || tail === "" ? [] : tail.split(":")
    const groups = [
      ...left,
      ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0"),
      ...right
    ]
    const bits = groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0")).join("")
    return bits.slice(0, this.options.ipv6Prefix)
  }
}
