/** What a view adds to a query: the OPT record it is sent with, and the key it is cached under. */
import * as Result from "effect/Result"
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import type { View } from "./Answer.ts"
import * as Query from "./Query.ts"
import type { Server } from "./Servers.ts"

/** Empty for the usual view. */
export const key = (view: View): string =>
  (view.dnssecOk === true ? "DO" : "") +
  (view.checkingDisabled === true ? "CD" : "") +
  (view.clientSubnet === undefined ? "" : `ECS${view.clientSubnet}`)

interface Options {
  readonly udpPayload: number
  readonly cookies: boolean
}

/** The OPT record for a query to a server. */
export const opt = (server: Server, view: View | undefined, options: Options): Uint8Array => {
  if (view !== undefined && key(view) !== "") return encode(server, view, options)
  return (server.usualOpt ??= encode(server, undefined, options))
}

export const learnCookie = (server: Server, cookie: Uint8Array): void => {
  const before = server.serverCookie
  if (before !== undefined && before.length === cookie.length && before.every((octet, i) => octet === cookie[i])) return
  server.serverCookie = Uint8Array.from(cookie)
  server.usualOpt = undefined
}

export const forgetCookie = (server: Server): void => {
  server.serverCookie = undefined
  server.usualOpt = undefined
}

const encode = (server: Server, view: View | undefined, options: Options): Uint8Array => {
  const parts: Array<Uint8Array> = []
  if (options.cookies) {
    parts.push(option(10, [server.clientCookie, server.serverCookie ?? new Uint8Array(0)]))
  }
  if (view?.clientSubnet !== undefined) parts.push(option(8, [subnet(view.clientSubnet)]))
  return Query.encodeOpt({
    udpPayload: options.udpPayload,
    dnssecOk: view?.dnssecOk === true,
    options: parts.length === 0 ? undefined : Buffer.concat(parts)
  })
}

/** Why a view cannot be asked for; undefined when it can. */
export const objection = ({ clientSubnet }: View): string | undefined =>
  clientSubnet === undefined || Result.isSuccess(IpNetwork.fromString(clientSubnet))
    ? undefined
    : `"${clientSubnet}" is no network: write 192.0.2.0/24 or 2001:db8::/56`

/** An EDNS option with its code and length (RFC 6891 section 6.1.2). */
export const option = (code: number, data: ReadonlyArray<Uint8Array>): Uint8Array => {
  const whole = Buffer.concat(data)
  return Buffer.concat([Uint8Array.of(code >> 8, code & 255, whole.length >> 8, whole.length & 255), whole])
}

/** RFC 7871 section 6: family, lengths, and no more octets of the address than the prefix has. */
export const subnet = (text: string): Uint8Array => {
  const network = Result.getOrThrow(IpNetwork.fromString(text))
  const { address, prefix } = { address: network.address, prefix: network.prefixLength }
  const four = NetAddress.isIpv4Address(address)
  const octets = Uint8Array.from(four ? NetAddress.ipv4ToOctets(address) : NetAddress.ipv6ToOctets(address))
  return Buffer.concat([Uint8Array.of(0, four ? 1 : 2, prefix, 0), octets.subarray(0, Math.ceil(prefix / 8))])
}
