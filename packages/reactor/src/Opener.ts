/** How links to peers are opened: plain or with TLS, straight or through a proxy, from which address. */
import * as Duration from "effect/Duration"
import type { Open } from "./Link.ts"
import * as Proxy from "./Proxy.ts"
import * as Tcp from "./Tcp.ts"
import * as Tls from "./Tls.ts"
import * as Unix from "./Unix.ts"

/** How links are opened: names, proxies, TLS, and descriptors in reserve. */
export interface Options {
  /** How TLS is spoken: authorities, ALPN, own certificate, sessions. */
  readonly tls?: Omit<Tls.ClientOptions, "serverName"> | undefined
  /** A proxy for all TCP and TLS. */
  readonly proxy?: Proxy.Proxy | undefined
  /** Our own address, where the machine has several. */
  readonly localAddress?: string | undefined
  /** Time of silence after which the kernel asks for the peer; default never. */
  readonly keepAlive?: Duration.Input | undefined
  /** Sends small writes at once; default true. */
  readonly noDelay?: boolean | undefined
  /** Instead of sockets: what opens a link to a target. For tests, with `Memory` and `Faults`. */
  readonly open?: Open | undefined
}

export interface Opener {
  readonly plain: Open
  readonly secured: Open
  /** Whether names are left to the proxy. */
  readonly unresolved: boolean
}

const made = new WeakMap<Options, Opener>()

/** As `make`; the same options get the same opener, and so share TLS sessions. */
export const of = (options: Options): Opener => {
  let opener = made.get(options)
  if (opener === undefined) made.set(options, (opener = make(options)))
  return opener
}

/** An opener with these options. */
export const make = (options: Options): Opener => {
  const keepAlive = options.keepAlive === undefined ? 0 : Duration.toMillis(Duration.fromInputUnsafe(options.keepAlive))
  const { localAddress, noDelay, open, proxy } = options
  if (open !== undefined) return { plain: open, secured: open, unresolved: false }
  const tls: Tls.ClientOptions = { sessions: new Tls.Sessions(), ...options.tls }
  const plain: Open = (target, _name, handler) =>
    "path" in target
      ? Unix.connect({ path: target.path }, handler)
      : Tcp.connect(
          { host: target.host, port: target.port, label: target.text, localAddress, keepAlive, noDelay },
          handler
        )
  const secured: Open = (target, name, handler) =>
    "path" in target
      ? Unix.connect({ path: target.path }, handler)
      : Tls.connect(
          { ...tls, host: target.host, port: target.port, localAddress, keepAlive, noDelay, serverName: name },
          handler
        )
  return proxy === undefined
    ? { plain, secured, unresolved: false }
    : {
        plain: Proxy.through(proxy, plain),
        secured: Proxy.throughTls(proxy, plain, tls),
        unresolved: proxy.names === "proxy"
      }
}
