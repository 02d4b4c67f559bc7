/** What changed between two versions of a zone: what IXFR carries (RFC 1995 4). */
import { ResourceRecord } from "../wire/index.ts"
import { canonicalRdata } from "./canonical.ts"
import * as RRset from "./RRset.ts"
import { keysChanged, type Node, type Zone } from "./Zone.ts"

export interface Diff {
  /** Serial of the version before. */
  readonly from: number
  /** Serial of the version after. */
  readonly to: number
  /** SOA of the version before included; a changed TTL is a removal and an addition. */
  readonly removed: ReadonlyArray<ResourceRecord.ResourceRecord>
  readonly added: ReadonlyArray<ResourceRecord.ResourceRecord>
}

/** The difference of two versions of one zone. */
export const between = (before: Zone, after: Zone): Diff => {
  const removed: Array<ResourceRecord.ResourceRecord> = []
  const added: Array<ResourceRecord.ResourceRecord> = []
  const compare = (old: Zone["nodes"], now: Zone["nodes"]) => {
    for (const [key, node] of old) {
      const other = now.get(key)
      if (other === node) continue
      const difference = ofRecords([...node.records()], [...(other?.records() ?? [])])
      removed.push(...difference.removed)
      added.push(...difference.added)
    }
    for (const [key, node] of now) if (!old.has(key)) added.push(...node.records())
  }
  const keys = keysChanged(after, before)
  if (keys === undefined) {
    compare(before.nodes, after.nodes)
    compare(before.hashes, after.hashes)
  } else {
    compare(only(before.nodes, keys), only(after.nodes, keys))
    compare(only(before.hashes, keys), only(after.hashes, keys))
  }
  return { from: before.serial, to: after.serial, removed, added }
}

const only = (nodes: Zone["nodes"], keys: ReadonlySet<string>): Zone["nodes"] => {
  const out = new Map<string, Node>()
  for (const key of keys) {
    const node = nodes.get(key)
    if (node !== undefined) out.set(key, node)
  }
  return out
}

/** The difference of two lists of records with one owner. */
export const ofRecords = (
  before: ReadonlyArray<ResourceRecord.ResourceRecord>,
  after: ReadonlyArray<ResourceRecord.ResourceRecord>
): Pick<Diff, "removed" | "added"> => {
  const old = new Map(before.map((record) => [identity(record), record]))
  const now = new Map(after.map((record) => [identity(record), record]))
  return {
    removed: [...old].filter(([key]) => !now.has(key)).map(([, record]) => record),
    added: [...now].filter(([key]) => !old.has(key)).map(([, record]) => record)
  }
}

const identity = (record: ResourceRecord.ResourceRecord): string => {
  const type = RRset.typeOf(record)
  const rdata = canonicalRdata(type, ResourceRecord.dataOctets(record))
  return `${type} ${record.ttl} ${Buffer.from(rdata).toString("latin1")}`
}
