/** TCP, client and server. */
import * as net from "node:net"
import type { Handler, Link, Listener } from "./Link.ts"
import * as limits from "./limits.ts"
import { formatNode, NodeLink, reading } from "./NodeLink.ts"
import { NodeListener } from "./NodeListener.ts"
import { upgradeClient, upgradeServer } from "./Tls.ts"

/** How a TCP connection is made. */
export interface ConnectOptions {
  /** An address, not a name: names are resolved before. */
  readonly host: string
  readonly port: number
  /** What `peer` of the link says; default host and port. */
  readonly label?: string | undefined
  /** Our own address, where the machine has several. */
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  /** Sends small writes at once (default) instead of waiting for more (Nagle, RFC 896). */
  readonly noDelay?: boolean | undefined
  /** Milliseconds of silence before the kernel asks whether the peer is still there; 0 (default): never. */
  readonly keepAlive?: number | undefined
  readonly highWaterOctets?: number | undefined
}

/** Opens a connection; the handler is told. */
export const connect = (options: ConnectOptions, handler: Handler): Link => {
  const link = new NodeLink(options.label ?? formatNode(options.host, options.port), handler, "connect")
  link.upgrade = upgradeClient
  const keepAlive = options.keepAlive ?? 0
  return link.attach(
    net.connect({
      host: options.host,
      port: options.port,
      localAddress: options.localAddress,
      localPort: options.localPort,
      noDelay: options.noDelay ?? true,
      keepAlive: keepAlive > 0,
      keepAliveInitialDelay: keepAlive,
      allowHalfOpen: true,
      highWaterMark: options.highWaterOctets ?? limits.highWaterOctets.default,
      onread: reading.onread
    } as net.NetConnectOpts)
  )
}

/** Where to listen, and how. */
export interface ListenOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string | undefined
  /** 0 (default): the system chooses. */
  readonly port?: number | undefined
  /** Connections the kernel keeps before they are accepted. */
  readonly backlog?: number | undefined
  readonly noDelay?: boolean | undefined
  readonly keepAlive?: number | undefined
  /** A socket that listens already: handed over by another process, or by systemd as 3. */
  readonly fd?: number | undefined
  /** Several processes may listen at once and the kernel spreads connections (SO_REUSEPORT). */
  readonly reusePort?: boolean | undefined
  readonly highWaterOctets?: number | undefined
}

/** Listens; every accepted link gets the handler that `accept` returns, or is closed at once if it returns none. */
export const listen = (
  options: ListenOptions,
  accept: (link: Link) => Handler | undefined,
  ready: (error: Error | undefined, listener: Listener) => void
): Listener => {
  const keepAlive = options.keepAlive ?? 0
  const server = net.createServer({
    allowHalfOpen: true,
    pauseOnConnect: false,
    noDelay: options.noDelay ?? true,
    keepAlive: keepAlive > 0,
    keepAliveInitialDelay: keepAlive,
    highWaterMark: options.highWaterOctets ?? limits.highWaterOctets.default
  })
  const listener = new NodeListener(server, accept, (link) => {
    link.upgrade = upgradeServer
  })
  listener.listen(
    options.fd !== undefined
      ? { fd: options.fd }
      : {
          host: options.host ?? "127.0.0.1",
          port: options.port ?? 0,
          backlog: options.backlog ?? 1_024,
          ...(options.reusePort === true ? { reusePort: true } : {})
        },
    ready
  )
  return listener
}
