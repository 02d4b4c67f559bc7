/**
 * Framing: where one message ends and the next begins. Pure: octets in, frames out, no socket.
 *
 * Octets go into an `Inlet`, in chunks cut anywhere; a `Framing` takes frames off its head. A framing keeps no state
 * of its own, all of it is in the inlet, so it can be another one for each frame: what asynchat's `set_terminator`
 * does. A frame is given as a range of the inlet's buffer, and becomes a view or a copy only when somebody asks.
 */
import * as Schema from "effect/Schema"
import * as limits from "../limits.ts"

/** A frame, or its header, announced or reached more octets than allowed. What was read is still there. */
export class FrameTooLong extends Schema.TaggedError<FrameTooLong>()("FrameTooLong", {
  framing: Schema.String,
  /** Octets allowed. */
  limit: Schema.Int,
  /** Octets announced, or come without an end. */
  octets: Schema.Number
}) {
  override get message(): string {
    return `${this.framing}: ${this.octets} octets in a frame of at most ${this.limit}`
  }
}

/** What came is not of this framing. */
export class MalformedFrame extends Schema.TaggedError<MalformedFrame>()("MalformedFrame", {
  framing: Schema.String,
  detail: Schema.String
}) {
  override get message(): string {
    return `${this.framing}: ${this.detail}`
  }
}

/** The octets ended inside a frame. */
export class CutFrame extends Schema.TaggedError<CutFrame>()("CutFrame", {
  framing: Schema.String,
  /** Octets of the frame that had come. */
  octets: Schema.Int
}) {
  override get message(): string {
    return `${this.framing}: the end came ${this.octets} octets into a frame`
  }
}

/** Why there is no frame. */
export type FramingError = FrameTooLong | MalformedFrame | CutFrame

/** `frame`: it is in `inlet.frame*` and taken off. `more`: not whole yet. */
export type Step = "frame" | "more" | FramingError

/** Where a frame begins and ends, both ways. */
export interface Framing {
  readonly name: string
  /** Takes one whole frame off the head. */
  readonly next: (inlet: Inlet) => Step
  /** What the remainder is, once no more will come: a last frame, nothing (`more`), or an error. */
  readonly last: (inlet: Inlet) => Step
  /** A payload as it goes over the wire. Throws `FrameTooLong` or `MalformedFrame` if it cannot go. */
  readonly encode: (payload: Uint8Array) => Uint8Array
}

const nothing = Buffer.alloc(0)

/** Octets to be found, as octets and as text of which each character is one. */
export interface Mark {
  readonly octets: Buffer
  readonly text: string
}

/** A mark of these octets. */
export const markOf = (octets: Buffer): Mark => ({ octets, text: octets.toString("latin1") })

/** From how many octets on a text is made for searching; below, making it costs more than it saves. */
const worthText = 512

/**
 * Octets that came and were not taken yet. While whole frames come, a chunk is read where it lies; only a remainder is
 * copied, by `keep`.
 */
export class Inlet {
  buffer: Buffer = nothing
  /** The unread octets are `buffer[start..end)`. */
  start = 0
  end = 0
  /** The last frame taken is `buffer[frameStart..frameEnd)`, until the next `push` or `keep`. */
  frameStart = 0
  frameEnd = 0
  /** Octets from `start` in which `scannedFor` was looked for in vain. */
  scanned = 0
  scannedFor: unknown = undefined
  /** Whether the buffer is ours to write to. */
  #own = false
  /** A part of the buffer as text, from `#textFrom` to `end`, and whether this part was searched before. */
  #text: string | undefined = undefined
  #textFrom = 0
  #searched = false

  /** Octets not taken. */
  get length(): number {
    return this.end - this.start
  }

  /** The buffer up to `end`: what may be searched. Behind it lie old octets. */
  get filled(): Buffer {
    return this.buffer.length === this.end ? this.buffer : this.buffer.subarray(0, this.end)
  }

  /**
   * Where a mark begins in the buffer, at `from` or behind it; -1 if nowhere before `end`.
   *
   * Where a chunk holds many frames, it is searched as text: V8 calls memchr(3) for a character of a string without
   * leaving compiled code, which takes a quarter of the time of `Buffer.indexOf`.
   */
  find(mark: Mark, from: number): number {
    if (this.#text === undefined) {
      if (!this.#searched || this.end - from < worthText) {
        this.#searched = true
        return this.filled.indexOf(mark.octets, from)
      }
      this.#text = this.buffer.toString("latin1", from, this.end)
      this.#textFrom = from
    }
    if (from < this.#textFrom) return this.filled.indexOf(mark.octets, from)
    const at = this.#text.indexOf(mark.text, from - this.#textFrom)
    return at < 0 ? -1 : at + this.#textFrom
  }

  #changed(): void {
    this.#text = undefined
    this.#searched = false
  }

  /** Adds a chunk. It may be read in place: call `keep` before it changes. */
  push(chunk: Uint8Array): void {
    this.#changed()
    if (this.start === this.end) {
      this.buffer = asBuffer(chunk)
      this.start = 0
      this.end = chunk.length
      this.#own = false
      return
    }
    this.#reserve(chunk.length)
    this.buffer.set(chunk, this.end)
    this.end += chunk.length
  }

  /** Copies what is left, so that the chunk may change; holds no memory if nothing is left. */
  keep(): void {
    if (this.start === this.end) {
      this.#changed()
      this.buffer = nothing
      this.start = this.end = 0
    } else this.#reserve(0)
  }

  /** The last frame as a view; gone with the next `push` or `keep`. */
  view(): Uint8Array {
    return this.buffer.subarray(this.frameStart, this.frameEnd)
  }

  /** The last frame in memory of its own. */
  copy(): Uint8Array {
    const octets = new Uint8Array(this.frameEnd - this.frameStart)
    octets.set(this.buffer.subarray(this.frameStart, this.frameEnd))
    return octets
  }

  /** For framings: takes `buffer[from..to)` as the frame and goes on at `next`. */
  take(from: number, to: number, next: number): "frame" {
    this.frameStart = from
    this.frameEnd = to
    this.start = next
    this.scanned = 0
    return "frame"
  }

  /** Makes room behind the unread octets, in a buffer of our own. */
  #reserve(octets: number): void {
    this.#changed()
    const { length } = this
    const needed = length + octets
    if (this.#own && this.buffer.length >= needed) {
      if (this.buffer.length - this.end < octets) this.buffer.copyWithin(0, this.start, this.end)
      else return
    } else {
      // A frame that grows for long is copied a constant number of times per octet.
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(needed * 2, needed + 4_194_304)))
      this.buffer.copy(grown, 0, this.start, this.end)
      this.buffer = grown
      this.#own = true
    }
    this.start = 0
    this.end = length
  }
}

/** Feeds a chunk and gives every frame to a function, as views; the inlet keeps the remainder. */
export const each = (
  inlet: Inlet,
  framing: Framing,
  chunk: Uint8Array,
  onFrame: (frame: Uint8Array) => void
): FramingError | undefined => {
  inlet.push(chunk)
  for (;;) {
    const step = framing.next(inlet)
    if (step === "frame") onFrame(inlet.view())
    else {
      inlet.keep()
      return step === "more" ? undefined : step
    }
  }
}

/** The bound of a frame. */
export interface Options {
  /** Octets of payload in a frame at most; default 1 MiB. */
  readonly maxOctets?: number | undefined
}

/** The limit that options state. Throws a `RangeError` outside its range. */
export const maxOctetsOf = (options: Options | undefined): number =>
  limits.check("maxOctets", limits.maxFrameOctets, options?.maxOctets)

/** The same memory as a `Buffer`. */
export const asBuffer = (octets: Uint8Array): Buffer =>
  octets instanceof Buffer ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)

/** Untrusted octets cause these, perhaps often: no stack is taken. */
export const cheaply = <E extends Error>(make: () => E): E => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return make()
  } finally {
    Error.stackTraceLimit = limit
  }
}

/** The error for a frame over its limit. */
export const tooLong = (framing: string, limit: number, octets: number): FrameTooLong =>
  cheaply(() => new FrameTooLong({ framing, limit, octets }))

/** The error for octets that are not of a framing. */
export const malformed = (framing: string, detail: string): MalformedFrame =>
  cheaply(() => new MalformedFrame({ framing, detail }))

/** The usual end: nothing may be left. */
export const nothingLeft =
  (framing: string) =>
  (inlet: Inlet): Step =>
    inlet.length === 0 ? "more" : cheaply(() => new CutFrame({ framing, octets: inlet.length }))
