/** What the system and TLS say went wrong, in the words of an `ExchangeError`. */
import { ExchangeError } from "@handoff/core"
import type * as Dns from "effect/net/Dns"
import type { Phase, SystemError } from "./Link.ts"

/** Where an exchange was when it failed. */
export type Stage = ExchangeError["stage"]
/** Why it failed. */
export type Reason = ExchangeError["reason"]

const reasons: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: "Refused",
  EACCES: "Refused",
  EPERM: "Refused",
  ENOENT: "NotFound",
  EHOSTUNREACH: "Unreachable",
  ENETUNREACH: "Unreachable",
  ENETDOWN: "Unreachable",
  EHOSTDOWN: "Unreachable",
  ECONNRESET: "Reset",
  ECONNABORTED: "Reset",
  EPIPE: "Reset",
  ETIMEDOUT: "Timeout",
  EMSGSIZE: "BadRequest",
  EINVAL: "BadRequest",
  EAFNOSUPPORT: "Unreachable",
  EMFILE: "Resources",
  ENFILE: "Resources",
  ENOBUFS: "Resources",
  ENOMEM: "Resources",
  // connect(2): no free port towards this peer; or, for Unix sockets, the peer's backlog is full.
  EADDRNOTAVAIL: "Resources",
  EAGAIN: "Resources"
}

export const reasonOf = (cause: SystemError | undefined): Reason =>
  cause === undefined ? "Closed" : (reasons[cause.code ?? ""] ?? "Unknown")

/** What a failed lookup says. */
export const reasonOfName = (error: Dns.DnsError): Reason =>
  error.reason === "NotFound" || error.reason === "Timeout"
    ? error.reason
    : error.reason === "BadName"
      ? "BadRequest"
      : "Unknown"

/** Too few descriptors: waiting helps. */
export const isScarcity = (cause: SystemError | undefined): boolean =>
  cause?.code === "EMFILE" || cause?.code === "ENFILE"

/** The stage in which a link was when it closed. */
export const stageOf = (phase: Phase, unsent: number): Stage =>
  phase === "connect" ? "connect" : phase === "tls" ? "tls" : unsent > 0 ? "send" : "receive"

/** Expected failures come in bulk (a survey of closed ports) and are told by their fields: no stack is taken. */
export const exchangeError = (fields: {
  readonly peer: string
  readonly stage: Stage
  readonly reason: Reason
  readonly received: number
  readonly code?: string | undefined
  readonly detail?: string | undefined
}): ExchangeError => {
  const { code, detail, ...rest } = fields
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return new ExchangeError({
      ...rest,
      ...(code === undefined ? {} : { code }),
      ...(detail === undefined ? {} : { detail })
    })
  } finally {
    Error.stackTraceLimit = limit
  }
}
