import * as DecodeError from "../DecodeError.ts"
import type { Field } from "../Field.ts"
import { u8 } from "../fields/numbers.ts"
import { isAlphanumeric, restString, word } from "../fields/strings.ts"
import * as RecordType from "../RecordType.ts"

/** Letters and digits, at least one: RFC 8659 4.1. */
const tag: Field<string> = {
  ...word,
  read: (reader) => {
    const at = reader.offset
    const value = word.read(reader)
    return isAlphanumeric(value) ? value : DecodeError.fail("value", at, "a CAA tag is letters and digits")
  },
  check: (reader) => void tag.read(reader),
  parse: (tokens) => {
    const value = word.parse(tokens)
    return isAlphanumeric(value) ? value : tokens.failBefore("a CAA tag is letters and digits")
  },
  print: (value) => value
}

/** Certification authority authorization: RFC 8659 4. Bit 7 of `flags` is critical. */
export const CAA = RecordType.make("CAA", 257, { flags: u8, tag, value: restString })
