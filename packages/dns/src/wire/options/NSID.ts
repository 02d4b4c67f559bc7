import * as EdnsOptionType from "../EdnsOptionType.ts"
import { hexRest } from "../fields/blobs.ts"

/** Identifier of the name server, empty in a query: RFC 5001. */
export const NSID = EdnsOptionType.make("NSID", 3, { identifier: hexRest })
