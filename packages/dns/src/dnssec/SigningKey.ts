/** A key that signs a zone: the private half, and its DNSKEY. */
import type { KeyObject } from "node:crypto"
import * as Algorithm from "./Algorithm.ts"
import * as Dnskey from "./Dnskey.ts"

export interface SigningKey {
  readonly privateKey: KeyObject
  readonly dnskey: Dnskey.Dnskey
}

/** What a new key is for, and by which algorithm. */
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

/**
 * The key of a `.private` file, as `dnssec-keygen`, `keymgr` and `ldns-keygen` write it, and of the rdata of its DNSKEY. Undefined
 * when the text is no such file, or of another key.
 */
export const fromPrivateFile = (text: string, dnskey: Uint8Array): SigningKey | undefined => {
  const key = Dnskey.read(dnskey)
  if (key === undefined) return undefined
  const fields = new Map<string, string>()
  let last = ""
  for (const line of text.split("\n")) {
    const named = /^([A-Za-z][A-Za-z0-9-]*):\s*(.*)$/.exec(line)
    if (named !== null) fields.set((last = named[1]!), named[2]!.trim())
    // RFCs break long values.
    else if (last !== "") fields.set(last, fields.get(last)! + line.trim())
  }
  if (
    !fields.get("Private-key-format")?.startsWith("v1.") ||
    Number.parseInt(fields.get("Algorithm") ?? "", 10) !== key.algorithm
  ) {
    return undefined
  }
  const privateKey = Algorithm.privateKey(key.algorithm, fields, key.publicKey)
  return privateKey === undefined ? undefined : { privateKey, dnskey: key }
}

/** A key with flags of one's own: a revoked one, for example. */
export const make = (algorithm: number, flags: number, pair: Algorithm.Pair): SigningKey => {
  const rdata = Buffer.concat([Uint8Array.of(flags >> 8, flags & 255, 3, algorithm), pair.publicOctets])
  return { privateKey: pair.privateKey, dnskey: Dnskey.read(rdata)! }
}

/** The same key with other flags; its tag changes with them. */
export const withFlags = (self: SigningKey, flags: number): SigningKey =>
  make(self.dnskey.algorithm, flags, { privateKey: self.privateKey, publicOctets: self.dnskey.publicKey })

/** Whether the key signs keys: the SEP bit (RFC 4034 section 2.1.1). */
export const isSep = (self: SigningKey): boolean => (self.dnskey.flags & Dnskey.SEP) !== 0
