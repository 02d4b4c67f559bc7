import * as EdnsOptionType from "../EdnsOptionType.ts"
import { u16 } from "../fields/numbers.ts"
import { restString } from "../fields/strings.ts"

/** Extended error: RFC 8914. `extraText` is UTF-8 by rule, but any octets are kept. */
export const EDE = EdnsOptionType.make("EDE", 15, { infoCode: u16, extraText: restString })

const names = [
  "Other",
  "Unsupported DNSKEY Algorithm",
  "Unsupported DS Digest Type",
  "Stale Answer",
  "Forged Answer",
  "DNSSEC Indeterminate",
  "DNSSEC Bogus",
  "Signature Expired",
  "Signature Not Yet Valid",
  "DNSKEY Missing",
  "RRSIGs Missing",
  "No Zone Key Bit Set",
  "NSEC Missing",
  "Cached Error",
  "Not Ready",
  "Blocked",
  "Censored",
  "Filtered",
  "Prohibited",
  "Stale NXDomain Answer",
  "Not Authoritative",
  "Not Supported",
  "No Reachable Authority",
  "Network Error",
  "Invalid Data",
  "Signature Expired before Valid",
  "Too Early",
  "Unsupported NSEC3 Iterations Value",
  "Unable to conform to policy",
  "Synthesized",
  "Invalid Query Type"
]

/** What an info code means (IANA "Extended DNS Error Codes"); undefined for one that is not assigned. */
export const describe = (infoCode: number): string | undefined => names[infoCode]
