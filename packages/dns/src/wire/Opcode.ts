/** Operation codes (IANA "DNS OpCodes"): 4 bits. */
export const QUERY = 0
export const IQUERY = 1
export const STATUS = 2
export const NOTIFY = 4
export const UPDATE = 5
export const DSO = 6

const names = new Map<number, string>([
  [QUERY, "QUERY"],
  [IQUERY, "IQUERY"],
  [STATUS, "STATUS"],
  [NOTIFY, "NOTIFY"],
  [UPDATE, "UPDATE"],
  [DSO, "DSO"]
])

/** The mnemonic, or `OPCODE7`. */
export const nameOf = (code: number): string => names.get(code) ?? `OPCODE${code}`
