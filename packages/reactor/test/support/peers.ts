/** Peers on loopback for tests: raw sockets of Node, none of our own code. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NetAddress from "effect/net/NetAddress"
import * as dgram from "node:dgram"
import * as net from "node:net"

export interface Peer {
  readonly address: NetAddress.InetAddress
  readonly port: number
  /** Sockets open at the peer now. */
  readonly open: () => number
  /** Connections it has had. */
  readonly accepted: () => number
}

export const loopback = (port: number): NetAddress.InetAddress =>
  NetAddress.inetAddressFromIpStringUnsafe("127.0.0.1", port)

/** A TCP peer that does with each connection what it is told. */
export const tcp = (
  onSocket: (socket: net.Socket) => void,
  host = "127.0.0.1"
): Effect.Effect<Peer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<{ server: net.Server; sockets: Set<net.Socket>; count: { accepted: number } }>((resume) => {
      const sockets = new Set<net.Socket>()
      const count = { accepted: 0 }
      const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
        count.accepted++
        sockets.add(socket)
        socket.on("error", () => {})
        socket.on("close", () => sockets.delete(socket))
        onSocket(socket)
      })
      server.listen(0, host, 4_096, () => resume(Effect.succeed({ server, sockets, count })))
    }),
    ({ server, sockets }) =>
      Effect.callback<void>((resume) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resume(Effect.void))
      })
  ).pipe(
    Effect.map(({ count, server, sockets }) => {
      const { port } = server.address() as net.AddressInfo
      return {
        address: NetAddress.inetAddressFromIpStringUnsafe(host, port),
        port,
        open: () => sockets.size,
        accepted: () => count.accepted
      }
    })
  )

/** Sends back what comes, and closes when the other side has. */
export const echo = tcp((socket) => {
  socket.on("data", (octets) => socket.write(octets))
  socket.on("end", () => socket.end())
})

/** A UDP peer. */
export const udp = (
  onDatagram: (octets: Buffer, reply: (octets: Uint8Array) => void) => void
): Effect.Effect<Peer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<dgram.Socket>((resume) => {
      const socket = dgram.createSocket("udp4")
      socket.on("message", (octets, from) =>
        onDatagram(octets, (answer) => socket.send(answer, from.port, from.address))
      )
      socket.bind(0, "127.0.0.1", () => resume(Effect.succeed(socket)))
    }),
    (socket) => Effect.callback<void>((resume) => void socket.close(() => resume(Effect.void)))
  ).pipe(
    Effect.map((socket) => {
      const { port } = socket.address()
      return { address: loopback(port), port, open: () => 0, accepted: () => 0 }
    })
  )

/** A port of loopback at which nobody listens. */
export const closedPort: Effect.Effect<number> = Effect.scoped(Effect.map(echo, (peer) => peer.port))

export const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"))
export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1")
