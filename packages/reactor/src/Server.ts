/**
 * A server: connections accepted within limits, each given to a handler that is an effect, and drained when it closes.
 *
 * | limit | what happens to those above |
 * |---|---|
 * | `connections` in all, `perPeer` per address | reset (TLS: closed) at once, before a handshake; counted as `refused` |
 * | `slowClient`: a read's frame is not whole in time | cut with `FrameTimeout` |
 * | `idleTimeout`, `firstByteTimeout`, `totalTimeout` | cut with the error of that name |
 * | descriptors | by default a quarter is left to the handlers: clients above are reset like those above `connections` |
 *
 * If others of the process use descriptors up (`EMFILE`), libuv closes what it cannot keep and goes on: the server
 * neither spins nor ends.
 *
 * Closing the scope stops accepting, gives handlers `drain` to finish, then interrupts those left, cuts their
 * connections, and gives their finalizers one second more. The listening socket can be handed over: to a child process
 * (`handOver`), from one (`fd`, `received`), or shared with others (`reusePort`).
 */
import type { ChildProcess } from "node:child_process"
import type * as net from "node:net"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { Connection } from "./Connection.ts"
import * as Conn from "./Connection.ts"
import * as descriptors from "./descriptors.ts"
import * as limits from "./limits.ts"
import type { Handler, Link, Listener } from "./Link.ts"
import { hostOf } from "./NodeLink.ts"
import { NodeListener } from "./NodeListener.ts"
import * as Tcp from "./Tcp.ts"
import * as Tls from "./Tls.ts"
import * as Unix from "./Unix.ts"

/** Where a server listens. */
export type Listen =
  | ({ readonly transport?: "tcp" } & Tcp.ListenOptions)
  | ({ readonly transport: "tls" } & Tls.ListenOptions)
  | ({ readonly transport: "unix" } & Unix.ListenOptions)
  /** A listening socket that came from another process (`process.on("message", (_, handle) => ...)`). */
  | { readonly transport: "received"; readonly server: net.Server }
  /** A listener of one's own: `Memory`. */
  | {
      readonly transport: "custom"
      readonly listen: (
        accept: (link: Link) => Handler | undefined,
        ready: (error: Error | undefined, listener: Listener) => void
      ) => Listener
    }

/** Bounds of a server, for each peer and in all. */
export interface Options extends Conn.Timeouts {
  /** Connections at once; default 10,000, or fewer where `ulimit -n` is low. */
  readonly connections?: number | undefined
  /** Connections at once from one address; default as many as in all. */
  readonly perPeer?: number | undefined
  /** Within what time a client must finish the frame that is being read; default 30 seconds. */
  readonly slowClient?: Duration.Input | undefined
  readonly highWaterOctets?: number | undefined
  readonly lowWaterOctets?: number | undefined
  /** Time that handlers get to finish when the server closes; default 1 second. */
  readonly drain?: Duration.Input | undefined
  /** Told of every handler that failed, with its connection's peer. */
  readonly onFailure?: ((peer: string, exit: Exit.Exit<unknown, unknown>) => void) | undefined
}

/** The address is taken, not ours, or not allowed. */
export class ListenError extends Data.TaggedError("ListenError")<{ readonly code: string; readonly cause: unknown }> {
  override get message(): string {
    return `cannot listen: ${(this.cause as Error).message}`
  }
}

/** Connections at this instant, and what was refused. */
export interface Stats {
  readonly open: number
  readonly accepted: number
  /** Reset for a limit. */
  readonly refused: number
  /** Handlers that failed. */
  readonly failed: number
  /** Errors of accepting after which the server went on. */
  readonly troubles: number
}

export interface Server {
  /** As `127.0.0.1:80`, `[::1]:80` or a path. */
  readonly address: string
  readonly port: number
  readonly stats: Effect.Effect<Stats>
  /** Gives the listening socket to a child process, too: it gets the message `name` with a `net.Server`. */
  readonly handOver: (child: ChildProcess, name: string) => Effect.Effect<void>
  /** Stops accepting; what is open goes on. */
  readonly stop: Effect.Effect<void>
}

/** Serves; each connection's handler runs in a fiber of its own, and its end closes the connection. */
export const serve = <E, R>(
  listen: Listen,
  handler: (connection: Connection) => Effect.Effect<unknown, E, R>,
  options: Options = {}
): Effect.Effect<Server, ListenError, Scope.Scope | R> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<R>()
    const run = Effect.runForkWith(context)
    const fibers = new Set<Fiber.Fiber<unknown, unknown>>()
    const links = new Set<Link>()
    let failed = 0
    const connectionOptions: Conn.Options = {
      ...options,
      frameTimeout: options.slowClient ?? limits.slowClient.default
    }
    const drain = drainOf(options)
    let idle: (() => void) | undefined
    const open = listening(
      listen,
      (link) => {
        const connection = Conn.fromLink(link, connectionOptions)
        links.add(link)
        link.onGone(() => {
          links.delete(link)
          idle?.()
        })
        const fiber = run(Effect.suspend(() => handler(connection)))
        fibers.add(fiber)
        fiber.addObserver((exit) => {
          fibers.delete(fiber)
          if (exit._tag === "Failure") {
            failed++
            options.onFailure?.(connection.peer, exit)
          }
          Effect.runSync(exit._tag === "Failure" ? connection.abort : connection.close)
          idle?.()
        })
        return connection
      },
      options
    )
    const server = yield* Effect.acquireRelease(open, ({ listener }) =>
      Effect.callback<void>((resume) => {
        listener.close()
        const over = (): void => {
          clearTimeout(timer)
          idle = undefined
          resume(Effect.void)
        }
        const cut = (): void => {
          clearTimeout(timer)
          timer = setTimeout(over, limits.drain.default)
          idle = () => {
            if (fibers.size === 0) over()
          }
          for (const fiber of Array.from(fibers)) fiber.interruptUnsafe()
          // Those whose handlers are done but whose clients have not closed yet.
          for (const link of Array.from(links)) link.destroy()
          idle?.()
        }
        let timer = setTimeout(cut, drain)
        idle = () => {
          if (fibers.size === 0 && links.size === 0) cut()
        }
        idle()
      })
    )
    return { ...server.server, stats: Effect.map(server.server.stats, (stats) => ({ ...stats, failed })) }
  })

/**
 * As `serve`, with callbacks for connections: `Protocol` is made for it. A link without a handler is reset. Closing the
 * scope cuts what is open after `drain`.
 */
export const serveLinks = (
  listen: Listen,
  accept: (link: Link) => Handler | undefined,
  options: Options = {}
): Effect.Effect<Server, ListenError, Scope.Scope> =>
  Effect.gen(function* () {
    const links = new Set<Link>()
    const drain = drainOf(options)
    const open = listening(
      listen,
      (link) => {
        links.add(link)
        return accept(link)
      },
      options
    )
    const made = yield* Effect.acquireRelease(open, ({ listener }) =>
      Effect.callback<void>((resume) => {
        listener.close()
        const started = performance.now()
        const look = (): void => {
          for (const link of links) if (link.phase === "closed") links.delete(link)
          if (links.size > 0 && performance.now() - started < drain) {
            setTimeout(look, 5)
            return
          }
          for (const link of links) link.destroy()
          resume(Effect.void)
        }
        look()
      })
    )
    // Closed links are forgotten as others come.
    const forget = setInterval(() => {
      for (const link of links) if (link.phase === "closed") links.delete(link)
    }, 1_000)
    forget.unref()
    yield* Effect.addFinalizer(() => Effect.sync(() => clearInterval(forget)))
    return made.server
  })

const drainOf = (options: Options): number =>
  limits.check(
    "drain",
    limits.drain,
    options.drain === undefined ? undefined : Duration.toMillis(Duration.fromInputUnsafe(options.drain))
  )

const listening = (
  listen: Listen,
  accept: (link: Link) => Handler | undefined,
  options: Options
): Effect.Effect<{ readonly server: Server; readonly listener: Listener }, ListenError> =>
  Effect.callback((resume) => {
    const most = limits.check(
      "connections",
      limits.serverConnections,
      options.connections ?? Math.min(limits.serverConnections.default, descriptors.forClients(descriptors.limit()))
    )
    const perPeer = limits.check(
      "perPeer",
      limits.serverPerPeer,
      options.perPeer ?? Math.min(most, limits.serverPerPeer.max)
    )
    const peers = new Map<string, number>()
    let accepted = 0
    let refused = 0
    let closed: ((done: () => void) => void) | undefined
    const admit = (peer: string, gone: (told: () => void) => void): boolean => {
      const host = hostOf(peer)
      const here = peers.get(host) ?? 0
      if (listener.open >= most || here >= perPeer) {
        refused++
        return false
      }
      accepted++
      if (perPeer < most) {
        peers.set(host, here + 1)
        gone(() => {
          const left = (peers.get(host) ?? 1) - 1
          if (left > 0) peers.set(host, left)
          else peers.delete(host)
        })
      }
      return true
    }
    const gate = (link: Link): Handler | undefined =>
      admit(link.peer, (told) => link.onGone(told)) ? accept(link) : undefined
    const ready = (error: Error | undefined, made: Listener): void => {
      if (error !== undefined) {
        const code = (error as { code?: string }).code ?? "UNKNOWN"
        resume(Effect.fail(new ListenError({ code, cause: error })))
        return
      }
      closed = (done) => made.close(done)
      const server: Server = {
        address: made.address,
        port: Number(/:(\d+)$/.exec(made.address)?.[1] ?? 0),
        stats: Effect.sync(() => ({
          open: made.open,
          accepted,
          refused,
          failed: 0,
          troubles: (made as Partial<NodeListener>).troubles ?? 0
        })),
        handOver: (child, name) =>
          Effect.callback<void>((done) => {
            const { server } = made as NodeListener
            child.send(name, server, (failure) => done(failure === null ? Effect.void : Effect.die(failure)))
          }),
        stop: Effect.callback<void>((done) => {
          closed!(() => {})
          done(Effect.void)
        })
      }
      resume(Effect.succeed({ server, listener: made }))
    }
    const listener: Listener =
      listen.transport === "tls"
        ? Tls.listen(listen, accept, ready, admit)
        : listen.transport === "unix"
          ? Unix.listen(listen, gate, ready)
          : listen.transport === "custom"
            ? listen.listen(gate, ready)
            : listen.transport === "received"
              ? NodeListener.adopt(listen.server, gate, ready)
              : Tcp.listen(listen, gate, ready)
  })
