/**
 * Codes and mnemonics of record types (IANA "Resource Record (RR) TYPEs"). Types with rdata name themselves here when
 * `RecordTypes.ts` is loaded; those that
 * only stand in questions, and OPT (see `Edns.ts`), are below.
 */
const names = new Map<number, string>()
const codes = new Map<string, number>()

/** @internal Called by `RecordType.make`. */
export const register = (name: string, code: number): void => {
  names.set(code, name)
  codes.set(name, code)
}

for (const [name, code] of [
  ["OPT", 41],
  ["IXFR", 251],
  ["AXFR", 252],
  ["MAILB", 253],
  ["MAILA", 254],
  ["ANY", 255]
] as const) {
  register(name, code)
}

/** Types that only stand in questions. */
export type QuestionOnly = "IXFR" | "AXFR" | "MAILB" | "MAILA" | "ANY"

/** The mnemonic, or `TYPE123` when there is none (RFC 3597 5). */
export const nameOf = (code: number): string => names.get(code) ?? `TYPE${code}`

/** The code of a mnemonic, in any case, or of `TYPE123`; undefined when it is neither. */
export const codeOf = (name: string): number | undefined => codes.get(name) ?? codeOfUnusual(name)

const codeOfUnusual = (name: string): number | undefined => {
  const upper = name.toUpperCase()
  const known = codes.get(upper)
  if (known !== undefined) return known
  if (upper === "*") return 255
  const digits = /^TYPE([0-9]{1,5})$/.exec(upper)
  if (digits === null) return undefined
  const code = Number(digits[1])
  return code <= 0xffff ? code : undefined
}
