/**
 * A conversation of several rounds, without I/O: a generator that says what it wants next (to say something, to hear
 * something, to go on in TLS) and is told what came of it. `onLoop` and `onThread` drive it. No import of Effect: threads
 * load this file.
 */
import * as limits from "./limits.ts"
import { latin1 } from "./text.ts"

export type Step =
  | { readonly _tag: "Say"; readonly octets: Uint8Array }
  /** Answered with octets, or undefined once the peer has closed its side. */
  | { readonly _tag: "Hear" }
  /** Answered with what the handshake settled. */
  | { readonly _tag: "Secure" }

/** What a TLS handshake settled. */
export interface Secured {
  readonly version: string
  readonly cipher: string
  /** OpenSSL's word for why the chain is not trusted; undefined if it is. */
  readonly distrust: string | undefined
  /** In DER, the peer's own first. */
  readonly certificates: ReadonlyArray<Uint8Array>
}

export type Dialogue<A> = Generator<Step, A, any>

/** The connection broke, or was silent for too long: thrown into a dialogue, which may still tell what it knows. */
export class Broken extends Error {
  readonly stage: "connect" | "tls" | "send" | "receive"
  readonly reason: "Refused" | "Unreachable" | "Reset" | "Timeout" | "Resources" | "Closed" | "TooLong" | "Unknown"
  readonly code: string | undefined
  constructor(stage: Broken["stage"], reason: Broken["reason"], code?: string) {
    super(`${reason} at ${stage}`)
    this.stage = stage
    this.reason = reason
    this.code = code
  }
}

export function* say(octets: Uint8Array | string): Dialogue<void> {
  yield { _tag: "Say", octets: typeof octets === "string" ? Buffer.from(octets, "latin1") : octets }
}

export function* secure(): Dialogue<Secured> {
  return (yield { _tag: "Secure" }) as Secured
}

/** What has been heard and not been taken yet. */
export class Ear {
  private heard: Buffer = Buffer.alloc(0)

  /** Octets in all that a peer may say before it is enough. */
  private left: number

  constructor(most: number = limits.octets) {
    this.left = most
  }

  get octets(): Buffer {
    return this.heard
  }

  /** Hears more; false once the peer has closed. */
  *more(): Dialogue<boolean> {
    const octets = (yield { _tag: "Hear" }) as Uint8Array | undefined
    if (octets === undefined) return false
    this.left -= octets.length
    if (this.left < 0) throw new Broken("receive", "TooLong")
    this.heard = this.heard.length === 0 ? Buffer.from(octets) : Buffer.concat([this.heard, octets])
    return true
  }

  /** So many octets; fewer come only as `Broken`. */
  *take(count: number): Dialogue<Buffer> {
    while (this.heard.length < count) if (!(yield* this.more())) throw new Broken("receive", "Closed")
    const taken = this.heard.subarray(0, count)
    this.heard = this.heard.subarray(count)
    return taken
  }

  /** A line without its end; the rest of what was said where the peer closes before the line's end. */
  *line(): Dialogue<string> {
    for (;;) {
      const end = this.heard.indexOf(10)
      if (end >= 0) return latin1(yield* this.take(end + 1)).replace(/\r?\n$/, "")
      if (this.heard.length > limits.lineOctets) throw new Broken("receive", "TooLong")
      if (yield* this.more()) continue
      if (this.heard.length === 0) throw new Broken("receive", "Closed")
      return latin1(yield* this.take(this.heard.length))
    }
  }
}

/** What the system's code means. */
export const brokenByCode = (stage: Broken["stage"], code: string | undefined, isClosed = false): Broken =>
  new Broken(stage, (code === undefined ? undefined : reasons[code]) ?? (isClosed ? "Closed" : "Unknown"), code)

const reasons: Readonly<Record<string, Broken["reason"]>> = {
  ECONNREFUSED: "Refused",
  EACCES: "Refused",
  EPERM: "Refused",
  EHOSTUNREACH: "Unreachable",
  ENETUNREACH: "Unreachable",
  EADDRNOTAVAIL: "Resources",
  ECONNRESET: "Reset",
  EPIPE: "Reset",
  ETIMEDOUT: "Timeout",
  EMFILE: "Resources",
  ENFILE: "Resources",
  ENOBUFS: "Resources",
  ENOMEM: "Resources"
}
