/**
 * A network without a network: peers play scripts, packets are delayed, lost, duplicated, reordered and truncated,
 * connections are refused and reset, all at the times of the `Clock`, which a test turns by hand.
 *
 * It is used as an executor of `Exchange`, or a link at a time where a protocol has more than one turn.
 *
 * ```ts
 * import { Exchange, Until } from "@handoff/core"
 * import { FakeNetwork } from "@handoff/testing"
 * import * as Effect from "effect/Effect"
 * import * as Host from "effect/net/Host"
 *
 * const program = Effect.gen(function* () {
 *   const network = yield* FakeNetwork.make({
 *     peers: { "mail.test:25": { greeting: [FakeNetwork.reply("220 mail.test\r\n", 30)], onOctets: () => [] } }
 *   })
 *   const { octets } = yield* network.executor.run(
 *     new Exchange({
 *       transport: "tcp",
 *       peer: Host.hostPortFromStringUnsafe("mail.test:25"),
 *       request: new Uint8Array(),
 *       until: Until.cases.Delimiter.make({ delimiter: new TextEncoder().encode("\r\n") })
 *     })
 *   )
 *   return new TextDecoder().decode(octets)
 * })
 * console.log(await Effect.runPromise(Effect.scoped(program)))
 * ```
 */
import { Direct, Exchange, ExchangeError, type Executor } from "@handoff/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Host from "effect/net/Host"
import * as NetAddress from "effect/net/NetAddress"
import * as Scope from "effect/Scope"
import { all, type Condition, type Delivery, type Route } from "./network/Conditions.ts"
import { converse } from "./network/exchange.ts"
import { type Arrival, Link } from "./network/Link.ts"
import type { Move, Peer } from "./network/Peer.ts"
import * as Random from "./Random.ts"

export * from "./network/Conditions.ts"
export { type Arrival, Link } from "./network/Link.ts"
export * from "./network/Peer.ts"

/** Peers, and conditions of the way to them. */
export interface Options {
  /** By `host:port`, `[address]:port` or path, as the tasks name them. */
  readonly peers: Readonly<Record<string, Peer>>
  /** What happens to packets on their way; the first condition is asked first. */
  readonly conditions?: ReadonlyArray<Condition>
  /** What chance the conditions have. Default 1. */
  readonly seed?: number
}

/** Something that happened, at a time of the clock in milliseconds. */
export interface Event {
  readonly at: number
  readonly what: "connected" | "refused" | "sent" | "lost" | "arrived" | "closed" | "reset"
  readonly peer: string
  readonly direction?: Route["direction"]
  readonly octets?: number
}

export interface FakeNetwork {
  /** Runs exchanges with the peers. A name or address without a peer refuses streams and does not answer datagrams. */
  readonly executor: Executor.Executor<Exchange>
  /** A connection, or a datagram socket for one peer. */
  readonly open: (transport: Route["transport"], peer: string) => Effect.Effect<Link, ExchangeError, Scope.Scope>
  /** Everything that has happened so far, in order. */
  readonly events: ReadonlyArray<Event>
}

/** A network; closing the scope drops what is still on its way. */
export const make = (options: Options): Effect.Effect<FakeNetwork, never, Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const clock = yield* Clock.Clock
    const random = Random.make(options.seed ?? 1)
    const condition = all(options.conditions ?? [])
    const events: Array<Event> = []
    const counts = new Map<string, number>()
    const count = (key: string): number => {
      const next = (counts.get(key) ?? 0) + 1
      counts.set(key, next)
      return next
    }
    const note = (what: Event["what"], peer: string, more?: Partial<Event>): void => {
      events.push({ at: clock.currentTimeMillisUnsafe(), what, peer, ...more })
    }
    const later = (millis: number, act: () => void) =>
      millis <= 0
        ? Effect.sync(act)
        : Effect.forkIn(Effect.andThen(Effect.sleep(millis), Effect.sync(act)), scope, { startImmediately: true })

    /** Puts octets on their way, and hands over what the conditions let through. */
    const carry = (
      peer: string,
      transport: Route["transport"],
      direction: Route["direction"],
      delivery: Delivery,
      hand: (delivery: Delivery) => Effect.Effect<unknown> | void
    ) =>
      Effect.suspend(() => {
        const octets = delivery.octets.length
        note("sent", peer, { direction, octets })
        const route: Route = { peer, transport, direction, number: count(`${direction} ${peer}`) }
        const deliveries = condition(delivery, route, random)
        if (deliveries.length === 0) note("lost", peer, { direction, octets })
        return Effect.forEach(
          deliveries,
          (one) => {
            const arrive = Effect.suspend(() => {
              note("arrived", peer, { direction, octets: one.octets.length })
              return hand(one) ?? Effect.void
            })
            return one.after <= 0
              ? arrive
              : Effect.forkIn(Effect.andThen(Effect.sleep(one.after), arrive), scope, { startImmediately: true })
          },
          { discard: true }
        )
      })

    const play = (name: string, transport: Route["transport"], moves: ReadonlyArray<Move>, link: Link) =>
      Effect.forEach(
        moves,
        (move) => {
          if (move._tag === "Reply") {
            return carry(name, transport, "from the peer", { octets: move.octets, after: move.after }, (one) => {
              link.arrive({ _tag: "Octets", octets: one.octets })
              if (one.ends === true && transport !== "udp") link.arrive({ _tag: "Closed" })
            })
          }
          if (move._tag === "Close" && transport === "udp") return Effect.void
          return later(move.after, () => {
            const arrival: Arrival = { _tag: move._tag === "Close" ? "Closed" : "Reset" }
            note(move._tag === "Close" ? "closed" : "reset", name)
            link.arrive(arrival)
          })
        },
        { discard: true }
      )

    const open: FakeNetwork["open"] = Effect.fnUntraced(function* (transport, name) {
      const peer = options.peers[name]
      const isStream = transport !== "udp"
      if (isStream) {
        const connects = peer?.connects ?? (peer === undefined ? "refuses" : 0)
        if (connects === "refuses") {
          note("refused", name)
          return yield* new ExchangeError({ peer: name, stage: "connect", reason: "Refused", received: 0 })
        }
        if (connects === "never") return yield* Effect.never
        if (connects > 0) yield* Effect.sleep(connects)
        note("connected", name)
      }
      const link: Link = new Link((octets) =>
        carry(name, transport, "to the peer", { octets, after: 0 }, (one) => {
          if (peer === undefined || (isStream && !link.isOpen)) return undefined
          const number = count(`requests ${name}`)
          return play(name, transport, peer.onOctets({ octets: one.octets, transport, number }), link)
        })
      )
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          link.isOpen = false
        })
      )
      if (isStream && peer?.greeting !== undefined) yield* play(name, transport, peer.greeting, link)
      return link
    })

    const executor = yield* Direct.make(
      [
        Direct.handle(Exchange, (task) => {
          const name = nameOf(task.peer)
          return Effect.scopedWith((own) =>
            converse(task, name, Effect.provideService(open(task.transport, name), Scope.Scope, own))
          )
        })
      ],
      { name: "fake network" }
    )
    return { executor, open, events }
  })

const nameOf = (peer: Exchange["peer"]): string => {
  if (Host.isHostPort(peer)) return Host.formatHostPort(peer)
  return NetAddress.isUnixPathAddress(peer) ? peer.path : NetAddress.formatInet(peer)
}
