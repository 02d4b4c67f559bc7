import * as EdnsOptionType from "../EdnsOptionType.ts"
import { name } from "../fields/names.ts"

/** The closest name from which the chain of trust is wanted: RFC 7901. */
export const CHAIN = EdnsOptionType.make("CHAIN", 13, { trustPoint: name })
