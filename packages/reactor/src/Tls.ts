/**
 * TLS over TCP or a Unix socket, client and server, from the first octet or in mid-conversation (STARTTLS).
 *
 * Sessions are kept per server name and resumed; what the handshake settled, with the peer's certificates, is in
 * `link.tls`.
 */
import type * as net from "node:net"
import * as tls from "node:tls"
import type { Handler, Link, Listener } from "./Link.ts"
import * as limits from "./limits.ts"
import { formatNode, hostOf, NodeLink, reading } from "./NodeLink.ts"
import type { Admit } from "./NodeListener.ts"

export type { Admit }
import { NodeListener } from "./NodeListener.ts"

/** What a client says and demands in a handshake. */
export interface ClientOptions {
  /** The name for SNI and for checking the certificate. Without one, the address must be in the certificate. */
  readonly serverName?: string | undefined
  /** Protocols offered by ALPN, the best first. */
  readonly alpn?: ReadonlyArray<string> | undefined
  /** Authorities to trust instead of the system's, in PEM. */
  readonly ca?: string | Uint8Array | ReadonlyArray<string | Uint8Array> | undefined
  readonly cert?: string | Uint8Array | undefined
  readonly key?: string | Uint8Array | undefined
  /** `check` (default): an unverified certificate fails. `capture`: it is accepted and `link.tls` tells why not. */
  readonly verify?: "check" | "capture" | undefined
  readonly minVersion?: tls.SecureVersion | undefined
  readonly maxVersion?: tls.SecureVersion | undefined
  /**
   * A context made before (`tls.createSecureContext`), in the place of `ca`, `cert`, `key` and the versions: making one
   * costs about as much as a handshake, so whoever opens many connections shares it.
   */
  readonly secureContext?: tls.SecureContext | undefined
  /** Where sessions are kept for the next connection; none: every handshake is a full one. */
  readonly sessions?: Sessions | undefined
}

/** How a TLS connection is made. */
export interface ConnectOptions extends ClientOptions {
  readonly host: string
  readonly port: number
  readonly localAddress?: string | undefined
  readonly noDelay?: boolean | undefined
  readonly keepAlive?: number | undefined
  readonly highWaterOctets?: number | undefined
}

/** Opens a connection; `onOpen` comes after the handshake. */
export const connect = (options: ConnectOptions, handler: Handler): Link => {
  const link = new NodeLink(formatNode(options.host, options.port), handler, "connect")
  const keepAlive = options.keepAlive ?? 0
  const key = keepSessions(link, options)
  const socket = tls.connect({
    ...clientOptions(options, key),
    host: options.host,
    port: options.port,
    localAddress: options.localAddress,
    noDelay: options.noDelay ?? true,
    keepAlive: keepAlive > 0,
    keepAliveInitialDelay: keepAlive,
    allowHalfOpen: true,
    highWaterMark: options.highWaterOctets ?? limits.highWaterOctets.default,
    ...reading
  } as tls.ConnectionOptions)
  return link.attachTls(socket, "secureConnect", false)
}

/** What a server shows and demands in a handshake. */
export interface ServerOptions {
  readonly cert: string | Uint8Array
  readonly key: string | Uint8Array
  /** Certificates by the name a client asks for (SNI); others get `cert`. */
  readonly names?: Readonly<Record<string, { readonly cert: string | Uint8Array; readonly key: string | Uint8Array }>>
  readonly alpn?: ReadonlyArray<string> | undefined
  /** Asks the client for a certificate of these authorities, and refuses those without. */
  readonly clientCa?: string | Uint8Array | undefined
  readonly minVersion?: tls.SecureVersion | undefined
  readonly maxVersion?: tls.SecureVersion | undefined
}

/** Where to listen, and with which certificate. */
export interface ListenOptions extends ServerOptions {
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly backlog?: number | undefined
  readonly noDelay?: boolean | undefined
  readonly handshakeTimeout?: number | undefined
  readonly highWaterOctets?: number | undefined
}

/**
 * Listens; links are accepted once their handshake is done, and those that fail it are closed. `admit` is asked before
 * the handshake.
 */
export const listen = (
  options: ListenOptions,
  accept: (link: Link) => Handler | undefined,
  ready: (error: Error | undefined, listener: Listener) => void,
  admit?: Admit
): Listener => {
  const server = tls.createServer({
    ...serverOptions(options),
    noDelay: options.noDelay ?? true,
    handshakeTimeout: options.handshakeTimeout ?? limits.tlsTimeout.default,
    highWaterMark: options.highWaterOctets ?? limits.highWaterOctets.default
  } as tls.TlsOptions)
  server.on("tlsClientError", (_error, socket) => {
    socket.destroy()
  })
  const listener = new NodeListener(server, accept, () => {}, true, admit)
  listener.listen(
    { host: options.host ?? "127.0.0.1", port: options.port ?? 0, backlog: options.backlog ?? 1_024 },
    ready
  )
  return listener
}

/** TLS sessions by server, so that the next handshake is short (RFC 8446 section 2.2). The oldest goes first. */
export class Sessions {
  readonly #kept = new Map<string, Buffer>()
  readonly limit: number

  constructor(limit: number = 1_024) {
    this.limit = limit
  }

  get(server: string): Buffer | undefined {
    return this.#kept.get(server)
  }

  set(server: string, session: Buffer): void {
    this.#kept.delete(server)
    this.#kept.set(server, session)
    if (this.#kept.size > this.limit) {
      const oldest = this.#kept.keys().next().value
      if (oldest !== undefined) this.#kept.delete(oldest)
    }
  }

  get size(): number {
    return this.#kept.size
  }
}

/** @internal Goes on in TLS as the client, over a socket that has spoken plainly. */
export const upgradeClient = (link: NodeLink, socket: net.Socket, options: ClientOptions): tls.TLSSocket => {
  const key = keepSessions(link, options)
  // Without a name the certificate must be for the address; Node would ask for "localhost".
  const host = hostOf(link.peer)
  const secured = tls.connect({ ...clientOptions(options, key), host, socket } as tls.ConnectionOptions)
  link.attachTls(secured, "secureConnect", true)
  return secured
}

/** @internal Goes on in TLS as the server. */
export const upgradeServer = (link: NodeLink, socket: net.Socket, options: ServerOptions): tls.TLSSocket => {
  const secured = new tls.TLSSocket(socket, { ...serverOptions(options), isServer: true })
  link.attachTls(secured, "secure", true)
  return secured
}

const keepSessions = (link: NodeLink, options: ClientOptions): string | undefined => {
  const { sessions } = options
  if (sessions === undefined) return undefined
  const key = `${options.serverName ?? ""}|${link.peer}`
  link.keepSession = (session) => sessions.set(key, session)
  return key
}

const clientOptions = (options: ClientOptions, key: string | undefined): tls.ConnectionOptions => {
  const session = key === undefined ? undefined : options.sessions?.get(key)
  return {
    ...(options.serverName === undefined ? {} : { servername: options.serverName }),
    ...(options.alpn === undefined ? {} : { ALPNProtocols: [...options.alpn] }),
    ...(options.ca === undefined ? {} : { ca: options.ca as string }),
    ...(options.cert === undefined ? {} : { cert: options.cert as string }),
    ...(options.key === undefined ? {} : { key: options.key as string }),
    ...(options.minVersion === undefined ? {} : { minVersion: options.minVersion }),
    ...(options.maxVersion === undefined ? {} : { maxVersion: options.maxVersion }),
    ...(options.secureContext === undefined ? {} : { secureContext: options.secureContext }),
    ...(session === undefined ? {} : { session }),
    rejectUnauthorized: options.verify !== "capture"
  }
}

const serverOptions = (options: ServerOptions): tls.TlsOptions => {
  const { names } = options
  const byName =
    names === undefined
      ? undefined
      : new Map(
          Object.entries(names).map(([name, pair]) => [
            name.toLowerCase(),
            tls.createSecureContext({ cert: pair.cert as string, key: pair.key as string })
          ])
        )
  return {
    cert: options.cert as string,
    key: options.key as string,
    ...(byName === undefined
      ? {}
      : {
          SNICallback: (name: string, done: (error: Error | null, context?: tls.SecureContext) => void) =>
            done(null, byName.get(name.toLowerCase()))
        }),
    ...(options.alpn === undefined ? {} : { ALPNProtocols: [...options.alpn] }),
    ...(options.clientCa === undefined
      ? {}
      : { ca: options.clientCa as string, requestCert: true, rejectUnauthorized: true }),
    ...(options.minVersion === undefined ? {} : { minVersion: options.minVersion }),
    ...(options.maxVersion === undefined ? {} : { maxVersion: options.maxVersion })
  }
}
