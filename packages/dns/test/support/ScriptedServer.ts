/** A name server on a real loopback socket, UDP and TCP on one port, whose every reply is scripted. */
import * as dgram from "node:dgram"
import * as net from "node:net"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Framing, Message, ResourceRecord } from "@handoff/dns/wire"

export interface Heard {
  readonly message: Message.Message
  readonly octets: Uint8Array
  readonly via: "udp" | "tcp"
  /** How many queries came before this one. */
  readonly index: number
  /** The port it came from. */
  readonly port: number
}

/** Messages or octets to send back, in order; none at all for silence. */
export type Script = (heard: Heard) => ReadonlyArray<Message.Message | Uint8Array>

export interface ScriptedServer {
  readonly address: string
  readonly port: number
  /** As the resolver takes it. */
  readonly text: string
  readonly heard: Array<Heard>
  script: Script
}

export const make = (
  script: Script,
  address = "127.0.0.1",
  port = 0
): Effect.Effect<ScriptedServer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(() => open(script, address, port)),
    (opened) => Effect.promise(opened.close)
  ).pipe(Effect.map((opened) => opened.server))

const open = async (
  script: Script,
  address: string,
  wanted: number,
  tries = 0
): Promise<{ readonly server: ScriptedServer; readonly close: () => Promise<void> }> => {
  const udp = dgram.createSocket(address.includes(":") ? "udp6" : "udp4")
  await new Promise<void>((resolve) => udp.bind(wanted, address, resolve))
  const { port } = udp.address()
  const sockets = new Set<net.Socket>()
  const server: ScriptedServer = {
    address,
    port,
    text: address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`,
    heard: [],
    script
  }
  const hear = (octets: Uint8Array, via: "udp" | "tcp", from: number): ReadonlyArray<Uint8Array> => {
    const heard = { message: Message.decodeUnsafe(octets), octets, via, index: server.heard.length, port: from }
    server.heard.push(heard)
    return server.script(heard).map((reply) => (reply instanceof Uint8Array ? reply : Message.encode(reply)))
  }
  udp.on("message", (octets, remote) => {
    for (const reply of hear(octets, "udp", remote.port)) udp.send(reply, remote.port, remote.address)
  })
  const tcp = net.createServer((socket) => {
    sockets.add(socket)
    const deframer = new Framing.Deframer()
    socket.on("error", () => {})
    socket.on("close", () => sockets.delete(socket))
    socket.on("data", (chunk) => {
      for (const octets of deframer.push(chunk)) {
        for (const reply of hear(octets, "tcp", socket.remotePort ?? 0)) socket.write(Framing.frame(reply))
      }
    })
  })
  const bound = await new Promise<boolean>((resolve) => {
    tcp.once("error", () => resolve(false))
    tcp.listen(port, address, () => resolve(true))
  })
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => udp.close(() => resolve()))
    if (bound) await new Promise<void>((resolve) => tcp.close(() => resolve()))
  }
  if (bound) return { server, close }
  // Someone else has that port for TCP: another one.
  await close()
  if (tries > 20) throw new Error("no port is free for both UDP and TCP")
  return open(script, address, wanted, tries + 1)
}

/** A reply to what was heard. */
export const reply = (heard: Heard, fields: Partial<Message.Message> = {}): Message.Message =>
  Message.make({
    id: heard.message.id,
    response: true,
    recursionDesired: true,
    recursionAvailable: true,
    questions: heard.message.questions,
    ...fields
  })

export const a = (name: string, address: string, ttl = 60): ResourceRecord.ResourceRecord =>
  ResourceRecord.make({ name: dotted(name), type: "A", ttl, data: { address } })

export const aaaa = (name: string, address: string, ttl = 60): ResourceRecord.ResourceRecord =>
  ResourceRecord.make({ name: dotted(name), type: "AAAA", ttl, data: { address } })

export const cname = (name: string, target: string, ttl = 60): ResourceRecord.ResourceRecord =>
  ResourceRecord.make({ name: dotted(name), type: "CNAME", ttl, data: { target: nameOf(target) } })

export const soa = (name: string, minimum = 60, ttl = 60): ResourceRecord.ResourceRecord =>
  ResourceRecord.make({
    name: dotted(name),
    type: "SOA",
    ttl,
    data: {
      primary: nameOf("ns.invalid"),
      admin: nameOf("hostmaster.invalid"),
      serial: 1,
      refresh: 3600,
      retry: 600,
      expire: 86_400,
      minimum
    }
  })

const dotted = (name: string): string => (name.endsWith(".") ? name : `${name}.`)
const nameOf = (name: string) =>
  ResourceRecord.make({ name: dotted(name), type: "A", ttl: 0, data: { address: "0.0.0.0" } }).name

/** The text of a heard question's name, lower case, without the final dot. */
export const asked = (heard: Heard): string =>
  heard.message.questions[0]!.name.toString().toLowerCase().replace(/\.$/, "")

export const typeOf = (heard: Heard): string => heard.message.questions[0]!.type
