/** One frame: all that comes until the peer closes its side. */
import type { Framing, Options } from "./Framing.ts"
import { maxOctetsOf, tooLong } from "./Framing.ts"

/** One frame, up to the peer's end. */
export const untilClose = (options?: Options): Framing => {
  const max = maxOctetsOf(options)
  const name = "until close"
  return {
    name,
    next: (inlet) => (inlet.length > max ? tooLong(name, max, inlet.length) : "more"),
    // Nothing at all is a frame too: the peer closed, which is the end that was asked for.
    last: (inlet) =>
      inlet.length > max ? tooLong(name, max, inlet.length) : inlet.take(inlet.start, inlet.end, inlet.end),
    encode: (payload) => payload
  }
}
