/**
 * A scripted network in virtual time: servers that answer as told, after as long as told. What was asked, when and how, is
 * recorded.
 *
 * It is played on a stage. The usual one is in memory, behind the resolver's own `Transport`; on that of `RealStage.ts` the
 * same scenario plays on real sockets, and what a script says is `served` comes from a real name server, which must say the
 * same.
 */
import { Dns, type Endpoint, Query, type Transport, type Wheel } from "#internal"
import { Message } from "@handoff/dns/wire"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"

export interface Asked {
  /** The server, as `192.0.2.1`. */
  readonly server: string
  readonly via: "udp" | "tcp"
  /** Milliseconds since the scene began. */
  readonly at: number
  readonly message: Message.Message
  readonly octets: Uint8Array
  readonly name: string
  readonly type: string
  /** How many questions this server was asked before, over either. */
  readonly index: number
}

export type Sent =
  | { readonly after?: number; readonly message: Message.Message; readonly served?: true }
  | { readonly after?: number; readonly octets: Uint8Array }
  /** An ICMP error over UDP, a refused connection over TCP. */
  | { readonly after?: number; readonly unreachable: string }

/** What the server sends back; nothing at all for silence. */
export type Script = (asked: Asked) => ReadonlyArray<Sent>

export interface Scene {
  readonly dns: Dns.Shape
  readonly asked: ReadonlyArray<Asked>
  /** Questions that channels still hold: zero when nothing is in flight. */
  readonly held: () => number
}

export type Scripts = Readonly<Record<string, Script>>

/** Where a scene is played. */
export interface Stage {
  /** Sets up the servers; every question to one of them is put down in `asked` and answered as its script says. */
  readonly open: (
    scripts: Scripts,
    asked: Array<Asked>
  ) => Effect.Effect<
    { readonly transport: (wheel: Wheel.Wheel) => Transport.Transport; readonly held: () => number },
    never,
    Scope.Scope
  >
  /** Waits until nothing is on its way in real time; virtual time stands still meanwhile. */
  readonly settle: Effect.Effect<void>
}

/** In memory: nothing takes real time. */
const inMemory: Stage = {
  open: (scripts, asked) =>
    Effect.sync(() => {
      const held = new Set<Transport.Ask>()
      return { transport: transport(scripts, asked, held), held: () => held.size }
    }),
  settle: Effect.void
}

/** The stage of all scenes that are made under it. */
export const Stage = Context.Reference<Stage>("@handoff/dns/test/Stage", { defaultValue: () => inMemory })

/** What was asked, as `Asked`. */
export const askedOf = (
  octets: Uint8Array,
  fields: { readonly server: string; readonly via: "udp" | "tcp"; readonly at: number },
  before: ReadonlyArray<Asked>
): Asked => {
  const message = Message.decodeUnsafe(Uint8Array.from(octets))
  const question = message.questions[0]!
  return {
    ...fields,
    message,
    octets: Uint8Array.from(octets),
    name: question.name.toString().toLowerCase(),
    type: question.type,
    index: before.filter((one) => one.server === fields.server).length
  }
}

const transport =
  (scripts: Scripts, asked: Array<Asked>, held: Set<Transport.Ask>) =>
  (wheel: Wheel.Wheel): Transport.Transport => {
    const begin = wheel.now()
    const open =
      (via: "udp" | "tcp") =>
      (endpoint: Endpoint.Endpoint): Transport.Channel => {
        let id = 0
        const deliver = (ask: Transport.Ask, sent: Sent): void => {
          if (!held.has(ask)) return
          if ("unreachable" in sent) {
            if (via === "tcp") held.delete(ask)
            return ask.onUnreachable(sent.unreachable, via === "tcp")
          }
          const octets = "octets" in sent ? sent.octets : Message.encode(sent.message)
          if (octets.length < 12 || octets[0] !== ask.octets[0] || octets[1] !== ask.octets[1]) return
          const match = Query.match(ask.octets, ask.questionEnd, octets)
          if (match === Query.Match.none) return
          if (match === Query.Match.otherCase && via === "udp") return ask.onOtherCase()
          if (ask.onReply(octets)) forget(ask)
        }
        const forget = (ask: Transport.Ask): void => {
          held.delete(ask)
          ask.place = undefined
        }
        return {
          counters: {},
          ask: (ask) => {
            ask.place = open
            ask.id = ++id
            ask.octets[0] = id >> 8
            ask.octets[1] = id & 255
            held.add(ask)
            const at = Math.round(wheel.now() - begin)
            const heard = askedOf(ask.octets, { server: endpoint.address, via, at }, asked)
            asked.push(heard)
            for (const sent of scripts[endpoint.address]!(heard)) {
              wheel.set(sent.after ?? 1, () => deliver(ask, sent))
            }
          },
          cancel: forget,
          close: () => held.clear()
        }
      }
    return { datagrams: open("udp"), streams: open("tcp") }
  }

/** A resolver in a scripted network. Nothing of the system is read. */
export const make = (scripts: Scripts, options: Dns.Options = {}) =>
  Effect.gen(function* () {
    const asked: Array<Asked> = []
    const { held, transport } = yield* (yield* Stage).open(scripts, asked)
    const dns = yield* Dns.make({
      servers: Object.keys(scripts),
      hosts: false,
      hedgeShare: 0,
      transport,
      sourceOf: () => undefined,
      ...options
    })
    const scene: Scene = { dns, asked, held }
    return scene
  })

/** Runs an effect while virtual time passes, until it ends; at most `most` ms of it. Gives its exit and how long it took. */
export const timed = <A, E>(effect: Effect.Effect<A, E>, most = 60_000) =>
  Effect.gen(function* () {
    const { settle } = yield* Stage
    const fiber = yield* Effect.forkChild(Effect.exit(effect), { startImmediately: true })
    yield* settle
    let elapsed = 0
    while (fiber.pollUnsafe() === undefined && elapsed < most) {
      yield* TestClock.adjust(1)
      yield* settle
      elapsed++
    }
    const exit = fiber.pollUnsafe()
    if (exit === undefined) return yield* Effect.die(new Error(`still running after ${most} ms`))
    return { exit: yield* exit, elapsed }
  })

/** Lets virtual time pass while nobody asks; what was fetched ahead of need arrives in its first milliseconds. */
export const rest = (time: `${number} seconds`) =>
  Effect.gen(function* () {
    yield* timed(Effect.sleep(5))
    yield* TestClock.adjust(Duration.toMillis(Duration.fromInputUnsafe(time)) - 5)
  })

/** As `timed`, for an effect that succeeds. */
export const passes = <A, E>(effect: Effect.Effect<A, E>, most?: number) =>
  Effect.flatMap(timed(effect, most), ({ elapsed, exit }) => Effect.map(exit, (value) => ({ elapsed, value })))

/** As `timed`, for an effect that fails. */
export const fails = <A, E>(effect: Effect.Effect<A, E>, most?: number) => passes(Effect.flip(effect), most)

export const reply = (asked: Asked, fields: Partial<Message.Message> = {}): Message.Message =>
  Message.make({
    id: asked.message.id,
    response: true,
    recursionDesired: true,
    recursionAvailable: true,
    questions: asked.message.questions,
    ...fields
  })

/**
 * What a name server with the zones of the scenario's folder says, with no word of the script's own: on a stage with a real
 * server it is what that one says, and the claim made here is checked.
 */
export const served = (asked: Asked, claim: Partial<Message.Message>, after = 1): Sent => ({
  after,
  message: reply(asked, claim),
  served: true
})

/** How a zone begins, for real servers: its SOA and its name server. TTL and minimum in seconds. */
export const zone = (records: string, { minimum = 60, ttl = 60 } = {}): string =>
  `$TTL 60\n@ ${ttl} SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 ${minimum}\n@ NS ns.lab.\n${records}\n`
