import { createRequire } from "node:module"

/** What is used of `dns-packet`, which has no types. */
interface DnsPacket {
  readonly decode: (octets: Uint8Array) => { readonly answers?: ReadonlyArray<unknown> }
  readonly encode: (packet: object) => Buffer
}

export const dnsPacket = createRequire(import.meta.url)("dns-packet") as DnsPacket
