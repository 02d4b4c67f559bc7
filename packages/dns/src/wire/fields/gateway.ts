/** The gateway of IPSECKEY (RFC 4025 2.5) and relay of AMTRELAY (RFC 8777 4.2.4): none, an address, or a name. */
import * as DecodeError from "../DecodeError.ts"
import type { Style } from "../Field.ts"
import * as Name from "../Name.ts"
import type { Reader } from "../Reader.ts"
import type { Tokens } from "../Tokens.ts"
import type { Writer } from "../Writer.ts"
import { ipv4, ipv6 } from "./addresses.ts"
import { printName } from "./names.ts"

/** Undefined for none; the text of an address. */
export type Gateway = string | Name.Name | undefined

/** 0: none, 1: IPv4, 2: IPv6, 3: a name. */
export const typeOf = (gateway: Gateway): number =>
  gateway === undefined ? 0 : typeof gateway === "string" ? (gateway.includes(":") ? 2 : 1) : 3

export const read = (reader: Reader, type: number): Gateway =>
  type === 0
    ? undefined
    : type === 1
      ? ipv4.read(reader)
      : type === 2
        ? ipv6.read(reader)
        : type === 3
          ? Name.read(reader)
          : DecodeError.fail("value", reader.offset, `gateway of type ${type}`)

export const write = (writer: Writer, gateway: Gateway): void => {
  if (gateway === undefined) return
  if (typeof gateway !== "string") return writer.name(gateway)
  return gateway.includes(":") ? ipv6.write(writer, gateway) : ipv4.write(writer, gateway)
}

export const parse = (tokens: Tokens, type: number): Gateway => {
  if (type === 1) return ipv4.parse(tokens)
  if (type === 2) return ipv6.parse(tokens)
  if (type === 3) return tokens.name("gateway")
  if (type !== 0) return tokens.failBefore(`gateway of type ${type}`)
  if (tokens.next("gateway") !== ".") return tokens.failBefore("no gateway is written as .")
  return undefined
}

export const print = (gateway: Gateway, style: Style): string =>
  gateway === undefined ? "." : typeof gateway === "string" ? gateway : printName(gateway, style)
