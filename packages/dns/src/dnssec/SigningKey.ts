/** A key that signs a zone: the private half, and its DNSKEY. */
import type { KeyObject } from "node:crypto"
import * as Algorithm from "./Algorithm.ts"
import * as Dnskey from "./Dnskey.ts"

export interface SigningKey {
  readonly privateKey: KeyObject
  readonly dnskey: Dnskey.Dnskey
}

export interface Options {
  /** ECDSA P-256 unless told (RFC 8624 3.1 wants it implemented by all). */
  readonly algorithm?: number
  /** `zone` keys sign the data, `key` keys the DNSKEY set (SEP is set), a `single` one both (SEP is set). */
  readonly role?: "zone" | "key" | "single"
  /** Bits of an RSA modulus. */
  readonly bits?: number
}

const flagsOf = (role: Options["role"]): number => (role === "zone" ? Dnskey.ZONE : Dnskey.ZONE | Dnskey.SEP)

/** A new key. */
export const generate = (options: Options = {}): SigningKey => {
  const algorithm = options.algorithm ?? Algorithm.ECDSAP256SHA256
  return make(algorithm, flagsOf(options.role), Algorithm.generate(algorithm, options.bits))
}

/** The key of PEM text. Throws what Node throws for text that is no private key. */
export const fromPem = (pem: string, options: Options & { readonly algorithm: number }): SigningKey =>
  make(options.algorithm, flagsOf(options.role), Algorithm.fromPem(pem))

/** A key with flags of one's own: a revoked one, for example. */
export const make = (algorithm: number, flags: number, pair: Algorithm.Pair): SigningKey => {
  const rdata = Buffer.concat([Uint8Array.of(flags >> 8, flags & 255, 3, algorithm), pair.publicOctets])
  return { privateKey: pair.privateKey, dnskey: Dnskey.read(rdata)! }
}

/** The same key with other flags; its tag changes with them. */
export const withFlags = (self: SigningKey, flags: number): SigningKey =>
  make(self.dnskey.algorithm, flags, { privateKey: self.privateKey, publicOctets: self.dnskey.publicKey })

export const isSep = (self: SigningKey): boolean => (self.dnskey.flags & Dnskey.SEP) !== 0
