/**
 * Octets that are not a DNS message (or name, or rdata).
 *
 * `offset` counts octets from the start of what was decoded and `bound` names the rule that was broken there. An error
 * has no stack trace on purpose: a flood of bad datagrams must cost little, and the offset tells more.
 */
export class DecodeError extends Error {
  readonly _tag = "DecodeError"
  override readonly name = "DecodeError"
  readonly offset: number
  readonly bound: Bound

  constructor(options: { readonly bound: Bound; readonly offset: number; readonly detail: string }) {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = 0
    super(`${options.detail} (${options.bound} at octet ${options.offset})`)
    Error.stackTraceLimit = limit
    this.offset = options.offset
    this.bound = options.bound
  }
}

/**
 * The rule that was broken:
 *
 * - `message`: the octets end before the header, a question or a record does; counts that lie end here too
 * - `label`: a label runs past the end, or has a reserved first octet (RFC 1035 4.1.4)
 * - `name`: over 255 octets (RFC 1035 2.3.4)
 * - `pointer`: a compression pointer that does not point strictly backwards
 * - `pointers`: more pointers or labels than `limits` allows
 * - `rdata`: rdata shorter or longer than its type needs
 * - `value`: a field holds what its type forbids
 * - `edns`: a second OPT, one outside the additional section, or not owned by the root (RFC 6891 6.1.1)
 * - `tsig`: a TSIG that is not the last record of the additional section (RFC 8945 5.1)
 * - `trailing`: octets after the last record
 */
export type Bound =
  | "message"
  | "label"
  | "name"
  | "pointer"
  | "pointers"
  | "rdata"
  | "value"
  | "edns"
  | "tsig"
  | "trailing"

export const fail = (bound: Bound, offset: number, detail: string): never => {
  throw new DecodeError({ bound, offset, detail })
}
