/**
 * A hosts file as a stream: octets in, targets and rejects out, line by line, in constant memory. A line that is not
 * UTF-8, too long or nonsense is a `Reject` with its number; the rest goes on.
 */
import * as Stream from "effect/Stream"
import * as limits from "./limits.ts"
import * as Target from "./Target.ts"

export type Entry = Target.Target | Target.Reject

/** What a line says; a range stands for many targets. */
export type Line = Entry | Target.Range

/** How much of a hosts file has been read. */
export interface Count {
  lines: number
  /** Those of ranges, too, as soon as the range has been read. */
  hosts: number
}

/** Cuts octets into lines and reads each; ranges are expanded as fast as their targets are wanted. */
export const decode = <E, R>(octets: Stream.Stream<Uint8Array, E, R>, count?: Count): Stream.Stream<Entry, E, R> =>
  Stream.suspend(() => {
    const lines = new Lines()
    const entries = (read: ReadonlyArray<Line>) => {
      if (count !== undefined) {
        count.lines = lines.line
        for (const line of read) count.hosts += hostsOf(line)
      }
      return Stream.fromIterable(read.some(({ _tag }) => _tag === "Range") ? expand(read) : (read as Array<Entry>))
    }
    return octets.pipe(
      Stream.flatMap((chunk) => entries(lines.push(chunk))),
      Stream.concat(Stream.suspend(() => entries(lines.end())))
    )
  })

/** How many hosts a line stands for. */
export const hostsOf = (line: Line): number =>
  line._tag === "Range" ? Target.size(line) : line._tag === "Target" ? 1 : 0

/** Lines with a target for each address of a range, one at a time: ten lines can be a hundred million of them. */
export function* expand(lines: Iterable<Line>): Generator<Entry, void> {
  for (const line of lines) {
    if (line._tag === "Range") yield* Target.expand(line)
    else yield line
  }
}

/** The state between chunks: the number of the line, and what has come of it. */
export class Lines {
  line = 0
  private pending: Uint8Array = empty
  /** Octets of the line that were dropped because it is too long. */
  private dropped = 0

  push(chunk: Uint8Array): Array<Line> {
    const entries: Array<Line> = []
    let start = 0
    for (;;) {
      const end = chunk.indexOf(newline, start)
      if (end < 0) break
      this.read(this.whole(chunk.subarray(start, end)), entries)
      start = end + 1
    }
    if (start < chunk.length) this.pending = this.whole(chunk.subarray(start)).slice()
    return entries
  }

  /** The last line, if it has no newline. */
  end(): Array<Line> {
    const entries: Array<Line> = []
    if (this.pending.length > 0) this.read(this.pending, entries)
    this.pending = empty
    return entries
  }

  private whole(part: Uint8Array): Uint8Array {
    const room = limits.lineOctets - this.pending.length
    if (part.length > room) {
      this.dropped += part.length - Math.max(room, 0)
      part = part.subarray(0, Math.max(room, 0))
    }
    if (this.pending.length === 0) return part
    const joined = new Uint8Array(this.pending.length + part.length)
    joined.set(this.pending)
    joined.set(part, this.pending.length)
    return joined
  }

  private read(octets: Uint8Array, entries: Array<Line>): void {
    this.line++
    const { dropped } = this
    this.pending = empty
    this.dropped = 0
    if (octets.at(-1) === carriageReturn) octets = octets.subarray(0, -1)
    const reject = (text: string, reason: string) =>
      entries.push({ _tag: "Reject", line: this.line, excerpt: Target.excerpt(text), reason })
    if (dropped > 0) {
      const length = octets.length + dropped
      reject(lossy.decode(octets), `line too long: ${length} octets, at most ${limits.lineOctets}`)
      return
    }
    let text: string
    try {
      text = strict.decode(octets)
    } catch {
      reject(lossy.decode(octets), "not UTF-8")
      return
    }
    // A byte order mark is no part of the first name.
    if (this.line === 1 && text.startsWith("\ufeff")) text = text.slice(1)
    const entry = Target.parse(this.line, text)
    if (entry !== undefined) entries.push(entry)
  }
}

const newline = 10
const carriageReturn = 13
const empty = new Uint8Array(0)
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const lossy = new TextDecoder("utf-8", { ignoreBOM: true })
