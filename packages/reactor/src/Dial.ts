/**
 * From a peer as the caller names it to an open link: names resolved by the `Dns` at hand, addresses raced by
 * `HappyEyeballs`. Callbacks, like the links it opens.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Context from "effect/Context"
import * as Dns from "effect/net/Dns"
import * as Host from "effect/net/Host"
import * as NetAddress from "effect/net/NetAddress"
import * as os from "node:os"
import { Deadline, now } from "./Deadline.ts"
import * as HappyEyeballs from "./HappyEyeballs.ts"
import type { Handler, Link, Open, SystemError, Target } from "./Link.ts"
import { deaf } from "./Link.ts"

/** Whom to reach: an address, or a host to look up and its port. */
export type Peer = NetAddress.SocketAddress | Host.HostPort

/** How to look up, race and secure a connection. */
export interface Options {
  readonly dns: Dns.Dns["Service"]
  readonly attemptDelay: number
  readonly resolutionDelay: number
  /** Names are given to `open` as they are: somebody else resolves them. */
  readonly unresolved?: boolean | undefined
  readonly open: Open
}

/** What became of it: `opened` gives a link in phase `open`, whose handler is to be set at once. */
export interface Outcome {
  opened(link: Link): void
  failed(trouble: Trouble): void
}

/** Why no connection came about. */
export type Trouble =
  | { readonly stage: "resolve"; readonly error: Dns.DnsError }
  | { readonly stage: "connect" | "tls"; readonly peer: string; readonly cause: SystemError | undefined }

/** A dial under way. */
export interface Dialling {
  readonly stage: "resolve" | "connect" | "tls"
  /** The address tried last, or the name. */
  readonly peer: string
  /** Gives up and frees everything; nothing is told. */
  cancel(): void
}

/** A peer as people write it. */
export const format = (peer: Peer): string =>
  NetAddress.isUnixPathAddress(peer)
    ? peer.path
    : NetAddress.isInetAddress(peer)
      ? NetAddress.formatInet(peer)
      : Host.formatHostPort(peer)

/** A peer without a name is a target at once. */
export const targetOf = (peer: Peer): Target | undefined => {
  if (NetAddress.isUnixPathAddress(peer)) return { path: peer.path }
  if (NetAddress.isInetAddress(peer)) return { host: nativeHost(peer), port: peer.port }
  if (NetAddress.isIpAddress(peer.host)) return { host: NetAddress.formatIp(peer.host), port: peer.port }
  if (NetAddress.isScopedIpv6Literal(peer.host)) return { host: peer.host, port: peer.port }
  return undefined
}

/** The system wants the zone of a link-local address by its interface's name. */
const nativeHost = (peer: NetAddress.InetAddress): string =>
  NetAddress.isInetAddressV6(peer) && peer.scopeId !== 0
    ? NetAddress.formatNativeHost(
        peer,
        NetAddress.scopeIdsFromInterfaces(Object.entries(os.networkInterfaces())),
        process.platform
      )
    : NetAddress.formatHost(peer)

/** Opens a connection by callback; what it returns gives up. */
export const dial = (peer: Peer, options: Options, outcome: Outcome, context?: Context.Context<never>): Dialling => {
  const target =
    targetOf(peer) ??
    (options.unresolved === true
      ? { host: Host.formatHost((peer as Host.HostPort).host), port: (peer as Host.HostPort).port }
      : undefined)
  return target === undefined
    ? new NamedDial(peer as Host.HostPort, options, outcome, context)
    : new DirectDial(target, format(peer), options, outcome)
}

/** One address: no race. */
class DirectDial implements Dialling, Handler {
  readonly peer: string
  readonly #outcome: Outcome
  readonly #link: Link

  constructor(target: Target, peer: string, options: Options, outcome: Outcome) {
    this.peer = peer
    this.#outcome = outcome
    this.#link = options.open(target, undefined, this)
  }

  get stage(): "connect" | "tls" {
    return this.#link.phase === "tls" ? "tls" : "connect"
  }

  onOpen(link: Link): void {
    link.handler = deaf
    this.#outcome.opened(link)
  }
  onOctets(): void {}
  onEnd(): void {}
  onDrain(): void {}
  onClose(cause: SystemError | undefined, link: Link): void {
    this.#outcome.failed({ stage: stageAt(link), peer: this.peer, cause })
  }

  cancel(): void {
    this.#link.destroy()
  }
}

const stageAt = (link: Link): "connect" | "tls" =>
  (link as { closedAt?: string }).closedAt === "tls" ? "tls" : "connect"

/** A name: both families looked up at once, and their addresses raced. */
class NamedDial implements Dialling, Handler {
  #connecting = false
  peer: string
  readonly #port: number
  readonly #name: string
  readonly #options: Options
  readonly #outcome: Outcome
  readonly #race: HappyEyeballs.Race<string>
  readonly #deadline = new Deadline(this)
  readonly #links = new Set<Link>()
  readonly #lookups: Array<(interruptor?: number) => void> = []
  #done = false
  #dnsError: Dns.DnsError | undefined = undefined
  #trouble: Trouble | undefined = undefined

  constructor(peer: Host.HostPort, options: Options, outcome: Outcome, context: Context.Context<never> | undefined) {
    this.peer = Host.formatHostPort(peer)
    this.#port = peer.port
    this.#name = peer.host as Host.DomainName
    this.#options = options
    this.#outcome = outcome
    this.#race = new HappyEyeballs.Race(options)
    const run = context === undefined ? Effect.runCallback : Effect.runCallbackWith(context)
    let isStarted = false
    for (const family of ["IPv6", "IPv4"] as const) {
      this.#lookups.push(
        run(options.dns.lookup(this.#name, { family }), {
          onExit: (exit) => {
            if (this.#done) return
            if (exit._tag === "Success") {
              this.#race.found(family, exit.value.map(NetAddress.formatIp), now())
            } else {
              const error = dnsErrorOf(this.#name, exit.cause)
              // "There is no such name" of one family says less than a fault of the other.
              if (this.#dnsError === undefined || this.#dnsError.reason === "NotFound") this.#dnsError = error
              this.#race.found(family, [], now())
            }
            if (isStarted) this.#go()
          }
        })
      )
    }
    // A resolver that knows at once must not answer before its caller has been told how to give up.
    isStarted = true
    queueMicrotask(() => this.#go())
  }

  get stage(): "resolve" | "connect" | "tls" {
    for (const link of this.#links) if (link.phase === "tls") return "tls"
    return this.#connecting ? "connect" : "resolve"
  }

  onDeadline(): void {
    this.#go()
  }

  #go(): void {
    while (!this.#done) {
      const step = this.#race.step(now())
      if (step._tag === "Wait") {
        if (step.until < Infinity) this.#deadline.setAt(step.until)
        return
      }
      if (step._tag === "Exhausted") {
        const trouble = this.#trouble ?? { stage: "resolve" as const, error: this.#dnsError! }
        this.cancel()
        this.#outcome.failed(trouble)
        return
      }
      this.#connecting = true
      const link = this.#options.open({ host: step.address, port: this.#port }, this.#name, this)
      this.#links.add(link)
      this.peer = link.peer
    }
  }

  onOpen(link: Link): void {
    if (this.#done) return
    this.#links.delete(link)
    this.cancel()
    link.handler = deaf
    this.#outcome.opened(link)
  }
  onOctets(): void {}
  onEnd(): void {}
  onDrain(): void {}
  onClose(cause: SystemError | undefined, link: Link): void {
    this.#links.delete(link)
    this.#trouble = { stage: stageAt(link), peer: link.peer, cause }
    this.#race.failed(now())
    this.#go()
  }

  cancel(): void {
    this.#done = true
    this.#deadline.free()
    for (const stop of this.#lookups) stop()
    for (const link of this.#links) link.destroy()
    this.#links.clear()
  }
}

/** What a failed lookup says; one that died says that the resolver has a bug. */
const dnsErrorOf = (hostname: string, cause: Cause.Cause<Dns.DnsError>): Dns.DnsError => {
  const error: unknown = Cause.squash(cause)
  return error instanceof Dns.DnsError
    ? error
    : new Dns.DnsError({ reason: "Unknown", method: "lookup", hostname, cause: error })
}

/** Addresses of a name in the resolver's order, for transports that do not race. Tells in a turn of its own. */
export const lookup = (
  options: Options,
  name: Host.DomainName,
  context: Context.Context<never> | undefined,
  done: (answer: { readonly addresses: ReadonlyArray<string> } | { readonly error: Dns.DnsError }) => void
): (() => void) => {
  let isOver = false
  const tell = (answer: Parameters<typeof done>[0]): void =>
    queueMicrotask(() => {
      if (!isOver) done(answer)
    })
  const stop = (context === undefined ? Effect.runCallback : Effect.runCallbackWith(context))(
    options.dns.lookup(name),
    {
      onExit: (exit) => {
        if (isOver) return
        if (exit._tag === "Success") tell({ addresses: exit.value.map(NetAddress.formatIp) })
        else tell({ error: dnsErrorOf(name, exit.cause) })
      }
    }
  )
  return () => {
    isOver = true
    stop()
  }
}
