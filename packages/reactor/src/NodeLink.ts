/**
 * A `Link` over a `net.Socket` or `tls.TLSSocket`: what TCP, Unix sockets and TLS have in common.
 *
 * Reading uses Node's `onread` with one buffer for all sockets: no `Readable` queue, no allocation per read, no memory
 * per idle connection. That is sound because libuv fills the buffer and calls us in one go; a handler copies what it
 * keeps. Listeners are shared functions that find their link through a property of the socket: no closures per
 * connection.
 */
import type * as net from "node:net"
import type * as tls from "node:tls"
import type { Expirable } from "./Deadline.ts"
import { Deadline } from "./Deadline.ts"
import type { Handler, Link, Phase, SystemError, TlsFacts } from "./Link.ts"
import { deaf } from "./Link.ts"
import * as limits from "./limits.ts"
import type { ClientOptions, ServerOptions } from "./Tls.ts"

const link = Symbol("link")

/** A socket that knows its link. */
type Linked<S extends net.Socket = net.Socket> = S & { [link]: NodeLink }

const shared = Buffer.allocUnsafeSlow(limits.readBufferOctets.default)

/** The last view of the shared buffer: replies of one length, the common case, need but one. */
let view = shared

/** Node calls this as a method of the socket. */
function onRead(this: unknown, octets: number): boolean {
  const self = (this as Linked)[link]
  if (self === undefined || self.phase === "closed") return false
  self.received += octets
  if (view.length !== octets) view = shared.subarray(0, octets)
  self.handler.onOctets(view, self)
  return !self.paused
}

/** To be spread into the options of a new client socket. */
export const reading = {
  onread: { buffer: shared, callback: onRead }
}

function onData(this: Linked, octets: Buffer): void {
  const self = this[link]
  self.received += octets.length
  self.handler.onOctets(octets, self)
}

function onConnect(this: Linked): void {
  const self = this[link]
  if (self.secure) self.phase = "tls"
  else self.opened()
}

function onSecure(this: Linked): void {
  this[link].opened()
}

function onSession(this: Linked, session: Buffer): void {
  this[link].keepSession?.(session)
}

function onEnd(this: Linked): void {
  const self = this[link]
  self.ended = true
  self.handler.onEnd(self)
}

function onDrain(this: Linked): void {
  const self = this[link]
  self.handler.onDrain(self)
}

function onError(this: Linked, error: SystemError): void {
  this[link].cause ??= error
}

function onClose(this: Linked): void {
  const self = this[link]
  if (self.phase === "closed" || self.socket !== this) return
  const before = self.phase
  self.phase = "closed"
  self.closedAt = before
  const handler = self.handler
  self.handler = deaf
  handler.onClose(self.cause, self)
}

const ignore = (): void => {}

export class NodeLink implements Link {
  phase: Phase
  /** The phase in which it closed. */
  closedAt: Phase = "connect"
  handler: Handler
  slot: unknown = undefined
  socket!: net.Socket
  peer: string
  received = 0
  sent = 0
  paused = false
  /** The peer has closed its side. */
  ended = false
  secure = false
  /** An accepted link: closing waits for the client's end. */
  lingers = false
  /** Its handler is closing it. */
  closing = false
  cause: SystemError | undefined = undefined
  /** What to call with a TLS session that may be resumed. */
  keepSession: ((session: Buffer) => void) | undefined = undefined
  /** Makes a TLS socket of a plain one, for `startTls`; given by the transport, so that plain TCP loads no TLS. */
  upgrade: ((link: NodeLink, socket: net.Socket, options: any) => tls.TLSSocket) | undefined = undefined

  constructor(peer: string, handler: Handler, phase: Phase) {
    this.peer = peer
    this.handler = handler
    this.phase = phase
  }

  /** Takes a socket that reads by `reading`. */
  attach(socket: net.Socket): this {
    const linked = socket as Linked
    this.socket = socket
    linked[link] = this
    if (this.phase === "connect") socket.on("connect", onConnect)
    socket.on("error", onError)
    socket.on("end", onEnd)
    socket.on("close", onClose)
    return this
  }

  /** Takes a TLS socket; `event` is the one that tells the end of its handshake. */
  attachTls(socket: tls.TLSSocket, event: "secureConnect" | "secure" | undefined, streams: boolean): this {
    this.secure = true
    this.attach(socket)
    if (event !== undefined) socket.on(event, onSecure)
    if (this.keepSession !== undefined) socket.on("session", onSession)
    if (streams) socket.on("data", onData)
    return this
  }

  /** Takes an accepted socket, which Node gives no `onread`. */
  attachStream(socket: net.Socket): this {
    this.attach(socket)
    socket.on("data", onData)
    return this
  }

  opened(): void {
    this.phase = "open"
    this.handler.onOpen(this)
  }

  get local(): string | undefined {
    const { localAddress, localPort } = this.socket
    return localAddress === undefined ? undefined : formatNode(localAddress, localPort ?? 0)
  }

  get unsent(): number {
    return this.socket.writableLength
  }

  get tls(): TlsFacts | undefined {
    return this.secure && this.phase !== "connect" ? factsOf(this.socket as tls.TLSSocket) : undefined
  }

  write(octets: Uint8Array): boolean {
    const { socket } = this
    if (this.phase === "closed") return true
    this.sent += octets.length
    if (socket.write(octets)) return true
    if (socket.listenerCount("drain") === 0) socket.on("drain", onDrain)
    return false
  }

  end(): void {
    if (this.phase !== "closed") this.socket.end()
  }

  pause(): void {
    this.paused = true
    this.socket.pause()
  }

  resume(): void {
    this.paused = false
    this.socket.resume()
  }

  close(): void {
    if (this.phase === "closed" || this.closing) return
    if (this.phase !== "open" || (this.unsent === 0 && (this.ended || !this.lingers))) {
      this.socket.destroy()
      return
    }
    this.closing = true
    this.handler = new Closing(this, this.handler)
    if (this.lingers && !this.ended) this.socket.end()
    else this.socket.destroySoon()
    this.resume()
  }

  destroy(): void {
    if (this.phase !== "closed") this.closedAt = this.phase
    this.phase = "closed"
    if (this.handler instanceof Closing) this.handler.onClose(undefined, this)
    this.handler = deaf
    this.socket.destroy()
  }

  reset(): void {
    if (this.phase !== "closed") this.closedAt = this.phase
    this.phase = "closed"
    this.handler = deaf
    if (this.secure || typeof this.socket.resetAndDestroy !== "function") this.socket.destroy()
    else this.socket.resetAndDestroy()
  }

  onGone(gone: () => void): void {
    this.socket.once("close", gone)
  }

  ref(): void {
    this.socket.ref()
  }

  unref(): void {
    this.socket.unref()
  }

  startTls(options: ClientOptions | ServerOptions): void {
    if (this.upgrade === undefined || this.secure) {
      throw new Error(this.secure ? "this link speaks TLS already" : "this transport cannot be upgraded to TLS")
    }
    const plain = this.socket
    plain.removeListener("error", onError)
    plain.removeListener("end", onEnd)
    plain.removeListener("close", onClose)
    plain.removeListener("data", onData)
    plain.removeListener("drain", onDrain)
    plain.on("error", ignore)
    this.phase = "tls"
    this.upgrade(this, plain, options)
  }
}

/**
 * What a link does between our `close` and its end: it sends the rest, as long as the peer takes any, and discards what
 * still comes. An accepted one then waits for the client to close, too: closing a socket with unread octets resets it
 * (RFC 2525 section 2.17), and the reset may overtake our last reply.
 */
class Closing implements Handler, Expirable {
  readonly #link: NodeLink
  readonly #owner: Handler
  readonly #deadline = new Deadline(this)
  #unsent: number

  constructor(link: NodeLink, owner: Handler) {
    this.#link = link
    this.#owner = owner
    this.#unsent = link.unsent
    this.#wait()
  }

  #wait(): void {
    this.#deadline.set(this.#unsent > 0 ? limits.idleTimeout.default : limits.linger.default)
  }

  onOpen(): void {}
  onOctets(): void {}
  onDrain(): void {}

  onEnd(): void {
    this.#link.socket.destroySoon()
  }

  onDeadline(): void {
    const { unsent } = this.#link
    if (unsent >= this.#unsent) {
      this.#link.socket.destroy()
      return
    }
    this.#unsent = unsent
    this.#wait()
  }

  onClose(cause: SystemError | undefined, link: Link): void {
    this.#deadline.free()
    this.#owner.onClose(cause, link)
  }
}

/** The address and port that Node gives, as we write them. */
export const formatNode = (address: string, port: number): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`

/** The address in what `formatNode` made. */
export const hostOf = (peer: string): string =>
  peer.slice(0, Math.max(0, peer.lastIndexOf(":"))).replace(/^\[|\]$/g, "")

const factsOf = (socket: tls.TLSSocket): TlsFacts => {
  const certificates: Array<Uint8Array> = []
  const seen = new Set<string>()
  let certificate = socket.getPeerCertificate(true) as tls.DetailedPeerCertificate | undefined
  // The chain ends in a certificate that is its own issuer.
  while (certificate?.raw !== undefined && !seen.has(certificate.fingerprint256)) {
    seen.add(certificate.fingerprint256)
    certificates.push(new Uint8Array(certificate.raw))
    certificate = certificate.issuerCertificate
  }
  const name = (socket as { servername?: string | false }).servername
  const error: unknown = socket.authorizationError
  return {
    version: socket.getProtocol() ?? "",
    cipher: socket.getCipher()?.standardName ?? "",
    alpn: typeof socket.alpnProtocol === "string" ? socket.alpnProtocol : undefined,
    serverName: typeof name === "string" && name.length > 0 ? name : undefined,
    resumed: socket.isSessionReused(),
    authorized: socket.authorized,
    authorizationError:
      error instanceof Error
        ? ((error as SystemError).code ?? error.message)
        : typeof error === "string"
          ? error
          : undefined,
    certificates
  }
}
