/** Messages as `dig` prints them: comments for the header and EDNS, sections of records in tabbed columns. */
import * as Edns from "./Edns.ts"
import * as EdnsOptions from "./EdnsOptions.ts"
import { utf8 } from "./CharacterString.ts"
import type { Style } from "./Field.ts"
import type { Message } from "./Message.ts"
import * as Name from "./Name.ts"
import * as Opcode from "./Opcode.ts"
import { describe } from "./options/EDE.ts"
import * as Rcode from "./Rcode.ts"
import * as RecordText from "./RecordText.ts"
import type { ResourceRecord } from "./ResourceRecord.ts"

const style: Style = { origin: undefined, grouped: true }

/** What `dig` shows between its own first lines and its statistics. */
export const print = (message: Message): string => {
  const update = message.opcode === Opcode.UPDATE
  const lines = [
    `;; ->>HEADER<<- opcode: ${Opcode.nameOf(message.opcode)}, status: ${Rcode.nameOf(message.rcode)}, id: ${message.id}`,
    `;; flags:${flags(message)}; ${counts(message, update)}`
  ]
  if (message.edns !== undefined) lines.push("", ";; OPT PSEUDOSECTION:", ...edns(message.edns))
  if (message.questions.length > 0) {
    if (message.edns === undefined) lines.push("")
    lines.push(`;; ${update ? "ZONE" : "QUESTION"} SECTION:`)
    for (const question of message.questions) {
      // The semicolon is not counted: with it the columns are one off, there as here.
      lines.push(`;${columns([Name.toText(question.name), question.class, question.type], [0, 32, 40])}`)
    }
  }
  section(lines, update ? "PREREQUISITE" : "ANSWER", message.answers)
  section(lines, update ? "UPDATE" : "AUTHORITY", message.authorities)
  section(lines, "ADDITIONAL", message.additionals)
  return `${lines.join("\n")}\n`
}

/** A record in the columns of `dig`. */
export const printRecord = (record: ResourceRecord): string =>
  columns([
    Name.toText(record.name),
    String(record.ttl),
    record.class,
    record.type,
    RecordText.printData(record, style)
  ])

const flags = (message: Message): string =>
  [
    message.response ? " qr" : "",
    message.authoritative ? " aa" : "",
    message.truncated ? " tc" : "",
    message.recursionDesired ? " rd" : "",
    message.recursionAvailable ? " ra" : "",
    message.authenticData ? " ad" : "",
    message.checkingDisabled ? " cd" : ""
  ].join("") + (message.reserved ? "; MBZ: 0x4" : "")

const counts = (message: Message, update: boolean): string => {
  const additional = message.additionals.length + (message.edns === undefined ? 0 : 1)
  const names = update ? ["ZONE", "PREREQ", "UPDATE", "ADDITIONAL"] : ["QUERY", "ANSWER", "AUTHORITY", "ADDITIONAL"]
  return [message.questions.length, message.answers.length, message.authorities.length, additional]
    .map((count, i) => `${names[i]!}: ${count}`)
    .join(", ")
}

const section = (lines: Array<string>, title: string, records: ReadonlyArray<ResourceRecord>): void => {
  if (records.length === 0) return
  lines.push("", `;; ${title} SECTION:`)
  for (const record of records) lines.push(printRecord(record))
}

const edns = (self: Edns.Edns): ReadonlyArray<string> => [
  `; EDNS: version: ${self.version}, flags:${self.dnssecOk ? " do" : ""}; udp: ${self.udpPayloadOctets}`,
  ...self.options.map((item) => `; ${printOption(item)}`)
]

/** An EDNS option as `dig` names it. */
export const printOption = (item: Edns.EdnsOption): string => {
  switch (item.option) {
    case "ECS":
      return `CLIENT-SUBNET: ${item.data.subnet.address}/${item.data.subnet.sourcePrefix}/${item.data.subnet.scopePrefix}`
    case "KEEPALIVE": {
      const { timeout } = item.data
      return `TCP KEEPALIVE:${timeout === undefined ? "" : ` ${(timeout / 10).toFixed(1)} secs`}`
    }
    case "COOKIE":
      return `COOKIE: ${hex(item.data.client)}${hex(item.data.server)}`
    case "PADDING":
      return `PAD: (${item.data.octets.length} bytes)`
    case "NSID":
      return `NSID:${spaced(item.data.identifier)} ("${printable(item.data.identifier)}")`
    case "EDE": {
      const meaning = describe(item.data.infoCode)
      const text = utf8(item.data.extraText)
      return `EDE: ${item.data.infoCode}${meaning === undefined ? "" : ` (${meaning})`}${text === "" ? "" : `: (${text})`}`
    }
  }
  const type = EdnsOptions.byName(item.option)
  if (type === undefined) {
    const { octets } = item.data as Edns.GenericOption["data"]
    return `OPT=${Edns.codeOf(item.option)}:${spaced(octets)}${octets.length === 0 ? "" : ` ("${printable(octets)}")`}`
  }
  return `${type.name}: ${type.print(item.data, style)}`.trimEnd()
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex")

const spaced = (octets: Uint8Array): string =>
  Array.from(octets, (octet) => ` ${octet.toString(16).padStart(2, "0")}`).join("")

const printable = (octets: Uint8Array): string =>
  Array.from(octets, (octet) => (octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : ".")).join("")

/**
 * Columns at the stops, reached with tabs of eight. Text that is past its column is followed by one blank, which
 * is a tab where it would end at a tab stop: so does BIND's `indent`.
 */
const columns = (cells: ReadonlyArray<string>, stops: ReadonlyArray<number> = [0, 24, 32, 40, 48]): string => {
  let line = ""
  let at = 0
  for (const [i, cell] of cells.entries()) {
    if (i > 0) {
      const target = Math.max(stops[i]!, at + 1)
      const tabs = Math.floor(target / 8) - Math.floor(at / 8)
      line += tabs > 0 ? "\t".repeat(tabs) + " ".repeat(target % 8) : " ".repeat(target - at)
      at = target
    }
    line += cell
    at += cell.length
  }
  return line.trimEnd()
}
