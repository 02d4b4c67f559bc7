import { generic, hexOf, toHex } from "../fields/blobs.ts"
import { fromLatin1, toLatin1 } from "../CharacterString.ts"
import * as RecordType from "../RecordType.ts"

/** What an ATMA record holds. */
export interface Atma {
  /** 0: an ATM end system address; 1: an E.164 number, in ASCII digits. */
  readonly format: number
  readonly address: Uint8Array
}

/** ATM address: af-dans-0152.000. Text is hex, or `+` and digits; another format has the generic form only. */
export const ATMA = RecordType.makeCustom<"ATMA", Atma>("ATMA", 34, {
  internetOnly: true,
  kinds: { format: "number", address: "octets" },
  read: (reader) => ({ format: reader.u8(), address: reader.rest() }),
  write: (writer, data) => {
    writer.u8(data.format)
    writer.bytes(data.address)
  },
  parse: (tokens) => {
    const text = tokens.next("address")
    if (/^\+[0-9]+$/.test(text)) return { format: 1, address: toLatin1(text.slice(1)) }
    return { format: 0, address: hexOf(tokens, text.replaceAll(".", "")) }
  },
  print: (data, style) => {
    const digits = fromLatin1(data.address)
    if (data.format === 1 && /^[0-9]+$/.test(digits)) return `+${digits}`
    if (data.format === 0 && data.address.length > 0) return toHex(data.address)
    return generic.print(Uint8Array.from([data.format, ...data.address]), style)
  }
})
