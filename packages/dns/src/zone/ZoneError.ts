/**
 * Records that are not a zone, or an edit that would leave none. The caller's fault; nothing was changed.
 *
 * - `NoSoa`, `ManySoa`: a zone has exactly one SOA, at its origin (RFC 1035 5.2)
 * - `OutOfZone`: a record that is not at or below the origin
 * - `WrongClass`: a record of a class other than the zone's
 * - `CnameAndOther`: a CNAME beside other data (RFC 2181 10.1), or two CNAMEs
 * - `ManyDname`: two DNAMEs at one name (RFC 6672 2.4)
 * - `Serial`: the new serial is not after the old one (RFC 1982)
 * - `Text`: zone text that cannot be read; `cause` tells where
 * - `Missing`: what was to be removed is not there
 */
export class ZoneError extends Error {
  readonly _tag = "ZoneError"
  override readonly name = "ZoneError"
  readonly reason: Reason
  /** The owner at fault, as text. */
  readonly owner: string | undefined

  constructor(reason: Reason, detail: string, options: { readonly owner?: string; readonly cause?: unknown } = {}) {
    super(detail, "cause" in options ? { cause: options.cause } : undefined)
    this.reason = reason
    this.owner = options.owner
  }
}

/** What is wrong with a zone. */
export type Reason =
  | "NoSoa"
  | "ManySoa"
  | "OutOfZone"
  | "WrongClass"
  | "CnameAndOther"
  | "ManyDname"
  | "Serial"
  | "Text"
  | "Missing"
