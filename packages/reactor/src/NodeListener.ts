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

/** Whether a connection may stand, before anything is said on it; `gone` tells its end. */
export type Admit = (peer: string, gone: (told: () => void) => void) => boolean

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
    secure: boolean = false,
    admit?: Admit
  ) {
    this.server = server
    if (secure) {
      // A handshake takes a descriptor, too: whoever begins one is counted.
      server.on("connection", (raw: net.Socket) => {
        const gone = (told: () => void): void => void raw.once("close", told)
        if (admit !== undefined && !admit(this.#peerOf(raw), gone)) {
          raw.destroy()
          return
        }
        this.#count(raw)
      })
    }
    server.on(secure ? "secureConnection" : "connection", (socket: net.Socket) => {
      // Before its handshake is done a client that closes its side has nothing more to come: Node lets go of it at once.
      socket.allowHalfOpen = true
      const link = new NodeLink(this.#peerOf(socket), deaf, "open").attachStream(socket)
      link.secure = secure
      link.lingers = true
      prepare(link)
      const handler = accept(link)
      if (handler === undefined) {
        link.reset()
        return
      }
      if (!secure) this.#count(socket)
      // Whoever was done with it at once has closed it again: its closing is not to be disturbed.
      if (link.phase !== "open" || link.closing) return
      link.handler = handler
      handler.onOpen(link)
    })
    server.on("error", () => {
      this.troubles++
    })
  }

  #peerOf(socket: net.Socket): string {
    const { remoteAddress, remotePort } = socket
    return remoteAddress === undefined ? this.address : formatNode(remoteAddress, remotePort ?? 0)
  }

  #count(socket: net.Socket): void {
    this.open++
    socket.once("close", () => {
      this.open--
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
