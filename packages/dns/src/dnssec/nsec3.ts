/** What NSEC3 records prove: RFC 5155 8. The records were verified before; all are of one zone. */
import { Name } from "../wire/index.ts"
import * as types from "../zone/types.ts"
import type { Budget } from "./Budget.ts"
import { lacks, wildcardOf } from "./nsec.ts"
import { nsec3Hash } from "./nsec3Hash.ts"
import * as typeBitmap from "./typeBitmap.ts"
import { ancestorOf } from "./verify.ts"

export interface Nsec3 {
  readonly hash: Uint8Array
  readonly next: Uint8Array
  readonly optOut: boolean
  readonly iterations: number
  readonly salt: Uint8Array
  /** Whether the name has a type; of ANY, whether it has any. */
  readonly has: (type: number) => boolean
}

/** Undefined for what must be passed over: another hash, unknown flags (RFC 5155 8.1, 8.2), an owner that is no hash. */
export const read = (owner: Name.Name, octets: Uint8Array, zone: Name.Name): Nsec3 | undefined => {
  // A copy, since it may be kept longer than the message that it came in.
  const rdata = Uint8Array.from(octets)
  const saltLength = rdata[4] ?? 0
  const nextAt = 6 + saltLength
  const nextLength = rdata[nextAt - 1] ?? 0
  const bits = nextAt + nextLength
  const label = Name.labels(owner)[0]
  if (rdata[0] !== 1 || (rdata[1]! & 0xfe) !== 0 || rdata.length < bits || label === undefined) return undefined
  if (!Name.equals(Name.parent(owner), zone)) return undefined
  const hash = nsec3Hash.fromBase32(Buffer.from(label).toString("latin1"))
  if (hash?.length !== 20 || nextLength !== 20) return undefined
  return {
    hash,
    next: rdata.subarray(nextAt, bits),
    optOut: rdata[1] === 1,
    iterations: (rdata[2]! << 8) | rdata[3]!,
    salt: rdata.subarray(5, 5 + saltLength),
    has: (type) => (type === types.ANY ? rdata.length > bits : typeBitmap.has(rdata, bits, type))
  }
}

/** Thrown when the budget of hashes is spent. */
export class TooManyHashes extends Error {}

/** The records of one answer, and the hashes that were computed for it. */
export class Denial {
  readonly records: ReadonlyArray<Nsec3>
  readonly zone: Name.Name
  private readonly budget: Budget
  private readonly known = new Map<string, Uint8Array>()

  /** All records have the same parameters as the first: others are of another chain (RFC 5155 8.2). */
  constructor(records: ReadonlyArray<Nsec3>, zone: Name.Name, budget: Budget) {
    const first = records[0]!
    this.records = records.filter(
      ({ iterations, salt }) => iterations === first.iterations && Buffer.compare(salt, first.salt) === 0
    )
    this.zone = zone
    this.budget = budget
  }

  private hash(name: Name.Name): Uint8Array {
    const key = Name.key(name)
    let hash = this.known.get(key)
    if (hash === undefined) {
      const parameters = this.records[0]!
      this.budget.hashes -= 1 + parameters.iterations
      if (this.budget.hashes < 0) throw new TooManyHashes()
      this.known.set(key, (hash = nsec3Hash.octets(name, parameters)))
    }
    return hash
  }

  matching(name: Name.Name): Nsec3 | undefined {
    const hash = this.hash(name)
    return this.records.find((record) => Buffer.compare(record.hash, hash) === 0)
  }

  covering(name: Name.Name): Nsec3 | undefined {
    const hash = this.hash(name)
    return this.records.find((record) => {
      const after = Buffer.compare(record.hash, hash) < 0
      const before = Buffer.compare(hash, record.next) < 0
      // The last record leads back to the first; a chain of one covers all but itself.
      return Buffer.compare(record.hash, record.next) < 0
        ? after && before
        : (after || before) && Buffer.compare(record.hash, hash) !== 0
    })
  }

  /** The closest encloser, and what covers the name one label below it (RFC 5155 8.3); undefined when not proven. */
  encloser(name: Name.Name): { readonly encloser: Name.Name; readonly cover: Nsec3 } | undefined {
    let nextCloser: Name.Name | undefined
    let at = name
    while (Name.isSubdomainOf(at, this.zone)) {
      const match = this.matching(at)
      if (match !== undefined) {
        if (nextCloser === undefined) return undefined
        if (match.has(types.DNAME) || (match.has(types.NS) && !match.has(types.SOA))) return undefined
        const cover = this.covering(nextCloser)
        return cover === undefined ? undefined : { encloser: at, cover }
      }
      if (Name.isRoot(at)) return undefined
      nextCloser = at
      at = Name.parent(at)
    }
    return undefined
  }

  /** That there is no such name; `insecure` when opt-out leaves open that an unsigned delegation leads to it. */
  provesNoName(name: Name.Name): "proven" | "insecure" | undefined {
    const found = this.encloser(name)
    if (found === undefined || this.covering(wildcardOf(found.encloser)) === undefined) return undefined
    return found.cover.optOut ? "insecure" : "proven"
  }

  provesNoData(name: Name.Name, type: number): "proven" | "insecure" | "contradicted" | undefined {
    const match = this.matching(name)
    if (match !== undefined) return lacks(match, type, name) ? "proven" : "contradicted"
    const found = this.encloser(name)
    if (found === undefined) return undefined
    const wildcard = this.matching(wildcardOf(found.encloser))
    if (wildcard !== undefined) {
      if (!lacks(wildcard, type, undefined)) return "contradicted"
      return found.cover.optOut ? "insecure" : "proven"
    }
    // No such name in the chain: with opt-out an unsigned delegation, or an empty name above one (RFC 5155 8.6, erratum 3441).
    return found.cover.optOut ? "insecure" : undefined
  }

  /** That nothing is closer to the name than the wildcard of `encloser` (RFC 5155 8.8). */
  provesNothingCloser(name: Name.Name, encloser: Name.Name): "proven" | "insecure" | undefined {
    const cover = this.covering(ancestorOf(name, Name.countLabels(encloser) + 1))
    return cover === undefined ? undefined : cover.optOut ? "insecure" : "proven"
  }
}
