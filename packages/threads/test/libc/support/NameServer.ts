/** A name server for tests and benches: UDP only, a zone in memory, answers after a delay. Not for use elsewhere. */
import * as dgram from "node:dgram"
import { once } from "node:events"

/** Records by lower-case owner: addresses, or `alias=` a name, or `ptr=` a name. A name in `mute` gets no answer. */
export interface Zone {
  readonly records: Readonly<Record<string, ReadonlyArray<string>>>
  /** Names that end so all have the address 192.0.2.1. */
  readonly wildcard?: string
  readonly mute?: ReadonlyArray<string>
  readonly delayMillis?: number
}

const types = { A: 1, CNAME: 5, PTR: 12, AAAA: 28 }

const encodeName = (name: string): Buffer =>
  Buffer.concat([
    ...name.split(".").map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0])
  ])

const record = (owner: string, type: number, data: Buffer): Buffer => {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([encodeName(owner), fixed, data])
}

const octetsOf = (address: string): Buffer => {
  if (!address.includes(":")) return Buffer.from(address.split(".").map(Number))
  const [head = "", tail = ""] = address.split("::")
  const words = (part: string) => part.split(":").filter(Boolean)
  const zeros = 8 - words(head).length - words(tail).length
  const all = [...words(head), ...Array.from({ length: zeros }, () => "0"), ...words(tail)]
  return Buffer.from(all.map((word) => word.padStart(4, "0")).join(""), "hex")
}

const readQuestion = (message: Buffer) => {
  const labels: Array<string> = []
  let at = 12
  for (let length = message[at]!; length !== 0; length = message[at]!) {
    labels.push(message.toString("latin1", at + 1, at + 1 + length))
    at += length + 1
  }
  return { name: labels.join(".").toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 }
}

/** The records of a name and type at the end of its aliases; undefined: no such name. */
const find = (zone: Zone, name: string, type: number): Array<Buffer> | undefined => {
  const own = zone.records[name] ?? (zone.wildcard && name.endsWith(zone.wildcard) ? ["192.0.2.1"] : undefined)
  if (own === undefined) return undefined
  return own.flatMap((text) => {
    const [kind, target = ""] = text.split("=")
    if (kind === "alias") return [record(name, types.CNAME, encodeName(target))].concat(find(zone, target, type) ?? [])
    if (kind === "ptr") return type === types.PTR ? [record(name, types.PTR, encodeName(target))] : []
    return type === (text.includes(":") ? types.AAAA : types.A) ? [record(name, type, octetsOf(text))] : []
  })
}

/** Answers on 127.0.0.1; `asked` grows by each name that came, in order. */
export const start = async (zone: Zone, port = 53) => {
  const socket = dgram.createSocket("udp4")
  const asked: Array<string> = []
  socket.on("message", (message, peer) => {
    const { end, name, type } = readQuestion(message)
    asked.push(name)
    if (zone.mute?.includes(name)) return
    const answers = find(zone, name, type)
    const head = Buffer.alloc(12)
    message.copy(head, 0, 0, 2)
    // A reply with recursion, NXDOMAIN or not.
    head.writeUInt16BE(answers === undefined ? 0x8183 : 0x8180, 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(answers?.length ?? 0, 6)
    const reply = Buffer.concat([head, message.subarray(12, end), ...(answers ?? [])])
    if (zone.delayMillis === undefined) socket.send(reply, peer.port, peer.address)
    else setTimeout(() => socket.send(reply, peer.port, peer.address), zone.delayMillis)
  })
  socket.bind({ address: "127.0.0.1", port })
  await once(socket, "listening")
  socket.setRecvBufferSize(4 << 20)
  return { asked, port: socket.address().port, close: () => socket.close() }
}
