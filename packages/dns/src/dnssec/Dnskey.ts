/** A public key of a zone (RFC 4034 2), read from rdata, and its tag. */
import { hash } from "node:crypto"
import type { Name } from "../wire/index.ts"
import { fold } from "../zone/canonical.ts"

export interface Dnskey {
  readonly flags: number
  readonly protocol: number
  readonly algorithm: number
  readonly publicKey: Uint8Array
  readonly rdata: Uint8Array
  readonly tag: number
}

/** ZONE: without it the key signs nothing in a zone. */
export const ZONE = 0x0100
/** REVOKE (RFC 5011 2.1). */
export const REVOKE = 0x0080
/** SEP: by custom the key that DS records point to; validation does not look at it. */
export const SEP = 0x0001

/** Undefined when it is shorter than a key can be. */
export const read = (rdata: Uint8Array): Dnskey | undefined =>
  rdata.length < 5
    ? undefined
    : {
        flags: (rdata[0]! << 8) | rdata[1]!,
        protocol: rdata[2]!,
        algorithm: rdata[3]!,
        publicKey: rdata.subarray(4),
        rdata,
        tag: keyTag(rdata)
      }

/** Whether signatures in a zone may be checked with it (RFC 4034 2.1.1, 2.1.2). */
export const signsZone = (key: Dnskey): boolean => (key.flags & ZONE) !== 0 && key.protocol === 3

/** Whether the REVOKE bit is set (RFC 5011 section 3). */
export const isRevoked = (key: Dnskey): boolean => (key.flags & REVOKE) !== 0

/** RFC 4034 appendix B; of RSA/MD5 the low 16 bits but one octet of the modulus (B.1). */
export const keyTag = (rdata: Uint8Array): number => {
  if (rdata[3] === 1) return (rdata[rdata.length - 3]! << 8) | rdata[rdata.length - 2]!
  let sum = 0
  for (let i = 0; i < rdata.length; i++) sum += i % 2 === 0 ? rdata[i]! << 8 : rdata[i]!
  return (sum + (sum >>> 16)) & 0xffff
}

/** A delegation signer (RFC 4034 5), read from rdata. */
export interface Ds {
  readonly keyTag: number
  readonly algorithm: number
  readonly digestType: number
  readonly digest: Uint8Array
}

/** A DS record's data, read. */
export const readDs = (rdata: Uint8Array): Ds | undefined =>
  rdata.length < 5
    ? undefined
    : { keyTag: (rdata[0]! << 8) | rdata[1]!, algorithm: rdata[2]!, digestType: rdata[3]!, digest: rdata.subarray(4) }

/** Node's digests by digest type (RFC 4034, 4509, 6605). */
export const digestTypes = new Map([
  [1, "sha1"],
  [2, "sha256"],
  [4, "sha384"]
])

/** The digest of a key for a DS; undefined for a digest type that we do not know. */
export const digest = (owner: Name.Name, rdata: Uint8Array, digestType: number): Uint8Array | undefined => {
  const name = digestTypes.get(digestType)
  if (name === undefined) return undefined
  const octets = Buffer.alloc(owner.octets.length + rdata.length)
  for (let i = 0; i < owner.octets.length; i++) octets[i] = fold[owner.octets[i]!]!
  octets.set(rdata, owner.octets.length)
  return hash(name, octets, "buffer")
}

/** The rdata of the DS (or CDS) of a key. */
export const dsRdata = (owner: Name.Name, key: Dnskey, digestType = 2): Uint8Array => {
  const value = digest(owner, key.rdata, digestType)
  if (value === undefined) throw new RangeError(`digest type ${digestType} is not 1, 2 or 4`)
  return Buffer.concat([Uint8Array.of(key.tag >> 8, key.tag & 255, key.algorithm, digestType), value])
}

/** Those that count: beside a stronger digest that is known here, SHA-1 does not (RFC 4509 3). */
export const strongest = (ds: ReadonlyArray<Ds>): ReadonlyArray<Ds> => {
  const strong = ds.filter(({ digestType }) => digestType !== 1 && digestTypes.has(digestType))
  return strong.length > 0 ? strong : ds
}

/** Whether a DS is of this key. */
export const matches = (owner: Name.Name, ds: Ds, key: Dnskey): boolean => {
  if (ds.keyTag !== key.tag || ds.algorithm !== key.algorithm) return false
  const value = digest(owner, key.rdata, ds.digestType)
  return value !== undefined && Buffer.compare(value, ds.digest) === 0
}
