/** The lab's name server: `Zone` behind a UDP and a TCP socket of one address and port (RFC 1035 section 4.2). */
import { DecodeError, Framing, Message } from "@handoff/dns/wire"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Dgram from "node:dgram"
import * as Net from "node:net"
import { LabError } from "./LabError.ts"
import * as limits from "./limits.ts"
import { random } from "./random.ts"
import * as Zone from "./Zone.ts"

export interface Options {
  readonly zone: Zone.Zone
  readonly address: string
  /** 0: one that is free. */
  readonly port: number
  /** Milliseconds before an answer; default `limits.nameLatency`. */
  readonly latency?: number
  /** Share of datagrams that are lost on their way, 0 to 1; which ones, the seed decides. Default 0. */
  readonly loss?: number
  readonly seed?: number
}

/** Where it listens. */
export interface NameServer {
  readonly address: string
  readonly port: number
  /** Questions answered so far, over UDP and TCP. */
  readonly answered: () => number
}

/** Opens the server; closing the scope closes it and its connections. */
export const listen = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<NameServer, LabError, Scope.Scope> {
  const count = { answered: 0 }
  const port = yield* listenTcp(options, count)
  yield* listenUdp({ ...options, port }, count)
  return { address: options.address, port, answered: () => count.answered }
})

interface Count {
  answered: number
}

/** Octets of the reply, or nothing for what cannot even be refused. */
const answer = (options: Options, count: Count, octets: Uint8Array, datagram: boolean): Uint8Array | undefined => {
  const query = Message.decode(octets, { trailing: "ignore" })
  if (query instanceof DecodeError || query.response) return undefined
  count.answered++
  const payload = Math.max(512, query.edns?.udpPayloadOctets ?? 512)
  return Message.encode(Zone.reply(options.zone, query), datagram ? { maxOctets: Math.min(payload, 1_232) } : {})
}

const listenTcp = (options: Options, count: Count): Effect.Effect<number, LabError, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly server: Net.Server; readonly sockets: Set<Net.Socket> }, LabError>((resume) => {
        const sockets = new Set<Net.Socket>()
        const server = Net.createServer({ noDelay: true }, (socket) => {
          const deframer = new Framing.Deframer()
          sockets.add(socket)
          socket.on("close", () => sockets.delete(socket))
          socket.on("error", () => {})
          socket.setTimeout(limits.idleSeconds * 1_000, () => socket.destroy())
          socket.on("data", (piece) => {
            for (const message of deframer.push(piece)) {
              const reply = answer(options, count, message, false)
              if (reply !== undefined) later(options, () => socket.writable && socket.write(Framing.frame(reply)))
            }
          })
        })
        server.on("error", failed(options, resume))
        server.listen({ host: options.address, port: options.port }, () => resume(Effect.succeed({ server, sockets })))
      }),
      ({ server, sockets }) =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          for (const socket of sockets) socket.destroy()
        })
    ),
    ({ server }) => (server.address() as Net.AddressInfo).port
  )

const listenUdp = (options: Options, count: Count): Effect.Effect<unknown, LabError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Dgram.Socket, LabError>((resume) => {
      const socket = Dgram.createSocket({ type: "udp4", recvBufferSize: 4 * 1_024 * 1_024 })
      let open = true
      const { loss = 0 } = options
      const next = random(options.seed ?? limits.seed.default)
      socket.on("close", () => (open = false))
      socket.on("message", (octets, peer) => {
        if (loss > 0 && next() < loss) return
        const reply = answer(options, count, octets, true)
        // A peer that has gone is the peer's business.
        if (reply !== undefined) later(options, () => open && socket.send(reply, peer.port, peer.address, () => {}))
      })
      socket.on("error", failed(options, resume))
      socket.bind({ address: options.address, port: options.port }, () => resume(Effect.succeed(socket)))
    }),
    (socket) => Effect.callback<void>((resume) => void socket.close(() => resume(Effect.void)))
  )

const later = (options: Options, act: () => unknown): void => {
  setTimeout(act, options.latency ?? limits.nameLatency.default).unref()
}

const failed =
  (options: Options, resume: (effect: Effect.Effect<never, LabError>) => void) => (cause: NodeJS.ErrnoException) =>
    resume(
      Effect.fail(new LabError({ where: `${options.address}:${options.port}`, code: cause.code ?? "UNKNOWN", cause }))
    )
