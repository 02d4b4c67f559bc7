/** The hash of NSEC3 (RFC 5155 5): SHA-1, the only algorithm there is, over the canonical name, iterated with a salt. */
import { hash } from "node:crypto"
import type { Name } from "../wire/index.ts"
import { fold } from "../zone/canonical.ts"

/** What an NSEC3PARAM says of the hash. */
export interface Parameters {
  readonly salt: Uint8Array
  /** Further iterations after the first: RFC 9276 3.1 wants 0. */
  readonly iterations: number
}

const alphabet = "0123456789abcdefghijklmnopqrstuv"

/** 20 octets. */
const octets = (name: Name.Name, { salt, iterations }: Parameters): Uint8Array => {
  const first = Buffer.alloc(name.octets.length + salt.length)
  for (let i = 0; i < name.octets.length; i++) first[i] = fold[name.octets[i]!]!
  first.set(salt, name.octets.length)
  let digest: Buffer = hash("sha1", first, "buffer")
  if (iterations > 0) {
    const input = Buffer.alloc(20 + salt.length)
    input.set(salt, 20)
    for (let i = 0; i < iterations; i++) {
      input.set(digest, 0)
      digest = hash("sha1", input, "buffer")
    }
  }
  return digest
}

/** Base32 with the extended hex alphabet, in lower case, without padding (RFC 4648 7): the label of an NSEC3 owner. */
const toBase32 = (digest: Uint8Array): string => {
  let text = ""
  let bits = 0
  let value = 0
  for (const octet of digest) {
    value = (value << 8) | octet
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += alphabet[(value >>> bits) & 31]
    }
    value &= 31
  }
  if (bits > 0) text += alphabet[(value << (5 - bits)) & 31]
  return text
}

/** The octets of such a label, in either case; undefined when it is not one. */
const fromBase32 = (text: string): Uint8Array | undefined => {
  const out = new Uint8Array(Math.floor((text.length * 5) / 8))
  let bits = 0
  let value = 0
  let at = 0
  for (const char of text.toLowerCase()) {
    const digit = alphabet.indexOf(char)
    if (digit < 0) return undefined
    value = ((value << 5) | digit) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      out[at++] = value >>> bits
    }
  }
  return out
}

const label = (name: Name.Name, parameters: Parameters): string => toBase32(octets(name, parameters))

/** A name's hash under given parameters (RFC 5155 section 5). */
export const nsec3Hash = { octets, label, toBase32, fromBase32 }
