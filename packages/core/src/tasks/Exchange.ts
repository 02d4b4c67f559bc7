import * as Schema from "effect/Schema"
import * as Task from "../Task.ts"

/** When a reply is whole. */
export const Until = Schema.TaggedUnion({
  /** The peer closes its side. */
  Close: {},
  /** So many octets have come. */
  Octets: { octets: Schema.Int },
  /** These octets have come; they are part of the reply. */
  Delimiter: { delimiter: Schema.Uint8Array },
  /** One datagram (UDP only). */
  Datagram: {}
})
export type Until = typeof Until.Type

/** What came back. */
export const Reply = Schema.Struct({
  octets: Schema.Uint8Array,
  /** The address that answered, as `127.0.0.1:80`, `[::1]:80` or a path. */
  peer: Schema.String,
  /** How it ended: the stated end came, or the peer closed first (then the reply is what came before). */
  end: Schema.Literals(["complete", "closed"])
})
export type Reply = typeof Reply.Type

/** An exchange that failed: with whom, at which stage, and how far it had got. */
export class ExchangeError extends Schema.TaggedError<ExchangeError>()("ExchangeError", {
  peer: Schema.String,
  stage: Schema.Literals(["resolve", "connect", "tls", "send", "receive"]),
  reason: Schema.Literals([
    "NotFound",
    "Refused",
    "Unreachable",
    "Reset",
    "Timeout",
    /** The reply passed `maxOctets` before its end. */
    "TooLong",
    /**
     * The peer closed before a single octet of a reply that needed one. Also if the connection was kept from before and
     * the peer closed it just as it was taken: it is not asked again, since it may have acted on the request.
     */
    "Closed",
    /** The request cannot be sent as stated: the caller's fault. */
    "BadRequest",
    /** Too few descriptors, ports or buffers on this machine. */
    "Resources",
    "Unknown"
  ]),
  /** Octets of the reply that had come. */
  received: Schema.Int,
  /** The system's code, where there is one: `ECONNREFUSED`. */
  code: Schema.optionalKey(Schema.String),
  detail: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    const code = this.code === undefined ? "" : ` (${this.code})`
    const detail = this.detail === undefined ? "" : `, ${this.detail}`
    return `${this.peer}: ${this.reason} at ${this.stage}${code} after ${this.received} octets${detail}`
  }
}

/**
 * Octets to a peer, octets back, until a stated end.
 *
 * `peer` is a socket address, or a host and port whose name the strategy resolves. Times are in milliseconds:
 * `connectTimeout` bounds resolving and connecting together, `idleTimeout` the silence between two arrivals,
 * `totalTimeout` the whole. Not repeatable: the peer may have acted on the request.
 */
export class Exchange extends Task.make("Exchange", {
  payload: {
    transport: Schema.Literals(["tcp", "udp", "tls"]),
    peer: Schema.Union([Schema.InetAddressFromString, Schema.HostPortFromString, Schema.UnixPathAddressFromString]),
    request: Schema.Uint8Array,
    until: Until,
    /** Default 65,536. */
    maxOctets: Schema.optionalKey(Schema.Int),
    /** Default 10,000. */
    connectTimeout: Schema.optionalKey(Schema.Number),
    /** Default 10,000. */
    idleTimeout: Schema.optionalKey(Schema.Number),
    /** Default: none. */
    totalTimeout: Schema.optionalKey(Schema.Number)
  },
  success: Reply,
  failure: ExchangeError
}) {}
