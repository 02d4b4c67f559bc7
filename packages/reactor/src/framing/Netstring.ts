/** Netstrings: `12:hello world!,` (D. J. Bernstein, https://cr.yp.to/proto/netstrings.txt). */
import type { Framing, Options, Step } from "./Framing.ts"
import { malformed, maxOctetsOf, nothingLeft, tooLong } from "./Framing.ts"

/** Frames as netstrings. */
export const netstring = (options?: Options): Framing => {
  const max = maxOctetsOf(options)
  const digits = String(max).length
  const name = "netstring"
  return {
    name,
    next: (inlet): Step => {
      const { buffer, end, start } = inlet
      let length = 0
      let at = start
      for (; at < end && buffer[at] !== 0x3a; at++) {
        const digit = buffer[at]! - 0x30
        if (digit < 0 || digit > 9) return malformed(name, `octet ${buffer[at]} in a length`)
        // The specification allows a leading zero in "0:," only.
        if (at > start && length === 0) return malformed(name, "a length with a leading zero")
        if (at - start >= digits) return tooLong(name, max, length * 10 + digit)
        length = length * 10 + digit
      }
      if (at === end) return "more"
      if (at === start) return malformed(name, "a frame without a length")
      if (length > max) return tooLong(name, max, length)
      const to = at + 1 + length
      if (to >= end) return "more"
      return buffer[to] === 0x2c ? inlet.take(at + 1, to, to + 1) : malformed(name, "no comma at the end")
    },
    last: nothingLeft(name),
    encode: (payload) => {
      if (payload.length > max) throw tooLong(name, max, payload.length)
      return Buffer.concat([Buffer.from(`${payload.length}:`, "latin1"), payload, Buffer.from(",", "latin1")])
    }
  }
}
