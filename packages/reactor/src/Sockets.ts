/**
 * Effect's own `Socket` and `SocketServer` over our transports, so that Effect programs (RPC, HTTP, Ndjson streams) run
 * on them without a change: proxies, Happy Eyeballs, limits, memory networks and faults included.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as NetAddress from "effect/net/NetAddress"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import * as SocketServer from "effect/socket/SocketServer"
import type { ConnectionError } from "./ConnectionError.ts"
import * as Conn from "./Connection.ts"
import type { Endpoint } from "./Endpoint.ts"
import * as Server from "./Server.ts"

/** A socket to a peer; each opening of its reader connects anew. There is no idle timeout unless one is stated. */
export const make = (endpoint: Endpoint | string, options: Conn.Options = {}): Socket.Socket =>
  socketOf(
    Effect.mapError(
      Conn.connect(endpoint, { idleTimeout: "Infinity", ...options }),
      (cause) =>
        new Socket.SocketError({
          reason: new Socket.SocketOpenError({ kind: cause._tag.endsWith("Timeout") ? "Timeout" : "Unknown", cause })
        })
    ),
    false
  )

/** Effect's `Socket` to an endpoint, as a layer. */
export const layer = (endpoint: Endpoint | string, options?: Conn.Options): Layer.Layer<Socket.Socket> =>
  Layer.succeed(Socket.Socket, make(endpoint, options))

/** A server that listens as long as the scope lives; connections wait in it until it runs. */
export const makeServer = (
  listen: Server.Listen,
  options: Server.Options = {}
): Effect.Effect<SocketServer.SocketServer["Service"], SocketServer.SocketServerError, Scope.Scope> =>
  Effect.gen(function* () {
    type Serve = (connection: Conn.Connection) => Effect.Effect<void>
    let serve: Serve | undefined
    const waiting: Array<(serve: Serve) => void> = []
    const server = yield* Server.serve(
      listen,
      (connection) =>
        Effect.flatMap(
          serve !== undefined
            ? Effect.succeed(serve)
            : Effect.callback<Serve>((resume) => {
                waiting.push((serve) => resume(Effect.succeed(serve)))
              }),
          (serve) => serve(connection)
        ),
      { idleTimeout: "Infinity", slowClient: "Infinity", ...options }
    ).pipe(
      Effect.mapError(
        (cause) =>
          new SocketServer.SocketServerError({ reason: new SocketServer.SocketServerOpenError({ cause: cause.cause }) })
      )
    )
    const path = server.address.startsWith("/") || server.address.startsWith("\0")
    const address = path
      ? NetAddress.unixPathAddress(server.address)
      : NetAddress.inetAddressFromStringUnsafe(server.address)
    const run = <R, E, _>(
      handler: (socket: Socket.Socket) => Effect.Effect<_, E, R>
    ): Effect.Effect<never, SocketServer.SocketServerError, R> =>
      Effect.gen(function* () {
        const context = (yield* Effect.context<R>()).pipe(Context.omit(Scope.Scope)) as Context.Context<R>
        const fibers = new Set<Fiber.Fiber<unknown, unknown>>()
        serve = (connection) => {
          const fiber = Effect.runForkWith(context)(handler(socketOf(Effect.succeed(connection), true)))
          fibers.add(fiber)
          return Effect.onInterrupt(
            Effect.asVoid(
              Effect.ensuring(
                Fiber.await(fiber),
                Effect.sync(() => fibers.delete(fiber))
              )
            ),
            () => Fiber.interrupt(fiber)
          )
        }
        for (const each of waiting.splice(0)) each(serve)
        return yield* Effect.ensuring(
          Effect.never,
          Effect.suspend(() => {
            serve = undefined
            return Fiber.interruptAll(fibers)
          })
        )
      })
    return { address, run }
  })

/** Effect's `SocketServer` on an endpoint, as a layer. */
export const layerServer = (
  listen: Server.Listen,
  options?: Server.Options
): Layer.Layer<SocketServer.SocketServer, SocketServer.SocketServerError> =>
  Layer.effect(SocketServer.SocketServer, makeServer(listen, options))

const encoder = new TextEncoder()

/** The first of one or several. */
const one = <A extends object | string>(given: A | ReadonlyArray<A> | undefined): A | undefined =>
  Array.isArray(given) ? (given as ReadonlyArray<A>)[0] : (given as A | undefined)

const failure = (make: (cause: ConnectionError) => Socket.SocketError["reason"]) => (cause: ConnectionError) =>
  cause._tag === "PeerClosed" || cause._tag === "Closed"
    ? new Socket.SocketError({ reason: new Socket.SocketCloseError({ code: cause._tag === "Closed" ? 1006 : 1000 }) })
    : new Socket.SocketError({ reason: make(cause) })

const readFailure = failure((cause) => new Socket.SocketReadError({ cause }))
const writeFailure = failure((cause) => new Socket.SocketWriteError({ cause }))

const closedInOrder = Effect.fail(new Socket.SocketError({ reason: new Socket.SocketCloseError({ code: 1000 }) }))

const socketOf = (
  open: Effect.Effect<Conn.Connection, Socket.SocketError, Scope.Scope>,
  isServer: boolean
): Socket.Socket => {
  /** The connection of the open reader; a writer waits for it. */
  let current: Conn.Connection | undefined
  const waiting = new Set<(connection: Conn.Connection) => void>()
  const connected = Effect.suspend(() =>
    current === undefined
      ? Effect.callback<Conn.Connection>((resume) => {
          const go = (connection: Conn.Connection): void => resume(Effect.succeed(connection))
          waiting.add(go)
          return Effect.sync(() => void waiting.delete(go))
        })
      : Effect.succeed(current)
  )
  const reader: Socket.Socket["reader"] = Effect.gen(function* () {
    const connection = yield* open
    current = connection
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        if (current === connection) current = undefined
        return connection.close
      })
    )
    for (const each of Array.from(waiting)) each(connection)
    waiting.clear()
    return {
      pull: Effect.flatMap(Effect.mapError(connection.readSome, readFailure), (some) =>
        Option.isSome(some) ? Effect.succeed([some.value] as const) : closedInOrder
      ),
      upgrade: (options = {}) => {
        const key = one(options.key)
        const credentials = {
          key: key === undefined ? undefined : Redacted.value(key),
          cert: one(options.cert),
          alpn: options.alpnProtocols
        }
        if (isServer && (credentials.key === undefined || credentials.cert === undefined)) {
          const cause = new Error("a server's upgrade needs both key and cert")
          return Effect.fail(new Socket.SocketError({ reason: new Socket.SocketUpgradeError({ cause }) }))
        }
        return connection
          .startTls(
            isServer
              ? { ...credentials, key: credentials.key!, cert: credentials.cert! }
              : {
                  ...credentials,
                  serverName: options.servername,
                  ca: options.ca,
                  verify: options.rejectUnauthorized === false ? "capture" : "check"
                }
          )
          .pipe(
            Effect.mapError((cause) => new Socket.SocketError({ reason: new Socket.SocketUpgradeError({ cause }) })),
            Effect.asVoid
          )
      }
    }
  })
  const write = (chunk: Uint8Array | string | Socket.CloseEvent): Effect.Effect<void, Socket.SocketError> =>
    Effect.flatMap(connected, (connection) =>
      Socket.isCloseEvent(chunk)
        ? connection.end
        : Effect.mapError(connection.write(typeof chunk === "string" ? encoder.encode(chunk) : chunk), writeFailure)
    )
  return Socket.make({
    reader,
    writer: Effect.succeed({
      write,
      writeAll: (chunks) => Effect.forEach(chunks, write, { discard: true })
    })
  })
}
