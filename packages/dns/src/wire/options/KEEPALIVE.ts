import * as EdnsOptionType from "../EdnsOptionType.ts"
import { optionalNumber } from "../fields/numbers.ts"

/** How long an idle TCP connection is kept, in tenths of a second, none in a query: RFC 7828. */
export const KEEPALIVE = EdnsOptionType.make("KEEPALIVE", 11, { timeout: optionalNumber(16) })
