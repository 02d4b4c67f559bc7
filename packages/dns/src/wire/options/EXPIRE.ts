import * as EdnsOptionType from "../EdnsOptionType.ts"
import { optionalNumber } from "../fields/numbers.ts"

/** Seconds until the zone expires, none in a query: RFC 7314. */
export const EXPIRE = EdnsOptionType.make("EXPIRE", 9, { seconds: optionalNumber(32) })
