/** A host of the link: some of its names it has only for those who ask by IPv4, some only for IPv6. Says when it is ready. */
import { execFileSync } from "node:child_process"
import { createSocket } from "node:dgram"
import { createServer } from "node:net"
import { Message, Name, type ResourceRecord, ZoneFile } from "@handoff/dns/wire"

const on = process.argv[2]!
const parse = (text: string): ReadonlyArray<ResourceRecord.ResourceRecord> => {
  const records = ZoneFile.parse(text)
  if (records instanceof Error) throw records
  return records
}
const four = parse(`
four.local. 120 A 192.0.2.2
both.local. 120 A 192.0.2.2
`)
const six = parse(`
six.local. 120 AAAA fe80::2
both.local. 120 A 192.0.2.2
_greet._tcp.local. 4500 PTR Greeter._greet._tcp.local.
Greeter._greet._tcp.local. 120 SRV 0 0 4000 six.local.
Greeter._greet._tcp.local. 4500 TXT "hello"
`)
/** Answered from an address that is of another network. */
const far = parse("far.local. 120 A 203.0.113.66\n")

const answersTo = (octets: Uint8Array, records: ReadonlyArray<ResourceRecord.ResourceRecord>) => {
  const { questions } = Message.decodeUnsafe(octets)
  const answers = records.filter(({ name, type }) =>
    questions.some((question) => question.type === type && Name.equals(question.name, name))
  )
  return answers.length === 0
    ? undefined
    : Message.encode(Message.make({ response: true, authoritative: true, answers }))
}

execFileSync("ip", ["address", "add", "198.51.100.2/32", "dev", on])
const stranger = createSocket({ type: "udp4", reuseAddr: true })
stranger.bind(5353, "198.51.100.2", () => {
  const sockets = [
    { socket: createSocket({ type: "udp4", reuseAddr: true }), group: "224.0.0.251", at: "192.0.2.2", records: four },
    { socket: createSocket({ type: "udp6", reuseAddr: true }), group: "ff02::fb", at: `::%${on}`, records: six }
  ]
  let ready = 0
  for (const { at, group, records, socket } of sockets) {
    socket.on("message", (octets, from) => {
      const response = answersTo(octets, records)
      if (response !== undefined) socket.send(response, from.port, from.address)
      const lie = from.family === "IPv4" ? answersTo(octets, far) : undefined
      if (lie !== undefined) stranger.send(lie, from.port, from.address)
    })
    socket.bind(5353, () => {
      socket.addMembership(group, at)
      if (++ready === sockets.length) greeter.listen(4000, "::", () => console.log("ready"))
    })
  }
})
const greeter = createServer((socket) => socket.end("hello"))
