/** Frames that end with given octets (asynchat's terminator). The delimiter is not part of the frame. */
import type { Framing, Inlet, Options, Step } from "./Framing.ts"
import { asBuffer, malformed, markOf, maxOctetsOf, nothingLeft, tooLong } from "./Framing.ts"

/** `delimiter` is octets, or text of which each character is an octet. */
export const delimiter = (delimiter: Uint8Array | string, options?: Options): Framing => {
  const mark = typeof delimiter === "string" ? Buffer.from(delimiter, "latin1") : Buffer.from(delimiter)
  if (mark.length === 0) throw new RangeError("a delimiter has at least one octet")
  const max = maxOctetsOf(options)
  const name = `delimiter ${JSON.stringify(mark.toString("latin1"))}`
  const wanted = markOf(mark)
  const next = (inlet: Inlet): Step => {
    const { end, start } = inlet
    // Where the search before stopped, less what of the delimiter may have come by then.
    const from = inlet.scannedFor === next ? start + inlet.scanned : start
    const at = inlet.find(wanted, from)
    if (at < 0) {
      inlet.scannedFor = next
      inlet.scanned = Math.max(0, end - start - mark.length + 1)
      return end - start - mark.length + 1 > max ? tooLong(name, max, end - start) : "more"
    }
    if (at - start > max) return tooLong(name, max, at - start)
    return inlet.take(start, at, at + mark.length)
  }
  return {
    name,
    next,
    last: nothingLeft(name),
    encode: (payload) => {
      if (payload.length > max) throw tooLong(name, max, payload.length)
      if (asBuffer(payload).includes(mark)) throw malformed(name, "the payload contains the delimiter")
      return Buffer.concat([payload, mark])
    }
  }
}
