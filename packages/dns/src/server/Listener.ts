/** The sockets of a server: datagrams and connections to `handle`, and its responses back. */
import { createSocket, type Socket as UdpSocket } from "node:dgram"
import { once } from "node:events"
import { type AddressInfo, createServer as createTcpServer, type Server as NetServer, type Socket } from "node:net"
import { createServer as createTlsServer } from "node:tls"
import { Framing } from "../wire/index.ts"
import { handle, type Policy } from "./handle.ts"
import * as limits from "./limits.ts"
import type { Stats } from "./Server.ts"

export interface Options {
  readonly host: string
  readonly port: number
  readonly tls: { readonly key: string; readonly cert: string; readonly port?: number } | undefined
  readonly connections: number
  readonly connectionIdle: number
  readonly policy: Policy
  readonly now: () => number
}

/** Tries for a port that is free for both UDP and TCP, when any will do. */
const portAttempts = 10

export class Listener {
  readonly port: number
  readonly tlsPort: number | undefined
  private readonly options: Options
  private readonly udp: UdpSocket
  private readonly servers: ReadonlyArray<NetServer>
  private readonly sockets = new Set<Socket>()
  private requests = 0
  private responses = 0
  private dropped = 0

  static async open(options: Options): Promise<Listener> {
    for (let attempt = 1; ; attempt++) {
      const opened: Array<NetServer | UdpSocket> = []
      try {
        const tcp = createTcpServer({ noDelay: true })
        opened.push(tcp)
        tcp.listen(options.port, options.host)
        await once(tcp, "listening")
        const port = (tcp.address() as AddressInfo).port
        const udp = createSocket({
          type: options.host.includes(":") ? "udp6" : "udp4",
          recvBufferSize: 4 * 1024 * 1024
        })
        opened.push(udp)
        udp.bind({ port, address: options.host, exclusive: true })
        await once(udp, "listening")
        if (options.tls === undefined) return new Listener(options, udp, [tcp], port, undefined)
        const tls = createTlsServer({
          key: options.tls.key,
          cert: options.tls.cert,
          ALPNProtocols: ["dot"],
          noDelay: true
        })
        opened.push(tls)
        tls.listen(options.tls.port ?? 0, options.host)
        await once(tls, "listening")
        return new Listener(options, udp, [tcp, tls], port, (tls.address() as AddressInfo).port)
      } catch (error) {
        for (const socket of opened) socket.close()
        const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE"
        if (options.port !== 0 || !taken || attempt === portAttempts) throw error
      }
    }
  }

  private constructor(
    options: Options,
    udp: UdpSocket,
    servers: ReadonlyArray<NetServer>,
    port: number,
    tlsPort: number | undefined
  ) {
    this.options = options
    this.udp = udp
    this.servers = servers
    this.port = port
    this.tlsPort = tlsPort
    udp.on("message", (octets, { address, port }) => {
      this.requests++
      let answered = false
      for (const response of handle(options.policy, octets, { transport: "udp", address, port }, options.now())) {
        answered = true
        this.responses++
        udp.send(response, port, address, ignore)
      }
      if (!answered) this.dropped++
    })
    // An ICMP error of an earlier response: that client is gone, the others are not.
    udp.on("error", ignore)
    servers.forEach((server, index) => {
      const event = index === 0 ? "connection" : "secureConnection"
      server.on(event, (socket: Socket) => this.serve(socket, index === 0 ? "tcp" : "tls"))
      server.on("tlsClientError", ignore)
      server.on("error", ignore)
      if (index > 0) server.on("connection", (socket: Socket) => this.keep(socket))
    })
  }

  stats(): Stats {
    return {
      requests: this.requests,
      responses: this.responses,
      dropped: this.dropped,
      connections: this.sockets.size
    }
  }

  async close(): Promise<void> {
    const closed = [this.udp, ...this.servers].map((server) => once(server, "close"))
    this.udp.close()
    for (const server of this.servers) server.close()
    for (const socket of this.sockets) socket.destroy()
    await Promise.all(closed)
  }

  private keep(socket: Socket): boolean {
    if (this.sockets.size >= this.options.connections) {
      socket.destroy()
      return false
    }
    this.sockets.add(socket)
    socket.on("close", () => this.sockets.delete(socket))
    socket.on("error", ignore)
    return true
  }

  private serve(socket: Socket, transport: "tcp" | "tls"): void {
    if (transport === "tls") socket.on("error", ignore)
    else if (!this.keep(socket)) return
    const peer = { transport, address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 }
    const deframer = new Framing.Deframer()
    socket.setTimeout(this.options.connectionIdle, () => socket.destroy())
    // Responses leave in the order of the requests: a transfer holds up what was asked after it on its connection.
    const waiting: Array<Iterator<Uint8Array>> = []
    const pump = () => {
      while (waiting.length > 0) {
        if (socket.destroyed) return
        if (socket.writableLength > limits.connectionBacklog) {
          // The peer has stopped reading: neither does it get more, nor is it read.
          socket.pause()
          socket.setTimeout(limits.connectionStall)
          return void socket.once("drain", () => {
            socket.setTimeout(this.options.connectionIdle)
            socket.resume()
            pump()
          })
        }
        const next = waiting[0]!.next()
        if (next.done === true) waiting.shift()
        else {
          this.responses++
          socket.write(Framing.frame(next.value))
        }
      }
    }
    socket.on("data", (piece: Buffer) => {
      socket.cork()
      for (const octets of deframer.push(piece)) {
        this.requests++
        waiting.push(handle(this.options.policy, octets, peer, this.options.now())[Symbol.iterator]())
      }
      pump()
      socket.uncork()
    })
  }
}

const ignore = (): void => undefined
