/**
 * A `Listener` over a `net.Server` or `tls.Server`: what TCP, Unix sockets and TLS servers have in common.
 *
 * When descriptors run out (`EMFILE`), libuv accepts and drops the connection with a spare descriptor; it neither
 * spins nor stops. We count what Node reports and go on.
 */
import type * as net from "node:net"
import type { Handler, Link, Listener, SystemError } from "./Link.ts"
import { deaf } from "./Link.ts"
import { formatNode, NodeLink } from "./NodeLink.ts"

export class NodeListener implements Listener {
  address = ""
  open = 0
  /** Errors of accepting after which it went on. */
  troubles = 0
  readonly server: net.Server

  constructor(
    server: net.Server,
    accept: (link: Link) => Handler | undefined,
    prepare: (link: NodeLink) => void,
    secure: boolean = false
  ) {
    this.server = server
    server.on(secure ? "secureConnection" : "connection", (socket: net.Socket) => {
      const peer =
        socket.remoteAddress === undefined ? this.address : formatNode(socket.remoteAddress, socket.remotePort ?? 0)
      const link = new NodeLink(peer, deaf, "open").attachStream(socket)
      link.secure = secure
      link.lingers = true
      prepare(link)
      const handler = accept(link)
      if (handler === undefined) {
        link.reset()
        return
      }
      this.open++
      socket.once("close", () => {
        this.open--
      })
      link.handler = handler
      handler.onOpen(link)
    })
    server.on("error", () => {
      this.troubles++
    })
  }

  /** Takes over a server that listens already, from another process. */
  static adopt(
    server: net.Server,
    accept: (link: Link) => Handler | undefined,
    ready: (error: Error | undefined, listener: Listener) => void
  ): NodeListener {
    const listener = new NodeListener(server, accept, () => {})
    listener.#named()
    setImmediate(() => ready(undefined, listener))
    return listener
  }

  #named(): void {
    const address = this.server.address()
    this.address =
      address === null ? "" : typeof address === "string" ? address : formatNode(address.address, address.port)
  }

  listen(
    options: net.ListenOptions | { readonly fd: number },
    ready: (error: Error | undefined, listener: Listener) => void
  ): void {
    const failed = (error: SystemError): void => ready(error, this)
    this.server.once("error", failed)
    this.server.listen(options as net.ListenOptions, () => {
      this.server.removeListener("error", failed)
      this.#named()
      ready(undefined, this)
    })
  }

  close(done?: () => void): void {
    this.server.close(() => done?.())
  }

  ref(): void {
    this.server.ref()
  }

  unref(): void {
    this.server.unref()
  }
}
