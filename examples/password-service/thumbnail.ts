/** Images, on a thread: an image of a few megapixels is tens of milliseconds of work. */
import * as Png from "./Png.ts"

/** A PNG in another width, as PNG. */
export const thumbnail = (octets: Uint8Array, width: number): Uint8Array =>
  Png.encode(Png.resize(Png.decode(octets), width))
