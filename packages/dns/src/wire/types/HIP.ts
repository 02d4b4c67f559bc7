import * as EncodeError from "../EncodeError.ts"
import { base64Of, generic, hexOf, toBase64, toHex } from "../fields/blobs.ts"
import { printName } from "../fields/names.ts"
import * as Name from "../Name.ts"
import * as RecordType from "../RecordType.ts"

/** What a HIP record holds. */
export interface Hip {
  readonly algorithm: number
  /** Host identity tag. */
  readonly hit: Uint8Array
  readonly publicKey: Uint8Array
  readonly servers: ReadonlyArray<Name.Name>
}

/** Host identity protocol: RFC 8005 5. */
export const HIP: RecordType.RecordType<"HIP", Hip> = RecordType.makeCustom<"HIP", Hip>("HIP", 55, {
  kinds: { algorithm: "number", hit: "octets", publicKey: "octets", servers: "names" },
  read: (reader) => {
    const hitOctets = reader.u8()
    const algorithm = reader.u8()
    const keyOctets = reader.u16()
    const hit = reader.view(hitOctets)
    const publicKey = reader.view(keyOctets)
    const servers: Array<Name.Name> = []
    while (reader.offset < reader.end) servers.push(Name.read(reader))
    return { algorithm, hit, publicKey, servers }
  },
  check: (reader) => {
    const hitOctets = reader.u8()
    reader.skip(1)
    const keyOctets = reader.u16()
    reader.skip(hitOctets + keyOctets)
    while (reader.offset < reader.end) Name.skip(reader)
  },
  write: (writer, data) => {
    if (data.hit.length > 255) EncodeError.fail("host identity tag over 255 octets")
    writer.u8(data.hit.length)
    writer.u8(data.algorithm)
    writer.u16(data.publicKey.length)
    writer.bytes(data.hit)
    writer.bytes(data.publicKey)
    for (const server of data.servers) writer.name(server)
  },
  parse: (tokens) => {
    const algorithm = tokens.integer("algorithm", 255)
    const hit = hexOf(tokens, tokens.next("host identity tag"))
    if (hit.length > 255) tokens.failBefore("host identity tag over 255 octets")
    const publicKey = base64Of(tokens, tokens.next("public key"))
    const servers: Array<Name.Name> = []
    while (tokens.left > 0) servers.push(tokens.name("rendezvous server"))
    return { algorithm, hit, publicKey, servers }
  },
  // A tag or a key without octets has no text: the generic form has.
  print: (data, style) =>
    data.hit.length === 0 || data.publicKey.length === 0
      ? generic.print(RecordType.octetsOf(HIP, data), style)
      : [
          data.algorithm,
          toHex(data.hit),
          toBase64(data.publicKey),
          ...data.servers.map((server) => printName(server, style))
        ].join(" ")
})
