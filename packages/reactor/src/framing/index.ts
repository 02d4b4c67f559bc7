/** Framing as pure codecs: octets in, frames out. */
export { delimiter } from "./Delimiter.ts"
export { fixed } from "./Fixed.ts"
export { CutFrame, each, FrameTooLong, Inlet, MalformedFrame, markOf } from "./Framing.ts"
export type { Framing, FramingError, Mark, Options, Step } from "./Framing.ts"
export { lengthPrefix, type Options as LengthPrefixOptions } from "./LengthPrefix.ts"
export { lines } from "./Lines.ts"
export { netstring } from "./Netstring.ts"
export { untilClose } from "./UntilClose.ts"
