/**
 * A stage with a real name server on it: the resolver asks over Node's own sockets, and between it and the server stands a
 * proxy of ours for every server of the scene. What the script says is `served` the proxy fetches from the server, octet
 * for octet, and checks the script's claim against it; what else the script says (forgeries, failures, delays) it sends
 * itself.
 *
 * Time is virtual here, too: it stands still while anything is under way on a socket, so that a scenario may count its
 * milliseconds on however slow a machine.
 */
import * as dgram from "node:dgram"
import * as net from "node:net"
import { type Endpoint, Transport, type Wheel } from "#internal"
import { Framing, Message, ResourceRecord } from "@handoff/dns/wire"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { askedOf, type Asked, type Script, type Stage } from "./Scene.ts"

/** A name server on a loopback port. */
export class RealServer {
  /** Replies that it gave. */
  answers = 0
  private readonly port: number
  private readonly udp = dgram.createSocket("udp4")
  private tcp: net.Socket | undefined
  private readonly waiting = new Map<number, (reply: Buffer) => void>()
  private id = 0

  constructor(port: number) {
    this.port = port
    this.udp.on("message", (reply) => this.receive(reply))
    this.udp.on("error", () => {})
  }

  /** Its reply to a query, as it stands but for the id. */
  async ask(query: Buffer, via: "udp" | "tcp"): Promise<Buffer> {
    const id = (this.id = (this.id + 1) & 0xffff)
    const sent = Buffer.from(query)
    sent.writeUInt16BE(id)
    for (let tries = 0; tries < 5; tries++) {
      const reply = await new Promise<Buffer | undefined>((resolve) => {
        const timer = setTimeout(() => resolve(undefined), 1_000)
        this.waiting.set(id, (heard) => {
          clearTimeout(timer)
          resolve(heard)
        })
        if (via === "udp") this.udp.send(sent, this.port, "127.0.0.1")
        else this.connection().write(Framing.frame(sent))
      })
      this.waiting.delete(id)
      if (reply === undefined) continue
      this.answers++
      const own = Buffer.from(reply)
      query.copy(own, 0, 0, 2)
      return own
    }
    throw new Error("the real server does not answer")
  }

  close(): void {
    this.udp.close()
    this.tcp?.destroy()
  }

  private connection(): net.Socket {
    if (this.tcp !== undefined && !this.tcp.destroyed && this.tcp.writable) return this.tcp
    const socket = net.connect(this.port, "127.0.0.1")
    const deframer = new Framing.Deframer()
    socket.on("data", (piece) => {
      for (const reply of deframer.push(piece)) this.receive(Buffer.from(reply))
    })
    socket.on("error", () => {})
    socket.on("end", () => socket.destroy())
    return (this.tcp = socket)
  }

  private receive(reply: Buffer): void {
    if (reply.length >= 12) this.waiting.get(reply.readUInt16BE())?.(reply)
  }
}

export interface RealStage extends Stage {
  /** What was not as the scenario's scripts claim. */
  readonly faults: ReadonlyArray<string>
}

/** A stage for one scenario. */
export const make = (server: RealServer): RealStage => {
  const faults: Array<string> = []
  const fetching = new Set<Promise<void>>()
  /** Counts what happens on our side of the sockets. */
  let events = 0
  let inFlight: () => number = () => 0

  const open: Stage["open"] = (scripts, asked) =>
    Effect.gen(function* () {
      let clock: Wheel.Wheel
      const ports = new Map<string, number>()
      const held = new Set<Transport.Ask>()
      for (const [address, script] of Object.entries(scripts)) {
        const hear = (octets: Buffer, via: "udp" | "tcp", send: (reply: Uint8Array) => void): void => {
          events++
          const one = askedOf(octets, { server: address, via, at: Math.round(clock.now()) }, asked)
          asked.push(one)
          play(script, one, octets, (after, reply) => {
            clock.set(after, () => {
              events++
              send(reply)
            })
          })
        }
        ports.set(address, yield* proxy(hear, () => events++))
      }
      const count = () => {
        for (const ask of held) if (ask.place === undefined) held.delete(ask)
        return held.size
      }
      inFlight = count
      const transport = (wheel: Wheel.Wheel): Transport.Transport => {
        clock = wheel
        const real = Transport.node(wheel)
        const channel = (open: (endpoint: Endpoint.Endpoint) => Transport.Channel) => (endpoint: Endpoint.Endpoint) => {
          const inner = open({ ...endpoint, address: "127.0.0.1", port: ports.get(endpoint.address)! })
          const watched: Transport.Channel = {
            counters: inner.counters,
            ask: (ask) => {
              held.add(ask)
              inner.ask(ask)
            },
            cancel: (ask) => inner.cancel(ask),
            close: () => {
              inner.close()
              held.clear()
            }
          }
          return watched
        }
        return { datagrams: channel(real.datagrams), streams: channel(real.streams) }
      }
      return { transport, held: count }
    })

  const play = (script: Script, one: Asked, octets: Buffer, send: (after: number, reply: Uint8Array) => void): void => {
    for (const sent of script(one)) {
      const after = sent.after ?? 1
      if ("unreachable" in sent) faults.push("an unreachable server cannot be played on this stage")
      else if ("octets" in sent) send(after, sent.octets)
      else if (sent.served !== true) send(after, Message.encode(sent.message))
      else {
        const fetched = fetch(sent.message, one, octets, (reply) => send(after, reply))
        fetching.add(fetched)
        void fetched.then(() => fetching.delete(fetched))
      }
    }
  }

  const fetch = async (
    claim: Message.Message,
    one: Asked,
    octets: Buffer,
    send: (reply: Uint8Array) => void
  ): Promise<void> => {
    try {
      const reply = await server.ask(octets, one.via)
      const fault = difference(claim, Message.decodeUnsafe(Buffer.from(reply)))
      if (fault !== undefined) faults.push(`${one.name} ${one.type} over ${one.via}: ${fault}`)
      send(reply)
    } catch (error) {
      faults.push(String(error))
    }
  }

  const settle = Effect.promise(async () => {
    // Both ends of the loopback are in this process: what was sent is read in one of the next turns of the loop.
    for (let quiet = 0; quiet < (inFlight() > 0 ? 4 : 1);) {
      const before = events
      if (fetching.size > 0) await Promise.race(fetching)
      await new Promise((resolve) => setImmediate(resolve))
      quiet = events === before && fetching.size === 0 ? quiet + 1 : 0
    }
  })

  return { open, settle, faults }
}

/** A UDP and a TCP socket on one port; gives the port. */
const proxy = (
  hear: (octets: Buffer, via: "udp" | "tcp", send: (reply: Uint8Array) => void) => void,
  onEvent: () => void
): Effect.Effect<number, never, Scope.Scope> => {
  const sockets = new Set<net.Socket>()
  const bind = async (tries: number): Promise<{ readonly udp: dgram.Socket; readonly tcp: net.Server }> => {
    const tcp = net.createServer((socket) => {
      onEvent()
      sockets.add(socket)
      const deframer = new Framing.Deframer()
      socket.on("error", () => {})
      socket.on("close", () => sockets.delete(socket))
      socket.on("data", (piece) => {
        for (const octets of deframer.push(piece)) {
          hear(Buffer.from(octets), "tcp", (reply) => void socket.write(Framing.frame(reply)))
        }
      })
    })
    await new Promise<void>((resolve) => tcp.listen(0, "127.0.0.1", resolve))
    const { port } = tcp.address() as net.AddressInfo
    const udp = dgram.createSocket("udp4")
    const bound = await new Promise<boolean>((resolve) => {
      udp.once("error", () => resolve(false))
      udp.bind(port, "127.0.0.1", () => resolve(true))
    })
    if (bound) return { udp, tcp }
    // Someone else has that port for UDP: another one.
    tcp.close()
    if (tries === 0) throw new Error("no port is free for both UDP and TCP")
    return bind(tries - 1)
  }
  return Effect.acquireRelease(
    Effect.promise(async () => {
      const bound = await bind(20)
      bound.udp.on("message", (octets, from) =>
        hear(octets, "udp", (reply) => bound.udp.send(reply, from.port, from.address))
      )
      return bound
    }),
    ({ tcp, udp }) =>
      Effect.promise(async () => {
        for (const socket of sockets) socket.destroy()
        await Promise.all([
          new Promise<void>((resolve) => udp.close(() => resolve())),
          new Promise<void>((resolve) => tcp.close(() => resolve()))
        ])
      })
  ).pipe(Effect.map(({ tcp }) => (tcp.address() as net.AddressInfo).port))
}

/** In what a server's reply is other than was claimed: code, truncation, the answer's records in whatever order, the zone. */
const difference = (claim: Message.Message, reply: Message.Message): string | undefined => {
  const say = (what: string, claimed: unknown, real: unknown): string | undefined =>
    claimed === real ? undefined : `${what}: claimed ${String(claimed)}, is ${String(real)}`
  const soa = (message: Message.Message): string | undefined =>
    message.authorities
      .find((record) => record.type === "SOA")
      ?.name.toString()
      .toLowerCase()
  return (
    say("rcode", claim.rcode, reply.rcode) ??
    say("TC", claim.truncated, reply.truncated) ??
    (claim.truncated ? undefined : say("answer", texts(claim), texts(reply))) ??
    (soa(claim) === undefined ? undefined : say("SOA", soa(claim), soa(reply))) ??
    late(claim, reply)
  )
}

/** In lower case all over: names in a reply that point into its question have that one's random case. */
const key = (record: ResourceRecord.ResourceRecord): string => {
  const data = ResourceRecord.dataOctets(record).map((octet) => (octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet))
  return `${record.name.toString().toLowerCase()} ${record.type} ${Buffer.from(data).toString("hex")}`
}

const texts = ({ answers }: Message.Message): string => answers.map(key).toSorted().join(", ")

/** A resolver with a cache of its own lets TTLs run down while the test runs. */
const late = (claim: Message.Message, reply: Message.Message): string | undefined => {
  for (const record of reply.answers) {
    const claimed = claim.answers.find((other) => key(other) === key(record))?.ttl ?? record.ttl
    if (record.ttl > claimed || record.ttl < claimed - 5) return `TTL: claimed ${claimed}, is ${record.ttl}`
  }
  return undefined
}
