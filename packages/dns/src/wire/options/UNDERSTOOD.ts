import * as EdnsOptionType from "../EdnsOptionType.ts"
import { type Field, make } from "../Field.ts"

/** Algorithm numbers, an octet each. */
const algorithms: Field<ReadonlyArray<number>> = make("numbers", {
  read: (reader) => Array.from(reader.rest()),
  check: (reader) => {
    reader.offset = reader.end
  },
  write: (writer, value) => {
    for (const algorithm of value) writer.u8(algorithm)
  },
  parse: (tokens) => {
    const list: Array<number> = []
    while (tokens.left > 0) list.push(tokens.integer("algorithm", 255))
    return list
  },
  print: (value) => value.join(" ")
})

/** DNSSEC algorithms that are understood: RFC 6975 2. */
export const DAU = EdnsOptionType.make("DAU", 5, { algorithms })

/** DS digests that are understood: RFC 6975 2. */
export const DHU = EdnsOptionType.make("DHU", 6, { algorithms })

/** NSEC3 hashes that are understood: RFC 6975 2. */
export const N3U = EdnsOptionType.make("N3U", 7, { algorithms })
