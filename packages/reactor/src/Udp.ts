/**
 * UDP, connected or not, client and server.
 *
 * A datagram is whole or it is not there, so there is no framing, no back-pressure from the peer, and what arrives when
 * nobody listens is lost: the shape of the other transports, with datagrams for octets. A connected socket hears only
 * its peer, and hears of its refusal (ICMP port unreachable as `ECONNREFUSED`, udp(7)).
 */
import * as dgram from "node:dgram"
import type { SystemError } from "./Link.ts"
import { formatNode } from "./NodeLink.ts"

/** Who takes datagrams. */
export interface Handler {
  onOpen(port: Port): void
  /** A datagram came; it is ours to keep. */
  onDatagram(octets: Uint8Array, from: Address, port: Port): void
  /** A send failed, or the peer refused. The socket goes on. */
  onError(cause: SystemError, port: Port): void
  /** The socket is gone. */
  onClose(cause: SystemError | undefined, port: Port): void
}

/** Where a datagram came from or goes. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** How a UDP socket is opened. */
export interface Options {
  /** Which peer to hear and to send to; none: any. */
  readonly connect?: Address | undefined
  /** Our own address; default: the system chooses. */
  readonly bind?: Address | undefined
  readonly reuseAddress?: boolean | undefined
  readonly reusePort?: boolean | undefined
  /** Octets the kernel keeps for us. */
  readonly receiveBufferOctets?: number | undefined
  readonly sendBufferOctets?: number | undefined
}

/** A UDP socket. */
export interface Port {
  readonly phase: "connect" | "open" | "closed"
  /** The other end, of a connected socket. */
  readonly peer: string | undefined
  readonly local: string | undefined
  /** Datagrams sent that the system has not taken yet. */
  readonly unsent: number
  handler: Handler
  /** Sends one datagram; `to` where the socket is not connected. */
  send(octets: Uint8Array, to?: Address): void
  close(): void
  /** Closes at once; the handler hears nothing more. */
  destroy(): void
  ref(): void
  unref(): void
}

/** Opens a socket; the handler is told. */
export const open = (options: Options, handler: Handler): Port => new UdpPort(options, handler)

const nothing = (): void => {}
const deaf: Handler = { onOpen: nothing, onDatagram: nothing, onError: nothing, onClose: nothing }

class UdpPort implements Port {
  phase: "connect" | "open" | "closed" = "connect"
  handler: Handler
  readonly peer: string | undefined
  unsent = 0
  readonly #socket: dgram.Socket
  readonly #connected: boolean
  #cause: SystemError | undefined = undefined

  constructor(options: Options, handler: Handler) {
    this.handler = handler
    const { bind, connect } = options
    this.#connected = connect !== undefined
    this.peer = connect === undefined ? undefined : formatNode(connect.host, connect.port)
    const host = connect?.host ?? bind?.host ?? "127.0.0.1"
    const socket = dgram.createSocket({
      type: host.includes(":") ? "udp6" : "udp4",
      reuseAddr: options.reuseAddress ?? false,
      ...(options.reusePort === true ? { reusePort: true } : {}),
      ...(options.receiveBufferOctets === undefined ? {} : { recvBufferSize: options.receiveBufferOctets }),
      ...(options.sendBufferOctets === undefined ? {} : { sendBufferSize: options.sendBufferOctets })
    })
    this.#socket = socket
    socket.on("message", (octets, from) => {
      this.handler.onDatagram(octets, { host: from.address, port: from.port }, this)
    })
    socket.on("error", (error: SystemError) => {
      if (this.phase === "open") this.handler.onError(error, this)
      else this.#fail(error)
    })
    socket.on("close", () => this.#closed())
    const opened = (): void => {
      if (this.phase === "closed") return
      this.phase = "open"
      this.handler.onOpen(this)
    }
    if (connect === undefined) socket.bind({ address: bind?.host ?? host, port: bind?.port ?? 0 }, opened)
    else {
      const go = (): void => {
        // Node reports a failed connect to the callback.
        socket.connect(connect.port, connect.host, ((error?: SystemError) => {
          if (error) this.#fail(error)
          else opened()
        }) as () => void)
      }
      if (bind === undefined) go()
      else socket.bind({ address: bind.host, port: bind.port }, go)
    }
  }

  get local(): string | undefined {
    try {
      const { address, port } = this.#socket.address()
      return formatNode(address, port)
    } catch {
      return undefined
    }
  }

  send(octets: Uint8Array, to?: Address): void {
    if (this.phase === "closed") return
    this.unsent++
    const done = (error: SystemError | null): void => {
      this.unsent--
      if (error !== null && error !== undefined && this.phase === "open") this.handler.onError(error, this)
    }
    try {
      if (this.#connected) this.#socket.send(octets, done)
      else this.#socket.send(octets, to!.port, to!.host, done)
    } catch (error) {
      this.unsent--
      this.handler.onError(error as SystemError, this)
    }
  }

  #fail(error: SystemError): void {
    this.#cause ??= error
    this.close()
  }

  #closed(): void {
    if (this.phase === "closed") return
    this.phase = "closed"
    const { handler } = this
    this.handler = deaf
    handler.onClose(this.#cause, this)
  }

  close(): void {
    if (this.phase === "closed") return
    try {
      this.#socket.close()
    } catch {
      // It failed before it was bound, and Node has closed it.
      this.#closed()
    }
  }

  destroy(): void {
    const before = this.phase
    this.phase = "closed"
    this.handler = deaf
    if (before === "closed") return
    try {
      this.#socket.close()
    } catch {
      // As in close.
    }
  }

  ref(): void {
    this.#socket.ref()
  }

  unref(): void {
    this.#socket.unref()
  }
}
