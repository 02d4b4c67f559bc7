/** The sockets of a server: datagrams and connections to `handle`, and its responses back. */
import { createSocket, type Socket as UdpSocket } from "node:dgram"
import { once } from "node:events"
import { type AddressInfo, createServer as createTcpServer, type Server as NetServer, type Socket } from "node:net"
import { createServer as createTlsServer } from "node:tls"
import { Framing } from "../wire/index.ts"
import { handle, type Peer, type Policy } from "./handle.ts"
import * as limits from "./limits.ts"
import type { Stats } from "./Server.ts"

export interface Options {
  readonly host: string
  readonly port: number
  readonly tls: { readonly key: string; readonly cert: string; readonly port?: number } | undefined
  readonly connections: number
  readonly connectionIdle: number
  readonly delay?: ((peer: Peer) => number) | undefined
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
  private isClosed = false

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
      // Nobody is there, and to send there throws: such a datagram is made by hand.
      if (port === 0) return void this.dropped++
      const peer = { transport: "udp", address, port } as const
      const delay = this.delayOf(peer)
      if (delay === Infinity) this.dropped++
      else if (delay > 0) setTimeout(() => this.answer(octets, peer), delay).unref()
      else this.answer(octets, peer)
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

  private delayOf(peer: Peer): number {
    const { delay, policy } = this.options
    if (delay === undefined) return 0
    try {
      return delay(peer)
    } catch (cause) {
      policy.onDefect?.(cause)
      return 0
    }
  }

  /** Answers a datagram. */
  private answer(octets: Uint8Array, peer: Peer): void {
    if (this.isClosed) return
    let answered = false
    for (const response of handle(this.options.policy, octets, peer, this.options.now())) {
      answered = true
      this.responses++
      this.udp.send(response, peer.port, peer.address, ignore)
    }
    if (!answered) this.dropped++
  }

  async close(): Promise<void> {
    this.isClosed = true
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
    // Responses leave in the order of the requests: a transfer holds up what was asked after it on its connection. Each is made when
    // its turn comes, and nothing more is read until then: who asks faster than it reads waits, and costs no more than its questions.
    const waiting: Array<{ readonly octets: Uint8Array; readonly due: number }> = []
    let late: NodeJS.Timeout | undefined
    let current: Iterator<Uint8Array> | undefined
    let stalled = false
    // Over TLS a message is a record of its own: who looks for more on the socket, not in what TLS has read already (NSD 4.6 takes a
    // zone so), would wait ten seconds for the second of two that came in one.
    let writing = false
    const pump = () => {
      while (!writing && !stalled) {
        if (socket.destroyed) return
        if (current === undefined) {
          const request = waiting[0]
          if (request === undefined) break
          const left = request.due === 0 ? 0 : request.due - performance.now()
          if (left > 0) {
            late ??= setTimeout(() => {
              late = undefined
              pump()
            }, left).unref()
            break
          }
          waiting.shift()
          current = handle(this.options.policy, request.octets, peer, this.options.now())[Symbol.iterator]()
        }
        if (socket.writableLength > limits.connectionBacklog) {
          // The peer has stopped reading: neither does it get more, nor is it read.
          stalled = true
          socket.pause()
          socket.setTimeout(limits.connectionStall)
          return void socket.once("drain", () => {
            stalled = false
            socket.setTimeout(this.options.connectionIdle)
            pump()
          })
        }
        const next = current.next()
        if (next.done === true) current = undefined
        else {
          this.responses++
          if (transport === "tcp") socket.write(Framing.frame(next.value))
          else {
            writing = true
            socket.write(Framing.frame(next.value), () => {
              writing = false
              pump()
            })
          }
        }
      }
      if (waiting.length > 0) socket.pause()
      else if (!stalled && socket.isPaused()) socket.resume()
    }
    // An octet now and then is not idleness to the socket's timer: a request has to be whole within its time.
    let unfinished: NodeJS.Timeout | undefined
    const giveTime = () => {
      unfinished = setTimeout(() => {
        // What is not read cannot come: that is for the backlog's own timer.
        if (socket.isPaused()) giveTime()
        else socket.destroy()
      }, limits.messageTime)
    }
    socket.on("close", () => {
      clearTimeout(unfinished)
      clearTimeout(late)
    })
    socket.on("data", (piece: Buffer) => {
      if (transport === "tcp") socket.cork()
      const whole = deframer.push(piece)
      if (whole.length > 0 || deframer.pending === 0) {
        clearTimeout(unfinished)
        unfinished = undefined
      }
      if (deframer.pending > 0 && unfinished === undefined) giveTime()
      for (const octets of whole) {
        this.requests++
        const delay = this.delayOf(peer)
        if (delay === Infinity) this.dropped++
        else waiting.push({ octets, due: delay > 0 ? performance.now() + delay : 0 })
      }
      pump()
      if (transport === "tcp") socket.uncork()
    })
  }
}

const ignore = (): void => undefined
