/**
 * The one shape of every transport that carries a stream of octets: TCP, TLS, Unix sockets, memory.
 *
 * A `Link` is one connection, as callbacks and without Effect, so that it costs no more than the socket beneath it.
 * People use `Connection`, `Protocol` or an `Exchange`; this is what those are made of.
 *
 * States: `connect` -> (`tls` ->) `open` -> `closed`. A link whose peer has half-closed is still `open`. `onClose` is
 * called exactly once, last, unless `destroy` was called: after `destroy()` the handler hears nothing more.
 */

import type { ClientOptions, ServerOptions } from "./Tls.ts"

/** How far a link has come. */
export type Phase = "connect" | "tls" | "open" | "closed"

/** What a link tells. The methods are called from the event loop and must not throw. */
export interface Handler {
  /** The connection stands (and TLS is done, where there is any). */
  onOpen(link: Link): void
  /**
   * Octets have come. They lie in a buffer that every socket shares and are gone when this returns: copy what is to
   * be kept.
   */
  onOctets(octets: Uint8Array, link: Link): void
  /** The peer has closed its side; ours is still open. */
  onEnd(link: Link): void
  /** What was written is on its way, after a `write` that returned false. */
  onDrain(link: Link): void
  /** The link is gone; with the system's error, if it was one. */
  onClose(cause: SystemError | undefined, link: Link): void
}

/** An error of the operating system or of TLS, as Node shapes it. */
export interface SystemError extends Error {
  readonly code?: string | undefined
  readonly syscall?: string | undefined
}

export interface Link {
  readonly phase: Phase
  /** The other end, as `127.0.0.1:80`, `[::1]:80` or a path. */
  readonly peer: string
  /** Our end in the same form, once it is open. */
  readonly local: string | undefined
  /** Who is told. May be replaced at any time, also from inside a callback. */
  handler: Handler
  /** For whoever owns the link: what he knows of it. */
  slot: unknown
  /** Octets written that the system has not taken yet. */
  readonly unsent: number
  /** Octets that have come in all. */
  readonly received: number
  /** Octets written in all. */
  readonly sent: number
  /** Writes; false above the high-water mark: wait for `onDrain`. The octets must not be changed until then. */
  write(octets: Uint8Array): boolean
  /** Closes our side when all is written; the peer may go on. */
  end(): void
  /** Stops reading; the peer is held back by its window. */
  pause(): void
  resume(): void
  /** Writes out, closes both sides, then `onClose`. */
  close(): void
  /** Closes at once and frees everything; the handler hears nothing more. What was unsent is lost. */
  destroy(): void
  /** As `destroy`, with a reset instead of an orderly end where the transport has one. */
  reset(): void
  /** Calls back when the link is gone, however that came. */
  onGone(gone: () => void): void
  /** Keeps the process alive, or not. */
  ref(): void
  unref(): void
  /** Turns this conversation into TLS; afterwards `onOpen` is called again. Only before octets of TLS were read. */
  startTls?(options: ClientOptions | ServerOptions): void
  /** What the TLS handshake settled, once it is done. */
  readonly tls?: TlsFacts | undefined
}

/** What a TLS handshake settled. */
export interface TlsFacts {
  /** `TLSv1.3` */
  readonly version: string
  readonly cipher: string
  /** The protocol that ALPN chose, if any. */
  readonly alpn: string | undefined
  /** The name sent by SNI, if any. */
  readonly serverName: string | undefined
  /** Whether the session was resumed. */
  readonly resumed: boolean
  /** Whether the certificate was verified; with the reason if it was not and that was allowed. */
  readonly authorized: boolean
  readonly authorizationError: string | undefined
  /** The peer's certificates in DER, its own first. */
  readonly certificates: ReadonlyArray<Uint8Array>
}

/** Where to connect, once no name is left. */
export type Target =
  | {
      readonly host: string
      readonly port: number
      /** Both as people write them, if that is known. */
      readonly text?: string
    }
  | { readonly path: string }

/** Opens one link; `name` is the host as the caller named it, if by name. */
export type Open = (target: Target, name: string | undefined, handler: Handler) => Link

/** A listening socket. */
export interface Listener {
  /** Where it listens, as `127.0.0.1:80`, `[::1]:80` or a path. */
  readonly address: string
  /** Links accepted and not yet closed. */
  readonly open: number
  /** Stops accepting; what is open stays. The callback comes when the socket is closed. */
  close(done?: () => void): void
  ref(): void
  unref(): void
}

const nothing = (): void => {}

/** A handler that hears nothing: what a destroyed link has. */
export const deaf: Handler = { onOpen: nothing, onOctets: nothing, onEnd: nothing, onDrain: nothing, onClose: nothing }
