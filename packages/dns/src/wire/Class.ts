/** Codes and mnemonics of classes (IANA "DNS CLASSes"). */

/** A mnemonic, or `CLASS123` (RFC 3597 5). */
export type Class = "IN" | "CH" | "HS" | "NONE" | "ANY" | `CLASS${number}`

export const IN = 1
export const NONE = 254
export const ANY = 255

const names = new Map<number, Class>([
  [1, "IN"],
  [3, "CH"],
  [4, "HS"],
  [254, "NONE"],
  [255, "ANY"]
])

const codes = new Map<string, number>([...names].map(([code, name]) => [name, code]))

/** A class's mnemonic, or `CLASSn`. */
export const nameOf = (code: number): Class => (code === IN ? "IN" : (names.get(code) ?? `CLASS${code}`))

/** The code of a mnemonic, in any case, or of `CLASS123`; undefined when it is neither. */
export const codeOf = (name: string): number | undefined => {
  if (name === "IN") return IN
  const upper = name.toUpperCase()
  const known = codes.get(upper)
  if (known !== undefined) return known
  const digits = /^CLASS([0-9]{1,5})$/.exec(upper)
  if (digits === null) return undefined
  const code = Number(digits[1])
  return code <= 0xffff ? code : undefined
}
