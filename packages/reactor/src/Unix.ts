/** Unix sockets of the stream kind, client and server. A leading NUL names one in Linux's abstract space (unix(7)). */
import * as net from "node:net"
import type { Handler, Link, Listener } from "./Link.ts"
import * as limits from "./limits.ts"
import { NodeLink, reading } from "./NodeLink.ts"
import { NodeListener } from "./NodeListener.ts"
import { upgradeClient, upgradeServer } from "./Tls.ts"

/** How a connection to a path is made. */
export interface ConnectOptions {
  readonly path: string
  readonly highWaterOctets?: number | undefined
}

/** Opens a connection; the handler is told. */
export const connect = (options: ConnectOptions, handler: Handler): Link => {
  const link = new NodeLink(options.path, handler, "connect")
  link.upgrade = upgradeClient
  return link.attach(
    net.connect({
      path: options.path,
      allowHalfOpen: true,
      highWaterMark: options.highWaterOctets ?? limits.highWaterOctets.default,
      ...reading
    } as net.NetConnectOpts)
  )
}

/** At which path to listen, and who may connect. */
export interface ListenOptions {
  readonly path: string
  readonly backlog?: number | undefined
  readonly highWaterOctets?: number | undefined
}

/** Listens; the path is removed again when the listener closes. */
export const listen = (
  options: ListenOptions,
  accept: (link: Link) => Handler | undefined,
  ready: (error: Error | undefined, listener: Listener) => void
): Listener => {
  const server = net.createServer({
    allowHalfOpen: true,
    highWaterMark: options.highWaterOctets ?? limits.highWaterOctets.default
  })
  const listener = new NodeListener(server, accept, (link) => {
    link.upgrade = upgradeServer
  })
  listener.listen({ path: options.path, backlog: options.backlog ?? 1_024 }, ready)
  return listener
}
