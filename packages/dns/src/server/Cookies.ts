/**
 * DNS cookies of a server (RFC 7873, in the form of RFC 9018): what a client that gives one back has shown is that it gets what is
 * sent to its address. Nothing is kept for a client; a cookie is a MAC of its address and a time.
 */
import { parseIpv4, parseIpv6 } from "../wire/fields/addresses.ts"
import * as limits from "./limits.ts"
import { sipHash } from "./sipHash.ts"

/** The option as it is in a message. */
export interface Cookie {
  /** 8 octets. */
  readonly client: Uint8Array
  /** None, or 8 to 32 octets. */
  readonly server: Uint8Array
}

export class Cookies {
  private readonly secrets: ReadonlyArray<Uint8Array>

  /** Secrets of 16 octets: the first makes cookies, each of them checks those that come (RFC 9018 5, a roll-over of secrets). */
  constructor(secrets: ReadonlyArray<Uint8Array>) {
    if (secrets.length === 0 || secrets.some(({ length }) => length !== 16)) {
      throw new RangeError("a secret of cookies has 16 octets")
    }
    this.secrets = secrets
  }

  /** Whether the client was given this server cookie, lately. `time` is in seconds since 1970. */
  holds({ client, server }: Cookie, address: string, time: number): boolean {
    // Version 1 has 16 octets.
    if (server.length !== 16 || server[0] !== 1) return false
    const age = (time - timestampOf(server)) | 0
    if (age > limits.cookieAge || age < -limits.cookieFuture) return false
    return this.secrets.some((secret) => {
      const hash = this.hash(secret, client, server, address)
      let difference = 0
      for (let i = 0; i < 8; i++) difference |= hash[i]! ^ server[8 + i]!
      return difference === 0
    })
  }

  /** The option of a response. The cookie is made anew for each (RFC 9018 4.3 allows that), so it always has its whole hour. */
  answer(cookie: Cookie, address: string, time: number): Cookie {
    const server = new Uint8Array(16)
    server[0] = 1
    new DataView(server.buffer).setUint32(4, time >>> 0)
    server.set(this.hash(this.secrets[0]!, cookie.client, server, address), 8)
    return { client: cookie.client, server }
  }

  private hash(secret: Uint8Array, client: Uint8Array, server: Uint8Array, address: string): Uint8Array {
    const octets = addressOctets(address)
    const input = new Uint8Array(16 + octets.length)
    input.set(client)
    input.set(server.subarray(0, 8), 8)
    input.set(octets, 16)
    return sipHash(secret, input)
  }
}

/** 4 octets for IPv4, mapped to IPv6 or not, else 16. */
const addressOctets = (address: string): Uint8Array => {
  const text = address.split("%")[0]!.replace(/^::ffff:(?=[0-9.]+$)/i, "")
  const octets = new Uint8Array(text.includes(":") ? 16 : 4)
  return (octets.length === 4 ? parseIpv4 : parseIpv6)(text, octets, 0) ? octets : new Uint8Array(0)
}

const timestampOf = (server: Uint8Array): number =>
  new DataView(server.buffer, server.byteOffset, server.length).getUint32(4)
