/**
 * All records of one name, class and type (RFC 2181 5).
 *
 * Types are codes here, since DNSSEC is about octets and must not depend on which types the codec has fields for.
 */
import { Class, DecodeError, Name, ResourceRecord, Type } from "../wire/index.ts"
import { canonicalRdata, compareOctets, sameOctets } from "./canonical.ts"

export class RRset {
  readonly name: Name.Name
  /** The type's code. */
  readonly type: number
  readonly class: Class.Class
  /** Seconds: the lowest of the records' (RFC 2181 5.2). */
  readonly ttl: number
  /** No two of them have equal canonical rdata. */
  readonly records: ReadonlyArray<ResourceRecord.ResourceRecord>
  private octets: ReadonlyArray<Uint8Array> | undefined = undefined

  /** Use `make`. */
  constructor(records: ReadonlyArray<ResourceRecord.ResourceRecord>, type: number, ttl: number) {
    this.name = records[0]!.name
    this.type = type
    this.class = records[0]!.class
    this.ttl = ttl
    this.records = records
  }

  /** The rdata of each record in canonical form, in canonical order (RFC 4034 6.3). */
  get rdatas(): ReadonlyArray<Uint8Array> {
    return (this.octets ??= this.records
      .map((record) => canonicalRdata(this.type, ResourceRecord.dataOctets(record)))
      .toSorted(compareOctets))
  }
}

/** A set of at least one record; equal ones are kept once. The caller says they have one name, class and type. */
export const make = (records: ReadonlyArray<ResourceRecord.ResourceRecord>): RRset => {
  const type = typeOf(records[0]!)
  let ttl = records[0]!.ttl
  for (const record of records) if (record.ttl < ttl) ttl = record.ttl
  const unique = records.length === 1 ? records : withoutEqual(type, records)
  return new RRset(
    unique.every((record) => record.ttl === ttl) ? unique : unique.map((r) => withTtl(r, ttl)),
    type,
    ttl
  )
}

const withoutEqual = (type: number, records: ReadonlyArray<ResourceRecord.ResourceRecord>) => {
  const seen = new Set<string>()
  return records.filter((record) => {
    const key = Buffer.from(canonicalRdata(type, ResourceRecord.dataOctets(record))).toString("latin1")
    return seen.has(key) ? false : seen.add(key)
  })
}

/** Sorts records into sets, in the order of the first record of each. */
export const group = (records: Iterable<ResourceRecord.ResourceRecord>): Array<RRset> => {
  const sets = new Map<string, Array<ResourceRecord.ResourceRecord>>()
  for (const record of records) {
    const key = `${record.class} ${typeOf(record)} ${Name.key(record.name)}`
    const set = sets.get(key)
    if (set === undefined) sets.set(key, [record])
    else set.push(record)
  }
  return Array.from(sets.values(), make)
}

/** The code of a record's type. */
export const typeOf = (record: ResourceRecord.ResourceRecord): number => codeOf(record.type)

const codes = new Map<string, number>()

/** The code of a mnemonic that the codec gave. */
export const codeOf = (type: string): number => {
  let code = codes.get(type)
  if (code !== undefined) return code
  code = Type.codeOf(type)
  if (code === undefined) throw new Error(`a type the codec gave has a code: ${type}`)
  codes.set(type, code)
  return code
}

/** A record from octets; throws `DecodeError` when the codec knows the type and the octets are not such rdata. */
export const recordOf = (fields: {
  readonly name: Name.Name
  readonly type: number
  readonly class?: Class.Class
  readonly ttl: number
  readonly rdata: Uint8Array
}): ResourceRecord.ResourceRecord => {
  const type = Type.nameOf(fields.type)
  const data = ResourceRecord.decodeData(type, fields.rdata, fields.class ?? "IN")
  if (data instanceof DecodeError) throw data
  const generic = ResourceRecord.codecOf(fields.type, Class.codeOf(fields.class ?? "IN") ?? 0) === undefined
  return {
    name: fields.name,
    type: generic ? `TYPE${fields.type}` : type,
    class: fields.class ?? "IN",
    ttl: fields.ttl,
    data
  } as ResourceRecord.ResourceRecord
}

/** The same record with another owner: how a wildcard is expanded. */
export const withName = (record: ResourceRecord.ResourceRecord, name: Name.Name): ResourceRecord.ResourceRecord =>
  ({
    name,
    type: record.type,
    class: record.class,
    ttl: record.ttl,
    data: record.data
  }) as ResourceRecord.ResourceRecord

/** The same record with another TTL. */
export const withTtl = (record: ResourceRecord.ResourceRecord, ttl: number): ResourceRecord.ResourceRecord =>
  ({
    name: record.name,
    type: record.type,
    class: record.class,
    ttl,
    data: record.data
  }) as ResourceRecord.ResourceRecord

/** Whether both hold the same rdata; TTLs aside. */
export const sameData = (self: RRset, that: RRset): boolean => sameOctets(self.rdatas, that.rdatas)
