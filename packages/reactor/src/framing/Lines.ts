/**
 * Lines that end with LF or CR LF; neither is part of the frame. Once no more will come, what is left is a last line
 * without its end, as text files have it.
 */
import type { Framing, Inlet, Options, Step } from "./Framing.ts"
import { asBuffer, malformed, markOf, maxOctetsOf, tooLong } from "./Framing.ts"

const lineFeed = markOf(Buffer.from("\n", "latin1"))

/** Lines of octets. */
export const lines = (
  options?: Options & { /** What `encode` ends a line with; default CR LF. */ readonly end?: "\n" | "\r\n" }
): Framing => {
  const max = maxOctetsOf(options)
  const mark = Buffer.from(options?.end ?? "\r\n", "latin1")
  const name = "lines"
  const next = (inlet: Inlet): Step => {
    const { end, start } = inlet
    const { buffer } = inlet
    const from = inlet.scannedFor === next ? start + inlet.scanned : start
    const at = inlet.find(lineFeed, from)
    if (at < 0) {
      inlet.scannedFor = next
      inlet.scanned = end - start
      // A CR at the end may yet belong to the line's end.
      return end - start > max + 1 ? tooLong(name, max, end - start) : "more"
    }
    const to = at > start && buffer[at - 1] === 0x0d ? at - 1 : at
    if (to - start > max) return tooLong(name, max, to - start)
    return inlet.take(start, to, at + 1)
  }
  return {
    name,
    next,
    last: (inlet) => (inlet.length === 0 ? "more" : inlet.take(inlet.start, inlet.end, inlet.end)),
    encode: (payload) => {
      if (payload.length > max) throw tooLong(name, max, payload.length)
      if (asBuffer(payload).includes(0x0a)) throw malformed(name, "the payload contains a line feed")
      return Buffer.concat([payload, mark])
    }
  }
}
