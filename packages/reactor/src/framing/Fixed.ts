/** Frames of one length (asynchat's count). */
import type { Framing } from "./Framing.ts"
import { malformed, nothingLeft } from "./Framing.ts"

/** Frames of this many octets. */
export const fixed = (octets: number): Framing => {
  if (!(Number.isInteger(octets) && octets >= 1)) throw new RangeError("a fixed frame has at least one octet")
  const name = `fixed ${octets}`
  return {
    name,
    next: (inlet) => {
      const { start } = inlet
      return inlet.end - start < octets ? "more" : inlet.take(start, start + octets, start + octets)
    },
    last: nothingLeft(name),
    encode: (payload) => {
      if (payload.length !== octets) throw malformed(name, `a payload of ${payload.length} octets`)
      return payload
    }
  }
}
