/**
 * Node's own shapes over our transports, for what is written against them: a `Duplex` of a link, a server's connections
 * fed to `http.Server` (and so to Effect's HTTP server), and connections for undici and `http.Agent` (and so for Effect's
 * HTTP client). Proxies, Happy Eyeballs, pluggable names, limits, memory networks and faults come with them.
 */
import * as Effect from "effect/Effect"
import * as Host from "effect/net/Host"
import type * as Scope from "effect/Scope"
import type { Server as HttpServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Duplex } from "node:stream"
import * as Connection from "./Connection.ts"
import { Deadline } from "./Deadline.ts"
import type { Handler, Link, SystemError } from "./Link.ts"
import * as Server from "./Server.ts"

/** A link as a `Duplex`, with what `net.Socket` has beyond one and HTTP asks for. It takes over the link's handler. */
export class LinkStream extends Duplex implements Handler {
  readonly #link: Link
  #written: ((error?: Error | null) => void) | undefined = undefined
  #silence = 0
  readonly #deadline = new Deadline({ onDeadline: () => this.emit("timeout") })

  constructor(link: Link) {
    super({ allowHalfOpen: true })
    this.#link = link
    link.handler = this
    // Whoever else destroys the link (a server that closes) tells its handler nothing.
    link.onGone(() => void this.destroy())
  }

  get remoteAddress(): string | undefined {
    return hostAndPort(this.#link.peer).address
  }
  get remotePort(): number | undefined {
    return hostAndPort(this.#link.peer).port
  }
  get localAddress(): string | undefined {
    return hostAndPort(this.#link.local ?? "").address
  }
  get localPort(): number | undefined {
    return hostAndPort(this.#link.local ?? "").port
  }
  /** Whether TLS is spoken: `http.Server` asks. */
  get encrypted(): boolean {
    return this.#link.tls !== undefined
  }

  /** `timeout` is emitted after so many milliseconds in which nothing moved; 0: never. It closes nothing by itself. */
  setTimeout(millis: number, onTimeout?: () => void): this {
    this.#silence = millis
    if (onTimeout !== undefined) this.once("timeout", onTimeout)
    this.#moved()
    return this
  }
  /** The transport has been told when it was opened. */
  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  /** Destroys it once all is written. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once("finish", () => this.destroy())
  }
  ref(): this {
    this.#link.ref()
    return this
  }
  unref(): this {
    this.#link.unref()
    return this
  }

  // Handler

  onOpen(): void {
    this.emit("connect")
  }
  onOctets(octets: Uint8Array): void {
    this.#moved()
    if (!this.push(Buffer.from(octets))) this.#link.pause()
  }
  onEnd(): void {
    this.push(null)
  }
  onDrain(): void {
    this.#moved()
    const written = this.#written
    this.#written = undefined
    written?.()
  }
  onClose(cause: SystemError | undefined): void {
    this.destroy(cause)
  }

  // Duplex

  override _read(): void {
    this.#link.resume()
  }
  override _write(octets: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#moved()
    if (this.#link.write(octets)) done()
    else this.#written = done
  }
  override _final(done: (error?: Error | null) => void): void {
    this.#link.end()
    done()
  }
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#deadline.free()
    const written = this.#written
    this.#written = undefined
    written?.(error)
    // An error of ours is the peer's to see; otherwise what was written goes out first.
    if (error === null) this.#link.close()
    else this.#link.destroy()
    done(error)
  }

  #moved(): void {
    if (this.#silence > 0) this.#deadline.set(this.#silence)
    else this.#deadline.clear()
  }
}

/**
 * Makes an `http.Server` take its connections from our transports instead of a socket of its own, as long as the scope
 * lives. Its `listen` then only says that it listens already, so that whoever calls it (Effect's `NodeHttpServer`) need
 * not know.
 */
export const feed = (
  server: HttpServer,
  listen: Server.Listen,
  options: Server.Options = {}
): Effect.Effect<Server.Server, Server.ListenError, Scope.Scope> =>
  Effect.flatMap(
    Server.serveLinks(
      listen,
      (link) => {
        const stream = new LinkStream(link)
        server.emit("connection", stream)
        return stream
      },
      options
    ),
    (made) => {
      const { address, port } = hostAndPort(made.address)
      const info: AddressInfo | string =
        address === undefined ? made.address : { address, port: port!, family: address.includes(":") ? "IPv6" : "IPv4" }
      let isListening = true
      Object.defineProperties(server, {
        address: { value: () => info },
        listening: { get: () => isListening },
        listen: {
          value: (...given: ReadonlyArray<unknown>) => {
            const told = given.find((one) => typeof one === "function") as (() => void) | undefined
            if (told !== undefined) server.once("listening", told)
            queueMicrotask(() => server.emit("listening"))
            return server
          }
        },
        close: {
          value: (told?: () => void) => {
            isListening = false
            server.closeIdleConnections()
            Effect.runFork(
              Effect.andThen(
                made.stop,
                Effect.sync(() => told?.())
              )
            )
            return server
          }
        }
      })
      return Effect.as(
        Effect.addFinalizer(() =>
          Effect.sync(() => {
            isListening = false
          })
        ),
        made
      )
    }
  )

/** What undici gives a connector. */
export interface ConnectorOptions {
  readonly hostname: string
  readonly protocol: string
  readonly port: string
}

/**
 * A connector for undici (`new Agent({ connect: connector() })`): its connections are made by our dialling, with the
 * `Dns`, proxies and transports of the options.
 */
export const connector =
  (options: Connection.Options = {}) =>
  (
    { hostname, port, protocol }: ConnectorOptions,
    done: (...answer: [error: Error, socket: null] | [error: null, socket: any]) => void
  ): void => {
    const secure = protocol === "https:"
    const host = hostname.replace(/^\[|\]$/g, "")
    const peer = Host.hostPortFromStringUnsafe(
      `${host.includes(":") ? `[${host}]` : host}:${port === "" ? (secure ? 443 : 80) : port}`
    )
    Effect.runCallback(Connection.connectLink({ transport: secure ? "tls" : "tcp", peer }, options), {
      onExit: (exit) => {
        if (exit._tag === "Success") done(null, new LinkStream(exit.value))
        else {
          const [reason] = exit.cause.reasons
          done(reason?._tag === "Fail" ? reason.error : new Error("the connection was given up"), null)
        }
      }
    })
  }

const hostAndPort = (text: string): { readonly address?: string | undefined; readonly port?: number | undefined } => {
  const found = /^\[?(.*?)\]?:(\d+)$/.exec(text)
  return found === null ? {} : { address: found[1], port: Number(found[2]) }
}
