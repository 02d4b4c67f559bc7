/**
 * Resource records: owner name, type, class, TTL and rdata.
 *
 * `type` tells what `data` is: `record.type === "MX"` narrows it to `{ preference, exchange }`. Rdata that is not that of
 * its type (an unknown type, a type of class IN in another class, the empty rdata of an UPDATE) is given as octets under
 * the generic name of RFC 3597, `TYPE15`; so a test for `"MX"` never meets anything else.
 */
import * as Class from "./Class.ts"
import { DecodeError, fail } from "./DecodeError.ts"
import * as EncodeError from "./EncodeError.ts"
import * as Name from "./Name.ts"
import { Reader } from "./Reader.ts"
import * as RecordTypes from "./RecordTypes.ts"
import * as Type from "./Type.ts"
import { shared, type Writer } from "./Writer.ts"

/** What every record has. */
export interface Common {
  /** The owner. */
  readonly name: Name.Name
  readonly class: Class.Class
  /** Seconds, as on the wire: 32 bits. RFC 2181 8 says to take those over 2^31 - 1 as 0. */
  readonly ttl: number
}

/** A record whose rdata is opaque. Octets in the data of a decoded message are views of it, not copies. */
export interface Generic extends Common {
  readonly type: `TYPE${number}`
  readonly data: { readonly octets: Uint8Array }
}

/** A record of the type with this mnemonic. */
export type Of<T extends RecordTypes.KnownType> = {
  readonly [K in T]: Common & { readonly type: K; readonly data: RecordTypes.DataByType[K] }
}[T]

export type ResourceRecord = Of<RecordTypes.KnownType> | Generic

/** What a type's records hold. */
export type Data<T extends RecordTypes.KnownType> = RecordTypes.DataByType[T]

/** Makes a record; the name may be text, the class is IN unless given. Throws `TextError` for a bad name. */
export const make = <T extends RecordTypes.KnownType>(fields: {
  readonly name: Name.Name | string
  readonly type: T
  readonly class?: Class.Class
  readonly ttl: number
  readonly data: Data<T>
}): Of<T> => ({
  name: typeof fields.name === "string" ? Name.fromText(fields.name) : fields.name,
  type: fields.type,
  class: fields.class ?? "IN",
  ttl: fields.ttl,
  data: fields.data
})

/** Whether it is a record of this type; a type guard for `filter`. */
export const is =
  <T extends RecordTypes.KnownType>(type: T) =>
  (record: ResourceRecord): record is Extract<ResourceRecord, { readonly type: T }> =>
    record.type === type

/**
 * The record as a plain object that holds nothing of the message it came from: for a cache, which else would keep the whole
 * message, and for what must survive a structured clone.
 */
export const detach = <T extends ResourceRecord>(record: T): T =>
  ({
    name: record.name,
    type: record.type,
    class: record.class,
    ttl: record.ttl,
    data: detachValue(record.data)
  }) as T

const detachValue = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null || value instanceof Name.Name) return value
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (Array.isArray(value)) return value.map(detachValue)
  const copy: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) copy[key] = detachValue(inner)
  return copy
}

/** The rdata as octets, names uncompressed. Throws `EncodeError`. */
export const dataOctets = (record: ResourceRecord): Uint8Array => {
  shared.start(false)
  writeData(shared, record)
  return shared.take()
}

/** Rdata from octets on their own, as they stand in no message. */
export const decodeData = (
  type: string,
  octets: Uint8Array,
  cls: Class.Class = "IN"
): ResourceRecord["data"] | DecodeError => {
  const code = Type.codeOf(type)
  const codec = code === undefined || type.startsWith("TYPE") ? undefined : codecOf(code, Class.codeOf(cls) ?? 0)
  if (codec === undefined) return { octets }
  try {
    codec.check(new Reader(octets))
    return codec.read(new Reader(octets)) as ResourceRecord["data"]
  } catch (error) {
    if (error instanceof DecodeError) return error
    throw error
  }
}

/** The codec that rdata is read with; undefined when it is opaque. */
export const codecOf = (type: number, cls: number): RecordTypes.Any | undefined => {
  const codec = RecordTypes.byCode(type)
  return codec !== undefined && codec.internetOnly && cls !== Class.IN && cls !== Class.NONE ? undefined : codec
}

/** A record read from a message when it is looked at: the checks were made when the message was decoded. */
export class Decoded implements Common {
  readonly type: string
  readonly class: Class.Class
  readonly ttl: number
  private readonly reader: Reader
  private readonly start: number
  private readonly dataStart: number
  private readonly codec: RecordTypes.Any | undefined
  private knownName: Name.Name | undefined = undefined
  private knownData: unknown = undefined

  /** `fixed` is the offset of the type, right after the owner, which is at `start`. */
  /** @internal */
  constructor(reader: Reader, start: number, fixed: number) {
    const octets = reader.octets
    const type = (octets[fixed]! << 8) | octets[fixed + 1]!
    const cls = (octets[fixed + 2]! << 8) | octets[fixed + 3]!
    this.codec = isEmptyUpdate(octets, fixed, cls) ? undefined : codecOf(type, cls)
    this.type = this.codec === undefined ? `TYPE${type}` : this.codec.name
    this.class = Class.nameOf(cls)
    this.ttl =
      ((octets[fixed + 4]! << 24) | (octets[fixed + 5]! << 16) | (octets[fixed + 6]! << 8) | octets[fixed + 7]!) >>> 0
    this.reader = reader
    this.start = start
    this.dataStart = fixed + 10
  }

  get name(): Name.Name {
    if (this.knownName !== undefined) return this.knownName
    const reader = this.reader
    reader.offset = this.start
    reader.end = reader.octets.length
    return (this.knownName = Name.read(reader))
  }

  get data(): unknown {
    if (this.knownData !== undefined) return this.knownData
    const reader = this.reader
    const octets = reader.octets
    reader.offset = this.dataStart
    reader.end = this.dataStart + ((octets[this.dataStart - 2]! << 8) | octets[this.dataStart - 1]!)
    return (this.knownData = this.codec === undefined ? { octets: reader.rest() } : this.codec.read(reader))
  }

  toJSON(): unknown {
    return { name: this.name, type: this.type, class: this.class, ttl: this.ttl, data: this.data }
  }
}

const isEmptyUpdate = (octets: Uint8Array, fixed: number, cls: number): boolean =>
  (cls === Class.ANY || cls === Class.NONE) && octets[fixed + 8] === 0 && octets[fixed + 9] === 0

/** @internal Checks the record at the reader and moves past it; returns the offset of its type. Throws `DecodeError`. */
export const skip = (reader: Reader): number => {
  const octets = reader.octets
  const length = octets.length
  reader.end = length
  Name.skip(reader)
  const fixed = reader.offset
  if (fixed + 10 > length) return fail("message", fixed, "record runs past the end")
  const end = fixed + 10 + ((octets[fixed + 8]! << 8) | octets[fixed + 9]!)
  if (end > length) return fail("message", fixed + 8, "rdata runs past the end")
  const cls = (octets[fixed + 2]! << 8) | octets[fixed + 3]!
  const codec = codecOf((octets[fixed]! << 8) | octets[fixed + 1]!, cls)
  if (codec !== undefined && !isEmptyUpdate(octets, fixed, cls)) {
    reader.offset = fixed + 10
    reader.end = end
    codec.check(reader)
  }
  reader.offset = end
  return fixed
}

/** @internal Writes a record. Throws `EncodeError`. */
export const write = (writer: Writer, record: ResourceRecord): void => {
  writer.compressible(record.name)
  const codec = RecordTypes.byName(record.type)
  writer.u16(codec === undefined ? typeCode(record.type) : codec.code)
  writer.u16(Class.codeOf(record.class) ?? EncodeError.fail(`unknown class ${record.class}`))
  writer.u32(record.ttl)
  const start = writer.open()
  if (codec === undefined) writer.bytes((record as Generic).data.octets)
  else codec.write(writer, record.data)
  writer.close(start)
}

const writeData = (writer: Writer, record: ResourceRecord): void => {
  const codec = RecordTypes.byName(record.type)
  if (codec === undefined) writer.bytes((record as Generic).data.octets)
  else codec.write(writer, record.data)
}

const typeCode = (type: string): number => Type.codeOf(type) ?? EncodeError.fail(`unknown type ${type}`)
