import { base64RestOrDash } from "../fields/blobs.ts"
import { u32, u8 } from "../fields/numbers.ts"
import { word } from "../fields/strings.ts"
import * as RecordType from "../RecordType.ts"

/** Digital object architecture: draft-durand-doa-over-dns. */
export const DOA = RecordType.make("DOA", 259, {
  enterprise: u32,
  type: u32,
  location: u8,
  mediaType: word,
  data: base64RestOrDash
})
