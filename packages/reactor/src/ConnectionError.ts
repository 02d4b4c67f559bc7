/**
 * What can become of a connection, one class per outcome. Each names the peer, the stage and how far it got, in octets.
 * `isConnectionError` tells them from others; `Effect.catchTag` takes one.
 */
import * as Schema from "effect/Schema"
import { cheaply, CutFrame, FrameTooLong, MalformedFrame } from "./framing/Framing.ts"

const progress = {
  peer: Schema.String,
  stage: Schema.Literals(["resolve", "connect", "tls", "send", "receive"]),
  /** Octets written to the peer's side so far. */
  sent: Schema.Int,
  /** Octets that had come. */
  received: Schema.Int
}
const waited = { ...progress, /** The limit that passed. */ millis: Schema.Number }
const refused = { ...progress, code: Schema.optionalKey(Schema.String), detail: Schema.optionalKey(Schema.String) }

/** How far a connection had got. */
export interface Progress {
  readonly peer: string
  readonly stage: "resolve" | "connect" | "tls" | "send" | "receive"
  readonly sent: number
  readonly received: number
}
const tell = (error: Progress, what: string): string =>
  `${error.peer}: ${what} (stage ${error.stage}, ${error.sent} octets sent, ${error.received} received)`
const why = (error: { readonly code?: string; readonly detail?: string }): string =>
  error.detail ?? error.code ?? "no reason given"

/** The name did not resolve. */
export class ResolveFailed extends Schema.TaggedError<ResolveFailed>()("ResolveFailed", refused) {
  override get message(): string {
    return tell(this, `not resolved: ${why(this)}`)
  }
}
/** No address could be connected to. */
export class ConnectFailed extends Schema.TaggedError<ConnectFailed>()("ConnectFailed", refused) {
  override get message(): string {
    return tell(this, `not connected: ${why(this)}`)
  }
}
/** The TLS handshake failed, or its certificate was not accepted. */
export class TlsFailed extends Schema.TaggedError<TlsFailed>()("TlsFailed", refused) {
  override get message(): string {
    return tell(this, `no TLS: ${why(this)}`)
  }
}
/** Resolving and connecting took too long. */
export class ConnectTimeout extends Schema.TaggedError<ConnectTimeout>()("ConnectTimeout", waited) {
  override get message(): string {
    return tell(this, `not connected within ${this.millis} ms`)
  }
}
/** The TLS handshake took too long. */
export class TlsTimeout extends Schema.TaggedError<TlsTimeout>()("TlsTimeout", waited) {
  override get message(): string {
    return tell(this, `no handshake within ${this.millis} ms`)
  }
}
/** Not a single octet came in time. */
export class FirstByteTimeout extends Schema.TaggedError<FirstByteTimeout>()("FirstByteTimeout", waited) {
  override get message(): string {
    return tell(this, `no first octet within ${this.millis} ms`)
  }
}
/** Nothing came or went for too long while somebody waited. */
export class IdleTimeout extends Schema.TaggedError<IdleTimeout>()("IdleTimeout", waited) {
  override get message(): string {
    return tell(this, `silent for ${this.millis} ms`)
  }
}
/** Octets came, but the frame had no end in time. */
export class FrameTimeout extends Schema.TaggedError<FrameTimeout>()("FrameTimeout", waited) {
  override get message(): string {
    return tell(this, `no whole frame within ${this.millis} ms`)
  }
}
/** The whole took too long. */
export class TotalTimeout extends Schema.TaggedError<TotalTimeout>()("TotalTimeout", waited) {
  override get message(): string {
    return tell(this, `not over within ${this.millis} ms`)
  }
}
/** The connection broke: reset, unreachable, out of buffers. */
export class Broken extends Schema.TaggedError<Broken>()("Broken", refused) {
  override get message(): string {
    return tell(this, `broke: ${why(this)}`)
  }
}
/** The peer closed its side, in order, and more was wanted. */
export class PeerClosed extends Schema.TaggedError<PeerClosed>()("PeerClosed", progress) {
  override get message(): string {
    return tell(this, "closed by the peer")
  }
}
/** What the peer sent is not of the framing that was asked for. */
export class BadFrame extends Schema.TaggedError<BadFrame>()("BadFrame", {
  ...progress,
  error: Schema.Union([FrameTooLong, MalformedFrame, CutFrame])
}) {
  override get message(): string {
    return tell(this, this.error.message)
  }
}
/** Our own side had closed it before. */
export class Closed extends Schema.TaggedError<Closed>()("Closed", progress) {
  override get message(): string {
    return tell(this, "closed on our side")
  }
}

export type ConnectionError =
  | ResolveFailed
  | ConnectFailed
  | TlsFailed
  | ConnectTimeout
  | TlsTimeout
  | FirstByteTimeout
  | IdleTimeout
  | FrameTimeout
  | TotalTimeout
  | Broken
  | PeerClosed
  | BadFrame
  | Closed

const classes = [
  ResolveFailed,
  ConnectFailed,
  TlsFailed,
  ConnectTimeout,
  TlsTimeout,
  FirstByteTimeout,
  IdleTimeout,
  FrameTimeout,
  TotalTimeout,
  Broken,
  PeerClosed,
  BadFrame,
  Closed
]

/** Whether a value is one of these errors. */
export const isConnectionError = (u: unknown): u is ConnectionError => classes.some((each) => u instanceof each)

/** Made without a stack: they come in bulk, and tell all by their fields. */
export const quiet = cheaply
