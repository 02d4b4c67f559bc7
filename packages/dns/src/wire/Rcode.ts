/** Response codes (IANA "DNS RCODEs"): 12 bits, the upper 8 of them from EDNS. TSIG and TKEY errors are 16 bits. */
export const NOERROR = 0
export const FORMERR = 1
export const SERVFAIL = 2
export const NXDOMAIN = 3
export const NOTIMP = 4
export const REFUSED = 5
export const YXDOMAIN = 6
export const YXRRSET = 7
export const NXRRSET = 8
export const NOTAUTH = 9
export const NOTZONE = 10
export const DSOTYPENI = 11
/** In a message; the same number is BADSIG in a TSIG. */
export const BADVERS = 16
export const BADSIG = 16
export const BADKEY = 17
export const BADTIME = 18
export const BADMODE = 19
export const BADNAME = 20
export const BADALG = 21
export const BADTRUNC = 22
export const BADCOOKIE = 23

const names = new Map<number, string>([
  [NOERROR, "NOERROR"],
  [FORMERR, "FORMERR"],
  [SERVFAIL, "SERVFAIL"],
  [NXDOMAIN, "NXDOMAIN"],
  [NOTIMP, "NOTIMP"],
  [REFUSED, "REFUSED"],
  [YXDOMAIN, "YXDOMAIN"],
  [YXRRSET, "YXRRSET"],
  [NXRRSET, "NXRRSET"],
  [NOTAUTH, "NOTAUTH"],
  [NOTZONE, "NOTZONE"],
  [DSOTYPENI, "DSOTYPENI"],
  [BADVERS, "BADVERS"],
  [BADKEY, "BADKEY"],
  [BADTIME, "BADTIME"],
  [BADMODE, "BADMODE"],
  [BADNAME, "BADNAME"],
  [BADALG, "BADALG"],
  [BADTRUNC, "BADTRUNC"],
  [BADCOOKIE, "BADCOOKIE"]
])

/** The mnemonic of a message's rcode, or `RCODE99`. */
export const nameOf = (code: number): string => names.get(code) ?? `RCODE${code}`

/** The mnemonic of the error field of a TSIG or TKEY, where 16 is BADSIG. */
export const errorNameOf = (code: number): string => (code === BADSIG ? "BADSIG" : nameOf(code))
