import { name } from "../fields/names.ts"
import { u16 } from "../fields/numbers.ts"
import * as RecordType from "../RecordType.ts"

/** Name of ILNP locators: RFC 6742 2.4. */
export const LP = RecordType.make("LP", 107, { preference: u16, target: name })
