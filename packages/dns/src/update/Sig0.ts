/**
 * Transaction signatures with public keys (RFC 2931): the last record of a message is a SIG that covers the message. The
 * key is a KEY record's, with the algorithms of DNSSEC.
 */
import type { KeyObject } from "node:crypto"
import * as Algorithm from "../dnssec/Algorithm.ts"
import * as Dnskey from "../dnssec/Dnskey.ts"
import * as Rrsig from "../dnssec/Rrsig.ts"
import { keyObject } from "../dnssec/verify.ts"
import { Name } from "../wire/index.ts"
import * as types from "../zone/types.ts"
import * as limits from "./limits.ts"
import { recordStarts } from "./recordStarts.ts"

/** A public key and the name that it signs as. */
export interface Sig0Key {
  readonly name: Name.Name
  /** The rdata of its KEY record. */
  readonly rdata: Uint8Array
}

/** A message whose SIG(0) does not hold; `Missing` when it has none. */
export class Sig0Error extends Error {
  readonly _tag = "Sig0Error"
  override readonly name = "Sig0Error"
  readonly reason: "Missing" | "BadKey" | "BadSignature" | "BadTime" | "Format"

  constructor(reason: Sig0Error["reason"], detail: string) {
    super(detail)
    this.reason = reason
  }
}

/** The time, and how long the signature holds. */
export interface SignOptions {
  readonly signer: Name.Name
  /** The rdata of the KEY record. */
  readonly rdata: Uint8Array
  readonly privateKey: KeyObject
  /** Seconds since 1970. */
  readonly time: number
  /** The request that this answers, with its own SIG (RFC 2931 3.1). */
  readonly request?: Uint8Array
}

/** The message with a SIG after its last record. */
export const sign = (octets: Uint8Array, options: SignOptions): Uint8Array => {
  const key = Dnskey.read(options.rdata)
  if (key === undefined || !Algorithm.isSupported(key.algorithm)) throw new RangeError("not a key that can sign")
  const head = Rrsig.head({
    typeCovered: 0,
    algorithm: key.algorithm,
    labels: 0,
    originalTtl: 0,
    expiration: options.time + limits.sig0Window,
    inception: options.time - limits.sig0Window,
    keyTag: key.tag,
    signer: options.signer
  })
  const covered = Buffer.concat([head, options.request ?? new Uint8Array(0), octets])
  const signature = Algorithm.sign(key.algorithm, options.privateKey, covered)
  const rdata = Buffer.concat([head, signature])
  const out = Buffer.concat([
    octets,
    Uint8Array.of(0, 0, types.SIG, 0, 255, 0, 0, 0, 0, rdata.length >> 8, rdata.length & 255),
    rdata
  ])
  out.writeUInt16BE(out.readUInt16BE(10) + 1, 10)
  return out
}

/** Whether the last record of a message is a SIG(0). */
export const isSigned = (octets: Uint8Array): boolean => {
  const last = recordStarts(octets).at(-1)
  return last !== undefined && last.type === types.SIG && octets[last.data] === 0 && octets[last.data + 1] === 0
}

/** Whether a message's SIG(0) holds with one of the keys: that key, or why not. `octets` must be a message that decodes. */
export const verify = (
  octets: Uint8Array,
  keys: ReadonlyArray<Sig0Key>,
  options: { readonly time: number; readonly request?: Uint8Array }
): Sig0Key | Sig0Error => {
  const last = recordStarts(octets).at(-1)
  if (last === undefined || last.type !== types.SIG) return new Sig0Error("Missing", "no SIG(0)")
  const sig = Rrsig.read(octets.subarray(last.data, last.end))
  if (sig === undefined || sig.typeCovered !== 0) return new Sig0Error("Format", "not a SIG(0)")
  if (((sig.expiration - options.time) | 0) < 0 || ((options.time - sig.inception) | 0) < 0) {
    return new Sig0Error("BadTime", "the SIG(0) is not valid now")
  }
  const unsigned = Buffer.from(octets.subarray(0, last.start))
  unsigned.writeUInt16BE(unsigned.readUInt16BE(10) - 1, 10)
  const covered = Buffer.concat([sig.head, options.request ?? new Uint8Array(0), unsigned])
  const candidates = keys.filter(({ name, rdata }) => {
    const key = Dnskey.read(rdata)
    return (
      key !== undefined && Name.equals(name, sig.signer) && key.tag === sig.keyTag && key.algorithm === sig.algorithm
    )
  })
  if (candidates.length === 0) return new Sig0Error("BadKey", `no key ${sig.keyTag} of ${Name.toText(sig.signer)}`)
  for (const candidate of candidates.slice(0, limits.sig0Keys)) {
    const usable = keyObject(Dnskey.read(candidate.rdata)!)
    if (usable !== undefined && Algorithm.verify(sig.algorithm, usable, covered, sig.signature)) return candidate
  }
  return new Sig0Error("BadSignature", "the SIG(0) does not hold")
}
