import * as DecodeError from "../DecodeError.ts"
import * as EncodeError from "../EncodeError.ts"
import { type Field, make } from "../Field.ts"
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from "../fields/addresses.ts"
import { fromHex, toHex } from "../fields/blobs.ts"
import * as RecordType from "../RecordType.ts"

/** A prefix of an APL record. */
export interface Item {
  /** Address family (IANA): 1 is IPv4, 2 IPv6. */
  readonly family: number
  readonly prefixLength: number
  readonly negated: boolean
  /** Text for IPv4 and IPv6, hex for another family. */
  readonly address: string
}

const isInternet = (family: number): boolean => family === 1 || family === 2

const addressOctets = (item: Item): Uint8Array | undefined => {
  if (!isInternet(item.family)) return fromHex(item.address)
  const octets = new Uint8Array(item.family === 1 ? 4 : 16)
  const parsed = item.family === 1 ? parseIpv4(item.address, octets, 0) : parseIpv6(item.address, octets, 0)
  return parsed ? octets : undefined
}

/** Without the zero octets at the end, which are not sent (RFC 3123 4). */
const trim = (octets: Uint8Array): Uint8Array => {
  let length = octets.length
  while (length > 0 && octets[length - 1] === 0) length--
  return octets.subarray(0, length)
}

const items: Field<ReadonlyArray<Item>> = make<ReadonlyArray<Item>>("json", {
  read: (reader) => {
    const list: Array<Item> = []
    while (reader.offset < reader.end) {
      const at = reader.offset
      const family = reader.u16()
      const prefixLength = reader.u8()
      const octet = reader.u8()
      const part = reader.view(octet & 0x7f)
      const size = family === 1 ? 4 : family === 2 ? 16 : 127
      if (part.length > size) DecodeError.fail("value", at, `APL address of ${part.length} octets in family ${family}`)
      if (size < 127 && prefixLength > 8 * size) DecodeError.fail("value", at + 2, `APL prefix of ${prefixLength} bits`)
      const octets = new Uint8Array(size)
      octets.set(part)
      const address = size === 4 ? formatIpv4(octets, 0) : size === 16 ? formatIpv6(octets, 0) : toHex(trim(part))
      list.push({ family, prefixLength, negated: octet >= 0x80, address })
    }
    return list
  },
  write: (writer, value) => {
    for (const item of value) {
      const whole = addressOctets(item) ?? EncodeError.fail(`not an address of family ${item.family}: ${item.address}`)
      const octets = trim(whole)
      if (octets.length > 127) EncodeError.fail(`APL address over 127 octets`)
      if (isInternet(item.family) && item.prefixLength > 8 * whole.length)
        EncodeError.fail(`prefix of ${item.prefixLength} bits`)
      writer.u16(item.family)
      writer.u8(item.prefixLength)
      writer.u8((item.negated ? 0x80 : 0) | octets.length)
      writer.bytes(octets)
    }
  },
  parse: (tokens) => {
    const list: Array<Item> = []
    while (tokens.left > 0) {
      const text = tokens.next("address prefix")
      const match = /^(!?)([0-9]{1,5}):([^/]*)\/([0-9]{1,3})$/.exec(text)
      if (match === null) return tokens.failBefore(`not an address prefix: ${text}`)
      const item = {
        family: Number(match[2]),
        prefixLength: Number(match[4]),
        negated: match[1] === "!",
        address: match[3]!
      }
      const octets = addressOctets(item)
      if (octets === undefined || octets.length > 127 || item.family > 0xffff || item.prefixLength > 255) {
        return tokens.failBefore(`not an address prefix: ${text}`)
      }
      if (isInternet(item.family) && item.prefixLength > 8 * octets.length)
        return tokens.failBefore(`prefix too long: ${text}`)
      list.push({
        ...item,
        address:
          item.family === 1 ? formatIpv4(octets, 0) : item.family === 2 ? formatIpv6(octets, 0) : toHex(trim(octets))
      })
    }
    return list
  },
  print: (value) =>
    value.map((item) => `${item.negated ? "!" : ""}${item.family}:${item.address}/${item.prefixLength}`).join(" ")
})

/** Address prefix list: RFC 3123. */
export const APL = RecordType.makeInternet("APL", 42, { items })
