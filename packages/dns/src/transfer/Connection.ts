/** One connection to a name server, for the scope: messages out, messages in, the reader no faster than it is asked to. */
import { connect as connectTcp, type Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Framing } from "../wire/index.ts"
import * as limits from "./limits.ts"
import type { Peer } from "./Peer.ts"
import { TransferError } from "./TransferError.ts"

export interface Connection {
  readonly send: (octets: Uint8Array) => void
  /** The next message. Interrupting it loses nothing. */
  readonly take: Effect.Effect<Uint8Array, TransferError>
}

/** Connects; the connection is closed with the scope. */
export const open = (peer: Peer): Effect.Effect<Connection, TransferError, Scope.Scope> =>
  Effect.acquireRelease(connect(peer), (socket) => Effect.sync(() => socket.destroy())).pipe(Effect.map(wrap))

const connect = (peer: Peer): Effect.Effect<Socket, TransferError> =>
  Effect.callback<Socket, TransferError>((resume) => {
    const { address, tls } = peer
    const socket =
      tls === undefined
        ? connectTcp({ host: address, port: peer.port ?? 53, noDelay: true })
        : connectTls({
            host: address,
            port: peer.port ?? 853,
            // ALPN "dot" is what RFC 9103 7.1 wants of transfers over TLS.
            ALPNProtocols: ["dot"],
            ...(tls.serverName === undefined
              ? { checkServerIdentity: () => undefined }
              : { servername: tls.serverName }),
            rejectUnauthorized: tls.serverName !== undefined || tls.ca !== undefined,
            ...(tls.ca === undefined ? {} : { ca: typeof tls.ca === "string" ? tls.ca : [...tls.ca] })
          })
    const failed = (reason: "Unreachable" | "Timeout", cause: unknown) => {
      socket.destroy()
      resume(Effect.fail(new TransferError({ reason, detail: `no connection to ${address}`, cause })))
    }
    socket.setTimeout(limits.connect, () => failed("Timeout", undefined))
    socket.once("error", (cause) => failed("Unreachable", cause))
    socket.once(tls === undefined ? "connect" : "secureConnect", () => {
      socket.setTimeout(0)
      socket.removeAllListeners("timeout")
      socket.removeAllListeners("error")
      resume(Effect.succeed(socket))
    })
    return Effect.sync(() => socket.destroy())
  })

const wrap = (socket: Socket): Connection => {
  const deframer = new Framing.Deframer()
  const ready: Array<Uint8Array> = []
  let ended: TransferError | undefined
  let waiting: (() => void) | undefined
  const wake = () => {
    const waiter = waiting
    waiting = undefined
    waiter?.()
  }
  const end = (cause: unknown) => {
    ended ??= new TransferError({ reason: "Unreachable", detail: "the connection was closed", cause })
    wake()
  }
  socket.on("data", (piece) => {
    ready.push(...deframer.push(piece))
    if (ready.length > limits.messagesAhead) socket.pause()
    wake()
  })
  socket.on("error", end)
  socket.on("close", () => end(undefined))
  const take = Effect.callback<Uint8Array, TransferError>((resume) => {
    const next = () => {
      const octets = ready.shift()
      if (octets !== undefined) {
        if (ready.length === 0) socket.resume()
        return resume(Effect.succeed(octets))
      }
      if (ended !== undefined) return resume(Effect.fail(ended))
      waiting = next
    }
    next()
    return Effect.sync(() => {
      waiting = undefined
    })
  })
  return {
    send: (octets) => void socket.write(Framing.frame(octets)),
    take: Effect.timeoutOrElse(take, {
      duration: limits.stall,
      orElse: () => Effect.fail(new TransferError({ reason: "Timeout", detail: `nothing for ${limits.stall} ms` }))
    })
  }
}
