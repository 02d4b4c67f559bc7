import * as EdnsOptionType from "../EdnsOptionType.ts"
import { hexRest } from "../fields/blobs.ts"

/** Octets that hide the size of a message, zero by rule but any are kept: RFC 7830, RFC 8467. */
export const PADDING = EdnsOptionType.make("PADDING", 12, { octets: hexRest })
