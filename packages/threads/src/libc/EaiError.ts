/**
 * The errors of getaddrinfo(3) and getnameinfo(3), one class with the platform's own code: whose fault it was and
 * whether a retry can help follow from the code.
 */
import { LookupError } from "@handoff/core"
import * as Schema from "effect/Schema"
import * as util from "node:util"
import type { Constants } from "./Backend.ts"

/**
 * - `name`: nobody's: the name or address has no answer, and that is the answer.
 * - `caller`: the arguments cannot be right.
 * - `server`: a name server, or another source that the platform consulted, did not do its part.
 * - `system`: this machine: memory, descriptors, a file, the platform itself.
 */
export type Fault = "name" | "caller" | "server" | "system"

interface Meaning {
  readonly fault: Fault
  /** Whether the same call can succeed later; for `EAI_SYSTEM` it is `errno` that decides. */
  readonly retry: boolean
  readonly reason: LookupError["reason"]
  readonly text: string
}

/** What each code means: RFC 3493 section 6.1, glibc's netdb.h for the last four; `EAI_TIMEOUT` is ours. */
export const meanings = {
  EAI_AGAIN: {
    fault: "server",
    retry: true,
    reason: "Temporary",
    text: "the name servers gave no answer, or said to try again later"
  },
  EAI_FAIL: {
    fault: "server",
    retry: false,
    reason: "ServerFailure",
    text: "a name server gave an answer that it will give again: refused, or not understood"
  },
  EAI_NONAME: { fault: "name", retry: false, reason: "NotFound", text: "no source knows this name or service" },
  EAI_NODATA: { fault: "name", retry: false, reason: "NotFound", text: "the name exists and has no addresses" },
  EAI_ADDRFAMILY: {
    fault: "name",
    retry: false,
    reason: "NotFound",
    text: "the name has no addresses of the family asked for"
  },
  EAI_BADFLAGS: { fault: "caller", retry: false, reason: "BadName", text: "these flags do not go together" },
  EAI_FAMILY: { fault: "caller", retry: false, reason: "Unsupported", text: "the address family is not supported" },
  EAI_SERVICE: {
    fault: "caller",
    retry: false,
    reason: "NotFound",
    text: "the service is not known for this socket type"
  },
  EAI_SOCKTYPE: { fault: "caller", retry: false, reason: "Unsupported", text: "the socket type is not supported" },
  EAI_IDN_ENCODE: {
    fault: "caller",
    retry: false,
    reason: "BadName",
    text: "the name cannot be written in ASCII, or libidn2 is not installed"
  },
  EAI_OVERFLOW: { fault: "caller", retry: false, reason: "BadName", text: "a name is longer than the platform takes" },
  EAI_MEMORY: { fault: "system", retry: true, reason: "Temporary", text: "out of memory" },
  EAI_SYSTEM: { fault: "system", retry: false, reason: "Unknown", text: "a system call failed" },
  EAI_TIMEOUT: {
    fault: "server",
    retry: true,
    reason: "Timeout",
    text: "no answer within the time limit; the call was left to itself"
  },
  EAI_UNKNOWN: { fault: "system", retry: false, reason: "Unknown", text: "a code that this package does not know" }
} as const satisfies Record<string, Meaning>

export type Code = keyof typeof meanings

const codes = Object.keys(meanings) as ReadonlyArray<Code>

/** `errno`s after which the same call can succeed. */
const passing = new Set(["EAGAIN", "EINTR", "ENOMEM", "ENOBUFS", "EMFILE", "ENFILE", "ETIMEDOUT", "ENETDOWN"])

/** `ENOENT` for 2; undefined for 0. */
export const errnoName = (errno: number): string | undefined => {
  if (errno === 0) return undefined
  const name = util.getSystemErrorName(-errno)
  return name.startsWith("Unknown") ? `errno ${errno}` : name
}

export class EaiError extends Schema.TaggedError<EaiError>()("EaiError", {
  /** The C function: `getaddrinfo`, `getnameinfo`, `gethostbyname`, `gethostbyaddr`. */
  call: Schema.String,
  /** What was asked for: a name, a service, an address. */
  subject: Schema.String,
  code: Schema.Literals(codes),
  /** The platform's own number for it; numbers differ between platforms. */
  number: Schema.Int,
  /** The `errno` behind `EAI_SYSTEM`: `EMFILE`. */
  errno: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    const errno = this.errno === undefined ? "" : ` (${this.errno})`
    return `${this.call} ${this.subject}: ${this.code}, ${meanings[this.code].text}${errno}`
  }

  /** Whose fault it was. */
  get fault(): Fault {
    return meanings[this.code].fault
  }

  /** Whether the same call can succeed later. */
  get canRetry(): boolean {
    if (this.code === "EAI_SYSTEM") return this.errno !== undefined && passing.has(this.errno)
    return meanings[this.code].retry
  }

  /** The same in the words that all strategies share. */
  toLookupError(): LookupError {
    const { reason } = meanings[this.code]
    return new LookupError({
      name: this.subject,
      reason: reason === "Unknown" && this.canRetry ? "Temporary" : reason,
      code: this.code,
      detail: this.errno === undefined ? meanings[this.code].text : `${meanings[this.code].text} (${this.errno})`
    })
  }
}

/** The error for the number that a C function returned. */
export const fromNumber = (
  constants: Constants,
  number: number,
  errno: number,
  options: { readonly call: string; readonly subject: string }
): EaiError => {
  const code = codes.find((code) => constants[code] === number) ?? "EAI_UNKNOWN"
  const name = code === "EAI_SYSTEM" ? errnoName(errno) : undefined
  return new EaiError({ ...options, code, number, ...(name === undefined ? {} : { errno: name }) })
}

/** The error of a call that took too long. */
export const timedOut = (options: { readonly call: string; readonly subject: string }): EaiError =>
  new EaiError({ ...options, code: "EAI_TIMEOUT", number: 0 })
