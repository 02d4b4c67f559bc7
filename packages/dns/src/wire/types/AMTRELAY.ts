import * as Gateway from "../fields/gateway.ts"
import * as RecordType from "../RecordType.ts"

/** What an AMTRELAY record holds. */
export interface AmtRelay {
  readonly precedence: number
  /** D: the gateway may discover without the relay's invitation. */
  readonly discoveryOptional: boolean
  readonly relay: Gateway.Gateway
}

/** Relay of automatic multicast tunneling: RFC 8777 4. */
export const AMTRELAY = RecordType.makeCustom<"AMTRELAY", AmtRelay>("AMTRELAY", 260, {
  kinds: { precedence: "number", discoveryOptional: "json", relay: "json" },
  read: (reader) => {
    const precedence = reader.u8()
    const octet = reader.u8()
    return { precedence, discoveryOptional: octet >= 0x80, relay: Gateway.read(reader, octet & 0x7f) }
  },
  write: (writer, data) => {
    writer.u8(data.precedence)
    writer.u8((data.discoveryOptional ? 0x80 : 0) | Gateway.typeOf(data.relay))
    Gateway.write(writer, data.relay)
  },
  parse: (tokens) => {
    const precedence = tokens.integer("precedence", 255)
    const discoveryOptional = tokens.integer("discovery optional", 1) === 1
    const type = tokens.integer("relay type", 3)
    return { precedence, discoveryOptional, relay: Gateway.parse(tokens, type) }
  },
  print: ({ precedence, discoveryOptional, relay }, style) =>
    `${precedence} ${discoveryOptional ? 1 : 0} ${Gateway.typeOf(relay)} ${Gateway.print(relay, style)}`
})
