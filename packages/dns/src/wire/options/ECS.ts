import * as DecodeError from "../DecodeError.ts"
import * as EdnsOptionType from "../EdnsOptionType.ts"
import * as EncodeError from "../EncodeError.ts"
import { type Field, make } from "../Field.ts"
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from "../fields/addresses.ts"
import { fromHex, toHex } from "../fields/blobs.ts"

/** The client's subnet, as ECS tells it. */
export interface Subnet {
  /** Address family (IANA): 1 is IPv4, 2 IPv6, 0 asks that none be sent. */
  readonly family: number
  readonly sourcePrefix: number
  /** 0 in a query. */
  readonly scopePrefix: number
  /** Text for IPv4 and IPv6, hex for another family. */
  readonly address: string
}

/** The octets that `bits` take, the bits after them zero. */
const cut = (octets: Uint8Array, bits: number): Uint8Array => {
  const part = octets.slice(0, (bits + 7) >> 3)
  if (bits % 8 !== 0 && part.length > 0) part[part.length - 1]! &= 0xff << (8 - (bits % 8))
  return part
}

const sizeOf = (family: number): number => (family === 1 ? 4 : family === 2 ? 16 : 32)

const subnet: Field<Subnet> = make<Subnet>("json", {
  read: (reader) => {
    const at = reader.offset
    const family = reader.u16()
    const sourcePrefix = reader.u8()
    const scopePrefix = reader.u8()
    const part = reader.rest()
    const size = sizeOf(family)
    if (family === 1 || family === 2) {
      if (sourcePrefix > 8 * size || scopePrefix > 8 * size)
        DecodeError.fail("value", at + 2, "prefix longer than an address")
      if (part.length !== (sourcePrefix + 7) >> 3)
        DecodeError.fail("value", at + 4, "address of another length than its prefix")
    }
    const octets = new Uint8Array(size)
    if (family === 1 || family === 2) octets.set(part)
    const address = family === 1 ? formatIpv4(octets, 0) : family === 2 ? formatIpv6(octets, 0) : toHex(part)
    return { family, sourcePrefix, scopePrefix, address }
  },
  write: (writer, value) => {
    const { family, sourcePrefix, address } = value
    writer.u16(family)
    writer.u8(sourcePrefix)
    writer.u8(value.scopePrefix)
    if (family !== 1 && family !== 2) {
      writer.bytes(fromHex(address) ?? EncodeError.fail(`not hex: ${address}`))
      return
    }
    const octets = new Uint8Array(sizeOf(family))
    const parsed = family === 1 ? parseIpv4(address, octets, 0) : parseIpv6(address, octets, 0)
    if (!parsed || Math.max(sourcePrefix, value.scopePrefix) > 8 * octets.length)
      EncodeError.fail(`not a subnet: ${address}/${sourcePrefix}/${value.scopePrefix}`)
    writer.bytes(cut(octets, sourcePrefix))
  },
  parse: (tokens) => {
    const text = tokens.next("subnet")
    const match = /^([0-9a-f:.]+)\/([0-9]{1,3})(?:\/([0-9]{1,3}))?$/i.exec(text)
    if (match === null) return tokens.failBefore(`not a subnet: ${text}`)
    const family = match[1]!.includes(":") ? 2 : 1
    const octets = new Uint8Array(sizeOf(family))
    const parsed = family === 1 ? parseIpv4(match[1]!, octets, 0) : parseIpv6(match[1]!, octets, 0)
    const sourcePrefix = Number(match[2])
    const scopePrefix = Number(match[3] ?? 0)
    if (!parsed || Math.max(sourcePrefix, scopePrefix) > 8 * octets.length)
      return tokens.failBefore(`not a subnet: ${text}`)
    const address = family === 1 ? formatIpv4(octets, 0) : formatIpv6(octets, 0)
    return { family, sourcePrefix, scopePrefix, address }
  },
  print: (value) => `${value.address}/${value.sourcePrefix}/${value.scopePrefix}`
})

/** Subnet of the client: RFC 7871 6. */
export const ECS = EdnsOptionType.make("ECS", 8, { subnet })
