import * as EdnsOptionType from "../EdnsOptionType.ts"
import { type Field, make } from "../Field.ts"

const tags: Field<ReadonlyArray<number>> = make("numbers", {
  read: (reader) => {
    const list: Array<number> = []
    while (reader.offset < reader.end) list.push(reader.u16())
    return list
  },
  write: (writer, value) => {
    for (const tag of value) writer.u16(tag)
  },
  parse: (tokens) => {
    const list: Array<number> = []
    while (tokens.left > 0) list.push(tokens.integer("key tag", 0xffff))
    return list
  },
  print: (value) => value.join(" ")
})

/** Tags of the trust anchors in use: RFC 8145 4. */
export const KEYTAG = EdnsOptionType.make("KEY-TAG", 14, { tags })
