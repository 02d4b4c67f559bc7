/**
 * An authoritative name server for zones in memory, over UDP, TCP and TLS.
 *
 * What is answered is decided in `handle.ts`, which knows no sockets; this file owns the sockets. All of them are closed
 * when the scope is, within a turn of the loop: responses that are not yet sent are lost.
 */
import { randomBytes } from "node:crypto"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { Sig0Key } from "../update/Sig0.ts"
import type { TsigKey } from "../update/TsigKey.ts"
import type { Zone } from "../zone/Zone.ts"
import { ZoneStore } from "../zone/ZoneStore.ts"
import { Cookies } from "./Cookies.ts"
import type { Peer, Requester } from "./handle.ts"
import * as limits from "./limits.ts"
import { Listener } from "./Listener.ts"
import { RateLimit } from "./RateLimit.ts"
import { ServerError } from "./ServerError.ts"

/** Zones, addresses, who may do what, and the bounds of a server. */
export interface Options {
  /** What to serve: zones, or a store that others change meanwhile. */
  readonly zones: ZoneStore | ReadonlyArray<Zone>
  /** The address to listen on; `127.0.0.1` unless told. */
  readonly host?: string
  /** UDP and TCP port; 0, any free one that both can have, unless told. */
  readonly port?: number
  /** DNS over TLS (RFC 7858) too, when given. PEM text; port 0 unless told. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly port?: number }
  /** Keys that requests may be signed with. */
  readonly keys?: ReadonlyArray<TsigKey>
  /** Public keys that requests may be signed with by SIG(0). */
  readonly sig0Keys?: ReadonlyArray<Sig0Key>
  /** Who may transfer a zone out; nobody unless told. */
  readonly allowTransfer?: (zone: Zone, requester: Requester) => boolean
  /** Who may update a zone; nobody unless told. */
  readonly allowUpdate?: (zone: Zone, requester: Requester) => boolean
  /** Called for each NOTIFY about a zone that is held; refused unless told. */
  readonly onNotify?: (zone: Zone, serial: number | undefined, requester: Requester) => boolean
  /**
   * Turns an updated zone into what is held: a signed zone is signed again by `Signer.resign` of `@handoff/dns/dnssec`. `now` is in
   * seconds since 1970.
   */
  readonly afterUpdate?: (zone: Zone, before: Zone, now: number) => Zone
  /** Equal answers a second for each client network over UDP; 0 for no limit, which is the default. */
  readonly responsesPerSecond?: number
  /** Octets of the largest answer over UDP; see `limits`. */
  readonly udpPayloadOctets?: number
  readonly connections?: number
  /**
   * Further iterations of NSEC3 up to which denials are made; see `limits`. Of a zone with more, what is not there is answered without
   * proof.
   */
  readonly nsec3Iterations?: number
  /** Milliseconds until a silent TCP connection is closed. */
  readonly connectionIdle?: number
  /**
   * Milliseconds by which the answer to a request comes late; `Infinity` loses the request. For labs and tests, to be as slow and
   * lossy as a network is; over TCP and TLS answers keep their order. Nothing comes late unless told.
   */
  readonly delay?: (peer: Peer) => number
  /** What `dig +nsid` shows. */
  readonly identity?: string
  /**
   * Secrets of DNS cookies (RFC 7873, RFC 9018), 16 octets each: the first makes cookies, all check them. Servers behind one address
   * share them. One of this server's own unless told; `false` for no cookies.
   */
  readonly cookieSecrets?: ReadonlyArray<Uint8Array> | false
  /** Whether clients with cookies must show ours before their questions over UDP are answered: BADCOOKIE until then; not unless told. */
  readonly requireCookies?: boolean
}

/** Counters at this instant. */
export interface Stats {
  readonly requests: number
  readonly responses: number
  /** Requests that got no response: not DNS, responses, and those over the rate. */
  readonly dropped: number
  readonly connections: number
}

export class Server extends Context.Service<
  Server,
  {
    readonly host: string
    /** Of UDP and TCP. */
    readonly port: number
    readonly tlsPort: number | undefined
    readonly zones: ZoneStore
    readonly stats: Effect.Effect<Stats>
  }
>()("@handoff/dns/server/Server") {
  /** A server that listens until the scope closes. Fails with `ServerError` when it cannot listen. */
  static readonly make = (options: Options): Effect.Effect<Server["Service"], ServerError, Scope.Scope> =>
    Effect.gen(function* () {
      const zones = options.zones instanceof ZoneStore ? options.zones : new ZoneStore(options.zones)
      const rate = within("responsesPerSecond", options.responsesPerSecond, limits.responsesPerSecond)
      const connectionIdle = within("connectionIdle", options.connectionIdle, limits.connectionIdle)
      const policy = {
        zones,
        keys: options.keys ?? [],
        sig0Keys: options.sig0Keys ?? [],
        allowTransfer: options.allowTransfer ?? (() => false),
        allowUpdate: options.allowUpdate ?? (() => false),
        onNotify: options.onNotify ?? (() => false),
        afterUpdate: options.afterUpdate ?? ((zone: Zone) => zone),
        rateLimit: rate === 0 ? undefined : new RateLimit({ responsesPerSecond: rate }),
        udpPayloadOctets: within("udpPayloadOctets", options.udpPayloadOctets, limits.udpPayload),
        nsec3Iterations: within("nsec3Iterations", options.nsec3Iterations, limits.nsec3Iterations),
        identity: options.identity,
        cookies: options.cookieSecrets === false ? undefined : new Cookies(options.cookieSecrets ?? [randomBytes(16)]),
        requireCookies: options.requireCookies,
        connectionIdle,
        onDefect: (cause: unknown) =>
          void run(
            Effect.logError(
              "a function of the server's options threw; its request was answered SERVFAIL, or at once",
              cause
            )
          )
      }
      const clock = yield* Effect.clockWith(Effect.succeed)
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const listener = yield* Effect.acquireRelease(
        Effect.tryPromise({
          try: () =>
            Listener.open({
              host: options.host ?? "127.0.0.1",
              port: options.port ?? 0,
              tls: options.tls,
              connections: within("connections", options.connections, limits.connections),
              connectionIdle,
              delay: options.delay,
              policy,
              now: () => clock.currentTimeMillisUnsafe()
            }),
          catch: (cause) => new ServerError({ host: options.host ?? "127.0.0.1", port: options.port ?? 0, cause })
        }),
        (opened) => Effect.promise(() => opened.close())
      )
      return Server.of({
        host: options.host ?? "127.0.0.1",
        port: listener.port,
        tlsPort: listener.tlsPort,
        zones,
        stats: Effect.sync(() => listener.stats())
      })
    })

  static readonly layer = (options: Options): Layer.Layer<Server, ServerError> =>
    Layer.effect(Server, Server.make(options))

  static readonly layerConfig = (
    options: Config.Wrap<Options>
  ): Layer.Layer<Server, ServerError | Config.ConfigError> =>
    Layer.effect(Server, Effect.flatMap(Config.unwrap(options), Server.make))
}

const within = (
  name: string,
  value: number | undefined,
  limit: { readonly default: number; readonly min: number; readonly max: number }
): number => {
  if (value === undefined) return limit.default
  if (value >= limit.min && value <= limit.max) return value
  throw new RangeError(`${name} is from ${limit.min} to ${limit.max}, not ${value}`)
}
