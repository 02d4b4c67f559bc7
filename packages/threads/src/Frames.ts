/**
 * Messages on a pipe between the pool and a worker process. No import of Effect.
 *
 * A frame is the length of its payload (32 bits, little-endian, as all), the number of the call that it starts or ends
 * (32 bits; `noCall` if none), and the payload: words of the codec (`Codec.ts`) where the message is small and plain, and
 * otherwise a structured clone as V8 writes it, whose first octet is one that no word of the codec begins with. V8's
 * takes two objects of its own a message, each way, which the collector must finalise: a fifth of a call. Of a typed array
 * only its own octets travel, and a `Buffer` arrives as a `Uint8Array`, as from a thread.
 *
 * Node's own channel would do most of this. Turned down: what it cannot read it throws, uncaught, in the process that
 * reads, so that a child could end the pool's process by a `WebAssembly.Module`, or by any octets; modules find
 * `process.send` and write between; and what is shared is copied without a word.
 */
import type { Duplex } from "node:stream"
import { DefaultDeserializer, DefaultSerializer } from "node:v8"
import { Codec } from "./Codec.ts"
import { payloadOctets } from "./limits.ts"

export const noCall = -1

const headOctets = 8

/** What typed arrays are called; by number on the wire. */
const views = [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
  "DataView"
]

const refuse = (what: string): Error =>
  new DOMException(`${what} could not be cloned: it does not reach another process`, "DataCloneError")

const shared = "Shared memory"

class Writer extends DefaultSerializer {
  // V8 and Node call these by their names.
  _getDataCloneError(message: string): Error {
    return new DOMException(message, "DataCloneError")
  }

  _getSharedArrayBufferId(): never {
    throw refuse(shared)
  }

  _writeHostObject(value: any): void {
    if (!ArrayBuffer.isView(value)) throw refuse(Object.prototype.toString.call(value))
    if (value.buffer instanceof SharedArrayBuffer) throw refuse(shared)
    if (value.buffer.detached) throw refuse("A buffer that was moved away")
    this.writeUint32(views.indexOf(Object.prototype.toString.call(value).slice(8, -1)))
    this.writeUint32(value.byteLength)
    this.writeRawBytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
  }
}

class Reader extends DefaultDeserializer {
  _readHostObject(): any {
    const name = views[this.readUint32()]!
    // A copy: alignment, and a result that does not keep everything alive that came with it.
    const { buffer } = new Uint8Array(this.readRawBytes(this.readUint32()))
    return new (globalThis as any)[name](buffer)
  }
}

const serialize = (value: unknown): Buffer => {
  const writer = new Writer()
  writer.writeHeader()
  writer.writeValue(value)
  return writer.releaseBuffer()
}

const deserialize = (octets: Buffer): unknown => {
  const reader = new Reader(octets)
  reader.readHeader()
  return reader.readValue()
}

/** A value as it arrives in another process. Throws a DataCloneError if it does not. */
export const clone = (value: unknown): unknown => deserialize(serialize(value))

/** One small frame, while it is written or read. */
const small = new ArrayBuffer(headOctets + payloadOctets)
const smallOctets = Buffer.from(small)
const smallWords = new Int32Array(small)
const payloadAt = headOctets >> 2
const codec = new Codec(small)
/** A getter of the value that is being written may itself send something. */
let isWriting = false

/** The frame of a message that the codec knows, or undefined. */
const writeSmall = (call: number, message: unknown): Buffer | undefined => {
  if (isWriting) return undefined
  isWriting = true
  try {
    if (!codec.write(message, payloadAt, smallWords.length)) return undefined
    const end = codec.position * 4
    smallOctets.writeUInt32LE(end - headOctets, 0)
    smallOctets.writeInt32LE(call, 4)
    return Buffer.from(smallOctets.subarray(0, end))
  } finally {
    isWriting = false
  }
}

/** What V8's own begin with. */
const cloneMark = 0xff

/** Reads the frame that ends at `end`. */
const readFrame = (octets: Buffer, end: number): unknown => {
  if (octets[headOctets] === cloneMark || end > small.byteLength) return deserialize(octets.subarray(headOctets, end))
  octets.copy(smallOctets, 0, 0, end)
  const message = codec.read(payloadAt)
  // Behind it lies what is left of earlier messages: whoever read on was not reading what the codec wrote.
  if (codec.position * 4 !== end)
    throw new Error(`a value of ${codec.position * 4 - headOctets} octets in ${end - headOctets}`)
  return message
}

/** Sends a message, whole. Throws a DataCloneError if it cannot be, and then has sent nothing. */
export const write = (pipe: Duplex, call: number, message: unknown): void => {
  const frame = writeSmall(call, message)
  if (frame !== undefined) {
    pipe.write(frame)
    return
  }
  const payload = serialize(message)
  if (payload.length > 0xffff_ffff) throw refuse(`What takes ${payload.length} octets`)
  const head = Buffer.allocUnsafe(headOctets)
  head.writeUInt32LE(payload.length, 0)
  head.writeInt32LE(call, 4)
  pipe.cork()
  pipe.write(head)
  pipe.write(payload)
  pipe.uncork()
}

export interface Events {
  readonly message: (message: unknown) => void
  /** A frame that cannot be read, and the call that it was about. */
  readonly unreadable: (call: number, error: Error) => void
}

/** Reads frames from a pipe as they come. */
export const read = (pipe: Duplex, events: Events): void => {
  let chunks: Array<Buffer> = []
  let size = 0
  let needed = headOctets
  pipe.on("data", (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    // A frame of many chunks is put together once, when the last is there.
    while (size >= needed) {
      const all = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)
      const end = headOctets + all.readUInt32LE(0)
      chunks = [all]
      needed = end
      if (size < end) break
      chunks = size === end ? [] : [all.subarray(end)]
      size -= end
      needed = headOctets
      let message: unknown
      try {
        message = readFrame(all, end)
      } catch (error) {
        events.unreadable(all.readInt32LE(4), error as Error)
        continue
      }
      events.message(message)
    }
  })
}
