import { word } from "../fields/strings.ts"
import * as RecordType from "../RecordType.ts"

/** Geographical position, in degrees and metres as text: RFC 1712. */
export const GPOS = RecordType.make("GPOS", 27, { longitude: word, latitude: word, altitude: word })
