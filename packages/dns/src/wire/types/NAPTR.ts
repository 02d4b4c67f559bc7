import { name } from "../fields/names.ts"
import { u16 } from "../fields/numbers.ts"
import { word } from "../fields/strings.ts"
import * as RecordType from "../RecordType.ts"

/** Naming authority pointer: RFC 3403 4. */
export const NAPTR = RecordType.makeInternet("NAPTR", 35, {
  order: u16,
  preference: u16,
  flags: word,
  service: word,
  regexp: word,
  replacement: name
})
