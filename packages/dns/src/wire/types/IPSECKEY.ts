import { base64Rest } from "../fields/blobs.ts"
import * as Gateway from "../fields/gateway.ts"
import * as RecordType from "../RecordType.ts"

/** What an IPSECKEY record holds. */
export interface IpsecKey {
  readonly precedence: number
  readonly algorithm: number
  readonly gateway: Gateway.Gateway
  readonly publicKey: Uint8Array
}

/** IPsec key and the gateway to use: RFC 4025 2. */
export const IPSECKEY = RecordType.makeCustom<"IPSECKEY", IpsecKey>("IPSECKEY", 45, {
  internetOnly: true,
  kinds: { precedence: "number", algorithm: "number", gateway: "json", publicKey: "octets" },
  read: (reader) => {
    const precedence = reader.u8()
    const type = reader.u8()
    const algorithm = reader.u8()
    const gateway = Gateway.read(reader, type)
    return { precedence, algorithm, gateway, publicKey: reader.rest() }
  },
  write: (writer, data) => {
    writer.u8(data.precedence)
    writer.u8(Gateway.typeOf(data.gateway))
    writer.u8(data.algorithm)
    Gateway.write(writer, data.gateway)
    writer.bytes(data.publicKey)
  },
  parse: (tokens) => {
    const precedence = tokens.integer("precedence", 255)
    const type = tokens.integer("gateway type", 3)
    const algorithm = tokens.integer("algorithm", 255)
    const gateway = Gateway.parse(tokens, type)
    return { precedence, algorithm, gateway, publicKey: base64Rest.parse(tokens) }
  },
  print: ({ precedence, algorithm, gateway, publicKey }, style) => {
    const head = `${precedence} ${Gateway.typeOf(gateway)} ${algorithm} ${Gateway.print(gateway, style)}`
    return publicKey.length === 0 ? head : `${head} ${base64Rest.print(publicKey, style)}`
  }
})
