/** Framing as pure codecs: octets in, frames out. */
export { delimiter } from "./Delimiter.ts"
export { fixed } from "./Fixed.ts"
export { CutFrame, each, FrameTooLong, Inlet, MalformedFrame } from "./Framing.ts"
export type { Framing, FramingError, Options, Step } from "./Framing.ts"
export { lengthPrefix } from "./LengthPrefix.ts"
export { lines } from "./Lines.ts"
export { netstring } from "./Netstring.ts"
export { untilClose } from "./UntilClose.ts"
