/**
 * Small values in shared memory, without a call into the engine for the commonest: numbers, short strings, booleans,
 * null and undefined, plain objects and arrays of those, dates, bigints of 64 bits, and the octets of typed arrays.
 * What comes out is what a structured clone gives, except that of a typed array only its own octets travel, not the rest
 * of its buffer. Everything else, what is too large, and what refers to one object twice is left to a structured clone by
 * message: `write` then says no.
 *
 * Everything is written in 32-bit words: the tag in the low four bits of a word, a length or small number above it.
 */

const UNDEFINED = 0
const NULL = 1
const FALSE = 2
const TRUE = 3
/** 28 bits, signed, above the tag. */
const INT = 4
/** Two words follow. */
const DOUBLE = 5
/** Length above the tag; one octet per character. */
const LATIN1 = 6
/** Length above the tag; two octets per character. */
const UTF16 = 7
/** Length above the tag; that many values follow. */
const ARRAY = 8
/** Count above the tag; that many times a string and a value. */
const OBJECT = 9
/** Octets above the tag, then a word that says which class, then the octets. */
const OCTETS = 10
/** Two words follow: milliseconds. */
const DATE = 11
/** Two words follow. */
const BIGINT = 12
/** A word follows. */
const INT32 = 13

export const classes = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array
] as const
export const classOf = new Map<unknown, number>(classes.map((one, i) => [one.prototype, i]))
classOf.set(Buffer.prototype, 0)
const arrayBufferClass = classes.length

/** Objects in one value, at most; beyond it the search for repetitions would cost more than a structured clone. */
const objectsMost = 32
/** Up to here characters are read one by one; native calls cost more than that. */
const shortText = 24

const scratch = new ArrayBuffer(8)
const scratchDouble = new Float64Array(scratch)
const scratchBigInt = new BigInt64Array(scratch)
const scratchWords = new Int32Array(scratch)

/** Whether nothing of a buffer but its octets is to be kept: what was moved away or can grow is a structured clone's. */
export const isPlain = (buffer: ArrayBuffer): boolean => !buffer.detached && !buffer.resizable

export class Codec {
  private readonly words: Int32Array<ArrayBufferLike>
  private readonly octets: Buffer
  private at = 0
  private end = 0
  private readonly objects: Array<object> = []
  private objectCount = 0

  constructor(buffer: ArrayBufferLike) {
    this.words = new Int32Array(buffer)
    this.octets = Buffer.from(buffer as ArrayBuffer)
  }

  /** Writes a value from word `from`, before word `end`. False if it does not fit or is not of the kind. */
  write(value: unknown, from: number, end: number): boolean {
    this.at = from
    this.end = end
    this.objectCount = 0
    const ok = this.put(value)
    // Keep nothing alive that the caller has let go.
    for (let i = 0; i < this.objectCount; i++) this.objects[i] = this
    return ok
  }

  /** As `write`, for a call's arguments: own properties of the array itself reach no function, and are not looked for. */
  writeArguments(args: ReadonlyArray<unknown>, from: number, end: number): boolean {
    this.at = from
    this.end = end
    this.objectCount = 1
    this.objects[0] = args
    const ok = this.at + 3 <= end && this.putItems(args)
    for (let i = 0; i < this.objectCount; i++) this.objects[i] = this
    return ok
  }

  /** The word after what was written or read last. */
  get position(): number {
    return this.at
  }

  /** Reads the value from word `from`. What no codec wrote is an error, or some value: never more than the words hold. */
  read(from: number): unknown {
    this.at = from
    return this.get()
  }

  /** Reads the value that follows the one read last. */
  readNext(): unknown {
    return this.get()
  }

  /** Writes a value after the one written last. */
  writeNext(value: unknown): boolean {
    return this.put(value)
  }

  private put(value: unknown): boolean {
    if (this.at + 3 > this.end) return false
    switch (typeof value) {
      case "number":
        return this.putNumber(value)
      case "string":
        return this.putString(value)
      case "boolean":
        this.words[this.at++] = value ? TRUE : FALSE
        return true
      case "undefined":
        this.words[this.at++] = UNDEFINED
        return true
      case "object":
        if (value === null) {
          this.words[this.at++] = NULL
          return true
        }
        return this.putObject(value)
      case "bigint":
        if (BigInt.asIntN(64, value) !== value) return false
        scratchBigInt[0] = value
        return this.putScratch(BIGINT)
      default:
        return false
    }
  }

  private putNumber(value: number): boolean {
    const whole = value | 0
    if (whole === value && (whole !== 0 || 1 / value > 0)) {
      if (whole >= -0x8000000 && whole < 0x8000000) this.words[this.at++] = (whole << 4) | INT
      else {
        this.words[this.at++] = INT32
        this.words[this.at++] = whole
      }
      return true
    }
    scratchDouble[0] = value
    return this.putScratch(DOUBLE)
  }

  private putScratch(tag: number): boolean {
    const { words } = this
    words[this.at] = tag
    words[this.at + 1] = scratchWords[0]!
    words[this.at + 2] = scratchWords[1]!
    this.at += 3
    return true
  }

  private putString(value: string): boolean {
    const { length } = value
    const { octets } = this
    const start = (this.at + 1) * 4
    const room = this.end * 4 - start
    if (length > room) return false
    if (length <= shortText) {
      let i = 0
      for (; i < length; i++) {
        const unit = value.charCodeAt(i)
        if (unit > 0xff) break
        octets[start + i] = unit
      }
      if (i === length) {
        this.words[this.at] = (length << 4) | LATIN1
        this.at += 1 + ((length + 3) >> 2)
        return true
      }
    }
    if (2 * length > room) return false
    octets.write(value, start, 2 * length, "utf16le")
    this.words[this.at] = (length << 4) | UTF16
    this.at += 1 + ((2 * length + 3) >> 2)
    return true
  }

  private putObject(value: object): boolean {
    for (let i = 0; i < this.objectCount; i++) if (this.objects[i] === value) return false
    if (this.objectCount === objectsMost) return false
    this.objects[this.objectCount++] = value
    if (Array.isArray(value)) return this.putArray(value)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return this.putRecord(value as Record<string, unknown>)
    if (ArrayBuffer.isView(value)) return this.putView(value, classOf.get(prototype))
    if (value instanceof Date && prototype === Date.prototype) {
      scratchDouble[0] = value.getTime()
      return this.putScratch(DATE)
    }
    return value instanceof ArrayBuffer && isPlain(value) && this.putOctets(new Uint8Array(value), arrayBufferClass)
  }

  /** Own properties besides the items (`index` of a match) are a structured clone's business. */
  private putArray(value: ReadonlyArray<unknown>): boolean {
    const { length } = value
    return length <= this.end - this.at && Object.keys(value).length === length && this.putItems(value)
  }

  private putItems(value: ReadonlyArray<unknown>): boolean {
    const { length } = value
    if (length > this.end - this.at) return false
    const start = this.at++
    for (let i = 0; i < length; i++) {
      const item = value[i]
      // And so is a hole.
      if (item === undefined && !(i in value)) return false
      if (!this.put(item)) return false
    }
    this.words[start] = (length << 4) | ARRAY
    return true
  }

  private putRecord(value: Record<string, unknown>): boolean {
    const start = this.at++
    let count = 0
    for (const key in value) {
      if (!Object.hasOwn(value, key)) continue
      if (this.at + 3 > this.end || !this.putString(key) || !this.put(value[key])) return false
      count++
    }
    this.words[start] = (count << 4) | OBJECT
    return true
  }

  private putView(view: ArrayBufferView<ArrayBufferLike>, which: number | undefined): boolean {
    if (which === undefined || view.buffer instanceof SharedArrayBuffer || !isPlain(view.buffer)) return false
    return this.putOctets(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), which)
  }

  private putOctets(octets: Uint8Array, which: number): boolean {
    const { length } = octets
    if (this.at + 2 + ((length + 3) >> 2) > this.end) return false
    this.words[this.at] = (length << 4) | OCTETS
    this.words[this.at + 1] = which
    this.octets.set(octets, (this.at + 2) * 4)
    this.at += 2 + ((length + 3) >> 2)
    return true
  }

  private get(): unknown {
    const word = this.words[this.at++]!
    switch (word & 15) {
      case INT:
        return word >> 4
      case UNDEFINED:
        return undefined
      case NULL:
        return null
      case FALSE:
        return false
      case TRUE:
        return true
      case INT32:
        return this.words[this.at++]
      case DOUBLE:
        this.getScratch()
        return scratchDouble[0]
      case LATIN1:
        return this.getLatin1(word >>> 4)
      case UTF16:
        return this.getUtf16(word >>> 4)
      case ARRAY:
        return this.getArray(word >>> 4)
      case OBJECT:
        return this.getRecord(word >>> 4)
      case OCTETS:
        return this.getOctets(word >>> 4)
      case DATE:
        this.getScratch()
        return new Date(scratchDouble[0]!)
      case BIGINT:
        this.getScratch()
        return scratchBigInt[0]
      default:
        throw new Error(`Codec: word ${this.at - 1} holds no value that this codec writes: ${word}`)
    }
  }

  private getScratch(): void {
    scratchWords[0] = this.words[this.at]!
    scratchWords[1] = this.words[this.at + 1]!
    this.at += 2
  }

  private getLatin1(length: number): string {
    const start = this.at * 4
    this.at += (length + 3) >> 2
    return this.octets.toString("latin1", start, start + length)
  }

  private getUtf16(length: number): string {
    const start = this.at * 4
    this.at += (2 * length + 3) >> 2
    return this.octets.toString("utf16le", start, start + 2 * length)
  }

  /** What claims more than there is was not written here. */
  private check(words: number): void {
    if (words > this.words.length - this.at) {
      throw new Error(`Codec: word ${this.at - 1} claims ${words} words where ${this.words.length - this.at} follow`)
    }
  }

  private getArray(length: number): Array<unknown> {
    this.check(length)
    const array: Array<unknown> = []
    for (let i = 0; i < length; i++) array.push(this.get())
    return array
  }

  private getRecord(count: number): Record<string, unknown> {
    this.check(count)
    const record: Record<string, unknown> = {}
    for (let i = 0; i < count; i++) {
      const key = this.get() as string
      if (key === "__proto__") {
        const value = this.get()
        Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true })
      } else record[key] = this.get()
    }
    return record
  }

  private getOctets(length: number): unknown {
    const which = this.words[this.at]!
    const start = (this.at + 1) * 4
    this.check(1 + ((length + 3) >> 2))
    this.at += 1 + ((length + 3) >> 2)
    const copy = new Uint8Array(length)
    copy.set(this.octets.subarray(start, start + length))
    if (which === 0) return copy
    if (which === arrayBufferClass) return copy.buffer
    return new classes[which]!(copy.buffer)
  }
}
