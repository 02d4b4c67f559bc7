import { ipv4 } from "../fields/addresses.ts"
import * as EncodeError from "../EncodeError.ts"
import * as RecordType from "../RecordType.ts"

/** What a WKS record holds. */
export interface Wks {
  readonly address: string
  /** IP protocol number: 6 is TCP, 17 UDP. */
  readonly protocol: number
  readonly ports: ReadonlyArray<number>
}

const protocols: Readonly<Record<string, number>> = { ICMP: 1, TCP: 6, UDP: 17 }

/** Services that text may name instead of their port: what zone files that still have WKS do. */
const services: Readonly<Record<string, number>> = {
  FTP: 21,
  SSH: 22,
  TELNET: 23,
  SMTP: 25,
  TIME: 37,
  DOMAIN: 53,
  TFTP: 69,
  FINGER: 79,
  HTTP: 80,
  POP3: 110,
  NNTP: 119,
  NTP: 123,
  IMAP2: 143,
  HTTPS: 443
}

/** Well known services: RFC 1035 3.4.2, obsolete. */
export const WKS = RecordType.makeCustom<"WKS", Wks>("WKS", 11, {
  internetOnly: true,
  kinds: { address: "text", protocol: "number", ports: "numbers" },
  read: (reader) => {
    const address = ipv4.read(reader)
    const protocol = reader.u8()
    const bitmap = reader.rest()
    const ports: Array<number> = []
    // 65,536 ports at most have a number: bits beyond them are none.
    for (let i = 0; i < bitmap.length && i < 8_192; i++) {
      for (let bit = 0; bit < 8; bit++) if (bitmap[i]! & (0x80 >> bit)) ports.push(8 * i + bit)
    }
    return { address, protocol, ports }
  },
  check: (reader) => {
    reader.skip(5)
    reader.offset = reader.end
  },
  write: (writer, data) => {
    ipv4.write(writer, data.address)
    writer.u8(data.protocol)
    let last = -1
    for (const port of data.ports) {
      if (!(Number.isInteger(port) && port >= 0 && port <= 0xffff)) EncodeError.fail(`not a port: ${port}`)
      last = Math.max(last, port)
    }
    const bitmap = new Uint8Array((last >> 3) + 1)
    for (const port of data.ports) bitmap[port >> 3]! |= 0x80 >> (port & 7)
    writer.bytes(bitmap)
  },
  parse: (tokens) => {
    const address = ipv4.parse(tokens)
    const named = protocols[(tokens.peek() ?? "").toUpperCase()]
    const protocol = named ?? tokens.integer("protocol", 255)
    if (named !== undefined) tokens.index++
    const ports = new Set<number>()
    while (tokens.left > 0) {
      const service = services[tokens.peek()!.toUpperCase()]
      if (service !== undefined) tokens.index++
      ports.add(service ?? tokens.integer("port", 0xffff))
    }
    return { address, protocol, ports: [...ports].toSorted((a, b) => a - b) }
  },
  print: (data) => [data.address, data.protocol, ...data.ports].join(" ")
})
