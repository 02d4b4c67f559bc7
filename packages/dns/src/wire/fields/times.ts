import { type Field } from "../Field.ts"
import { u32 } from "./numbers.ts"

/** Seconds since 1970 modulo 2^32; text is `YYYYMMDDHHmmSS` in UTC, or the number (RFC 4034 3.2). */
export const timestamp: Field<number> = {
  ...u32,
  parse: (tokens) => {
    const text = tokens.peek() ?? ""
    if (!/^[0-9]{14}$/.test(text)) return u32.parse(tokens)
    tokens.index++
    const at = (from: number, to: number): number => Number(text.slice(from, to))
    const date = Date.UTC(at(0, 4), at(4, 6) - 1, at(6, 8), at(8, 10), at(10, 12), at(12, 14))
    if (formatTimestamp(date / 1_000) !== text) return tokens.failBefore(`not a date and time: ${text}`)
    return (date / 1_000) % 0x100000000
  },
  print: (value) => formatTimestamp(value)
}

const formatTimestamp = (seconds: number): string =>
  new Date(seconds * 1_000).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")
