import * as DecodeError from "../DecodeError.ts"
import * as EncodeError from "../EncodeError.ts"
import { formatIpv6, ipv6, parseIpv6 } from "../fields/addresses.ts"
import { printName } from "../fields/names.ts"
import * as Name from "../Name.ts"
import * as RecordType from "../RecordType.ts"

/** What an A6 record holds. */
export interface A6 {
  /** Bits that come from `prefixName`: 0 to 128. */
  readonly prefixLength: number
  /** The address, its prefix zero. */
  readonly address: string
  /** Where the prefix is; none when its length is 0. */
  readonly prefixName: Name.Name | undefined
}

const suffixStart = (prefixLength: number): number => prefixLength >> 3

/** IPv6 address by parts, historic: RFC 2874 3.1. */
export const A6 = RecordType.makeCustom<"A6", A6>("A6", 38, {
  internetOnly: true,
  kinds: { prefixLength: "number", address: "text", prefixName: "json" },
  read: (reader) => {
    const at = reader.offset
    const prefixLength = reader.u8()
    if (prefixLength > 128) DecodeError.fail("value", at, "A6 prefix over 128 bits")
    const octets = new Uint8Array(16)
    const start = suffixStart(prefixLength)
    octets.set(reader.view(16 - start), start)
    if (start < 16) octets[start]! &= 0xff >> (prefixLength & 7)
    const prefixName = prefixLength === 0 ? undefined : Name.read(reader)
    return { prefixLength, address: formatIpv6(octets, 0), prefixName }
  },
  write: (writer, data) => {
    const { prefixLength, address, prefixName } = data
    const octets = new Uint8Array(16)
    if (!(prefixLength >= 0 && prefixLength <= 128)) EncodeError.fail(`A6 prefix over 128 bits: ${prefixLength}`)
    if (!parseIpv6(address, octets, 0)) EncodeError.fail(`not an IPv6 address: ${address}`)
    writer.u8(prefixLength)
    const start = suffixStart(prefixLength)
    if (start < 16) octets[start]! &= 0xff >> (prefixLength & 7)
    writer.bytes(octets.subarray(start))
    if (prefixLength > 0) writer.name(prefixName ?? EncodeError.fail("A6 with a prefix has its name"))
  },
  parse: (tokens) => {
    const prefixLength = tokens.integer("prefix length", 128)
    const address = prefixLength === 128 && tokens.left === 1 ? "::" : ipv6.parse(tokens)
    return { prefixLength, address, prefixName: prefixLength === 0 ? undefined : tokens.name("prefix name") }
  },
  print: (data, style) => {
    const text = `${data.prefixLength} ${data.prefixLength === 128 ? "" : `${data.address} `}`
    return data.prefixName === undefined ? text.trimEnd() : text + printName(data.prefixName, style)
  }
})
