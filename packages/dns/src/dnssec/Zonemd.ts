/** The digest of a whole zone (RFC 8976), scheme SIMPLE. */
import { createHash } from "node:crypto"
import { Class, Name } from "../wire/index.ts"
import { canonicalRdata, compareOctets } from "../zone/canonical.ts"
import * as RRset from "../zone/RRset.ts"
import { ResourceRecord } from "../wire/index.ts"
import * as types from "../zone/types.ts"
import type * as Zone from "../zone/Zone.ts"

/** The digest algorithm SHA-384 (RFC 8976 section 5.3). */
export const SHA384 = 1
/** The digest algorithm SHA-512 (RFC 8976 section 5.3). */
export const SHA512 = 2

const hashes = new Map([
  [SHA384, { name: "sha384", octets: 48 }],
  [SHA512, { name: "sha512", octets: 64 }]
])

/** The digest of a zone with one of the two hash algorithms. */
export const digest = (zone: Zone.Zone, algorithm: number = SHA384): Uint8Array => {
  const kind = hashes.get(algorithm)
  if (kind === undefined) throw new RangeError(`hash algorithm ${algorithm} is not 1 or 2`)
  const hash = createHash(kind.name)
  const cls = Class.codeOf(zone.class) ?? Class.IN
  const nodes = [...zone.sorted, ...zone.hashes.values()].toSorted((a, b) => Name.compare(a.name, b.name))
  for (const node of nodes) {
    const owner = Name.toLowerCase(node.name).octets
    for (const { type, ttl, rdata } of entriesOf(node, node === zone.apex)) {
      const head = Buffer.alloc(owner.length + 10)
      head.set(owner)
      head.writeUInt16BE(type, owner.length)
      head.writeUInt16BE(cls, owner.length + 2)
      head.writeUInt32BE(ttl, owner.length + 4)
      head.writeUInt16BE(rdata.length, owner.length + 8)
      hash.update(head).update(rdata)
    }
  }
  return hash.digest()
}

/** All records of a node by type, then rdata; without the apex' own ZONEMD and what signs it (RFC 8976 3.3.1). */
const entriesOf = (node: Zone.Node, apex: boolean) => {
  const entries: Array<{ readonly type: number; readonly ttl: number; readonly rdata: Uint8Array }> = []
  for (const set of node.sets.values()) {
    if (apex && set.type === types.ZONEMD) continue
    for (const rdata of set.rdatas) entries.push({ type: set.type, ttl: set.ttl, rdata })
  }
  for (const [covered, records] of node.signatures) {
    if (apex && covered === types.ZONEMD) continue
    for (const record of records) {
      const rdata = canonicalRdata(types.RRSIG, ResourceRecord.dataOctets(record))
      entries.push({ type: types.RRSIG, ttl: record.ttl, rdata })
    }
  }
  return entries.toSorted((a, b) => a.type - b.type || compareOctets(a.rdata, b.rdata))
}

const build = (serial: number, algorithm: number, value: Uint8Array): Uint8Array => {
  const out = Buffer.alloc(6 + value.length)
  out.writeUInt32BE(serial, 0)
  out[4] = 1
  out[5] = algorithm
  out.set(value, 6)
  return out
}

/** The rdata of a zone's ZONEMD. */
export const rdata = (zone: Zone.Zone, algorithm: number = SHA384): Uint8Array =>
  build(zone.serial, algorithm, digest(zone, algorithm))

/** Rdata that holds the place until the digest is known. */
export const standIn = (serial: number): Uint8Array => build(serial, SHA384, new Uint8Array(48))

/**
 * Whether a zone is what its ZONEMD says (RFC 8976 4): `none` when it has none that can be checked, `wrong` with why. The
 * record's own signature is another matter.
 */
export const check = (
  zone: Zone.Zone
):
  | { readonly status: "right" }
  | { readonly status: "none" }
  | { readonly status: "wrong"; readonly detail: string } => {
  const set = zone.apex.sets.get(types.ZONEMD)
  const seen = new Set<string>()
  let detail: string | undefined
  for (const octets of set?.rdatas ?? []) {
    const view = new DataView(octets.buffer, octets.byteOffset, octets.length)
    const algorithm = octets[5]!
    const id = `${octets[4]} ${algorithm}`
    // Two of one scheme and algorithm: none of them counts.
    if (seen.has(id)) return { status: "wrong", detail: "two digests of one kind" }
    seen.add(id)
    const kind = hashes.get(algorithm)
    if (octets[4] !== 1 || kind === undefined) continue
    if (view.getUint32(0) !== zone.serial) {
      detail ??= `the digest is of serial ${view.getUint32(0)}, the zone is ${zone.serial}`
      continue
    }
    if (compareOctets(octets.subarray(6), digest(zone, algorithm)) === 0) return { status: "right" }
    detail = "the digest is another"
  }
  return detail === undefined ? { status: "none" } : { status: "wrong", detail }
}

/** The ZONEMD record of a zone as it is. */
export const record = (zone: Zone.Zone, algorithm: number = SHA384) =>
  RRset.recordOf({
    name: zone.origin,
    type: types.ZONEMD,
    class: zone.class,
    ttl: zone.soa.ttl,
    rdata: rdata(zone, algorithm)
  })
