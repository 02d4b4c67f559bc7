/** A signature of a record set (RFC 4034 3), read from rdata, and the octets it is over. */
import { type Name, Name as Names } from "../wire/index.ts"
import { fold, nameEnd } from "../zone/canonical.ts"

export interface Rrsig {
  readonly typeCovered: number
  readonly algorithm: number
  /** Labels of the owner that was signed: fewer than the owner's own when a wildcard was expanded. */
  readonly labels: number
  readonly originalTtl: number
  /** Seconds modulo 2^32 (RFC 4034 3.1.5). */
  readonly expiration: number
  readonly inception: number
  readonly keyTag: number
  readonly signer: Name.Name
  readonly signature: Uint8Array
  /** The rdata before the signature, the signer in lower case: what is signed of it. */
  readonly head: Uint8Array
}

/** Undefined when it is cut short. */
export const read = (rdata: Uint8Array): Rrsig | undefined => {
  const end = nameEnd(rdata, 18)
  if (rdata.length < 20 || end >= rdata.length || rdata[end - 1] !== 0) return undefined
  const view = new DataView(rdata.buffer, rdata.byteOffset, rdata.length)
  const head = Uint8Array.from(rdata.subarray(0, end))
  for (let i = 18; i < end; i++) head[i] = fold[head[i]!]!
  return {
    typeCovered: view.getUint16(0),
    algorithm: rdata[2]!,
    labels: rdata[3]!,
    originalTtl: view.getUint32(4),
    expiration: view.getUint32(8),
    inception: view.getUint32(12),
    keyTag: view.getUint16(16),
    signer: Names.fromOctets(rdata.subarray(18, end)),
    signature: rdata.subarray(end),
    head
  }
}

/** The rdata before the signature, of fields: what `signedOctets` takes, and what the signature is put after. */
export const head = (fields: Omit<Rrsig, "head" | "signature">): Uint8Array => {
  const signer = fields.signer.octets
  const out = Buffer.alloc(18 + signer.length)
  out.writeUInt16BE(fields.typeCovered, 0)
  out[2] = fields.algorithm
  out[3] = fields.labels
  out.writeUInt32BE(fields.originalTtl, 4)
  out.writeUInt32BE(fields.expiration >>> 0, 8)
  out.writeUInt32BE(fields.inception >>> 0, 12)
  out.writeUInt16BE(fields.keyTag, 16)
  for (let i = 0; i < signer.length; i++) out[18 + i] = fold[signer[i]!]!
  return out
}

/** Labels as RRSIG counts them: neither the root nor a leading `*` (RFC 4034 3.1.3). */
export const countLabels = (name: Name.Name): number => Names.countLabels(name) - (Names.isWildcard(name) ? 1 : 0)

/** What a signature is over (RFC 4034 3.1.8.1): `rdatas` canonical and in order, the owner cut to `labels` after a `*`. */
export const signedOctets = (options: {
  readonly head: Uint8Array
  readonly owner: Name.Name
  readonly labels: number
  readonly type: number
  readonly class: number
  readonly originalTtl: number
  readonly rdatas: ReadonlyArray<Uint8Array>
}): Uint8Array => {
  const owner = options.owner.octets
  const labels = Names.countLabels(options.owner)
  let from = 0
  for (let i = labels; i > options.labels; i--) from += owner[from]! + 1
  const star = from > 0 && !(from === 2 && Names.isWildcard(options.owner))
  const ownerLength = star ? owner.length - from + 2 : from > 0 ? owner.length : owner.length
  let length = options.head.length
  for (const rdata of options.rdatas) length += ownerLength + 10 + rdata.length
  const out = Buffer.allocUnsafe(length)
  out.set(options.head)
  let at = options.head.length
  const start = at
  const copyFrom = star ? from : 0
  for (const rdata of options.rdatas) {
    if (at === start) {
      if (star) {
        out[at++] = 1
        out[at++] = 0x2a
      }
      for (let i = copyFrom; i < owner.length; i++) out[at++] = fold[owner[i]!]!
      out[at++] = options.type >> 8
      out[at++] = options.type
      out[at++] = options.class >> 8
      out[at++] = options.class
      at = out.writeUInt32BE(options.originalTtl, at)
    } else {
      // The same owner, type, class and TTL before every record.
      out.copyWithin(at, start, start + ownerLength + 8)
      at += ownerLength + 8
    }
    out[at++] = rdata.length >> 8
    out[at++] = rdata.length
    out.set(rdata, at)
    at += rdata.length
  }
  return out
}
