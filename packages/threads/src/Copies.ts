/**
 * Large buffers on their way to another thread, copied once. A structured clone copies octets twice, out of one thread
 * into memory of its own and from there into the other, and memory touched for the first time costs as much as the
 * copying. Here they are copied once, and the copies moved.
 *
 * What arrives is what a structured clone gives, except that of a typed array only its own octets travel, as in
 * `Codec.ts`. Left to a structured clone is whatever refers to one object or buffer twice, and all but plain objects and
 * arrays around what holds octets.
 */
import { classes, classOf, isPlain } from "./Codec.ts"
import * as limits from "./limits.ts"

export interface Copies {
  /** The value with copies in the place of its large buffers. */
  readonly value: unknown
  /** The copies, to be moved. */
  readonly moved: ReadonlyArray<ArrayBuffer>
}

/** Objects in one value, at most, and entries of each: who sends more sends something else than buffers. */
const objectsMost = 32
const entriesMost = 64

/** What to send in a value's place; undefined if it is best sent as it is. */
export const of = (value: unknown): Copies | undefined => {
  const draft = new Draft()
  const holder: Holder = { value: undefined }
  if (!draft.put(value, holder, "value") || draft.larges.length === 0) return undefined
  return { moved: draft.larges.map(fill), value: holder["value"] }
}

type Holder = Record<string | number, unknown>

/** A large buffer, and where its copy goes. */
interface Large {
  readonly value: Uint8Array<ArrayBuffer> | ArrayBuffer
  readonly holder: Holder
  readonly key: string | number
}

const fill = ({ holder, key, value }: Large): ArrayBuffer => {
  if (value instanceof ArrayBuffer) {
    const copy = value.slice(0)
    holder[key] = copy
    return copy
  }
  const { buffer, byteLength, byteOffset } = value
  const copy = buffer.slice(byteOffset, byteOffset + byteLength)
  holder[key] = new classes[classOf.get(Object.getPrototypeOf(value))!]!(copy)
  return copy
}

/** The value once more, as far as it consists of plain objects and arrays; what is large is still to be put in. */
class Draft {
  readonly larges: Array<Large> = []
  private readonly seen = new Set<object>()

  /** Whether the value is of the kind that can be put together anew. */
  put(value: unknown, holder: Holder, key: string | number): boolean {
    if (typeof value === "function" || typeof value === "symbol") return false
    holder[key] = value
    if (typeof value !== "object" || value === null) return true
    if (!this.isNew(value)) return false
    const prototype: unknown = Object.getPrototypeOf(value)
    if (Array.isArray(value)) return this.putAll(value, (holder[key] = []))
    if (prototype === Object.prototype || prototype === null) return this.putAll(value, (holder[key] = {}))
    if (prototype === ArrayBuffer.prototype)
      return this.putBuffer(value as ArrayBuffer, value as ArrayBuffer, holder, key)
    if (!classOf.has(prototype)) return false
    const { buffer } = value as Uint8Array
    if (!(buffer instanceof ArrayBuffer) || !this.isNew(buffer)) return false
    return this.putBuffer(value as Uint8Array<ArrayBuffer>, buffer, holder, key)
  }

  private isNew(value: object): boolean {
    if (this.seen.size === objectsMost || this.seen.has(value)) return false
    this.seen.add(value)
    return true
  }

  private putAll(from: object, to: object): boolean {
    const entries = Object.keys(from)
    if (entries.length > entriesMost) return false
    // A hole, or own properties beside the items.
    if (Array.isArray(from) && entries.length !== from.length) return false
    if (Array.isArray(from) && !entries.every((entry, i) => entry === `${i}`)) return false
    return entries.every((key) => key !== "__proto__" && this.put((from as Holder)[key], to as Holder, key))
  }

  private putBuffer(value: Large["value"], buffer: ArrayBuffer, holder: Holder, key: string | number): boolean {
    if (!isPlain(buffer)) return false
    if (value.byteLength >= limits.copiedOctets) this.larges.push({ value, holder, key })
    return true
  }
}
