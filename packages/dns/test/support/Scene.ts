/**
 * A scripted network in virtual time: servers that answer as told, after as long as told, through the resolver's own
 * `Transport`. What was asked, when and how, is recorded.
 */
import { Dns, type Endpoint, Query, type Transport, type Wheel } from "#internal"
import { Message } from "@handoff/dns/wire"
import * as Effect from "effect/Effect"
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
  | { readonly after?: number; readonly message: Message.Message }
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

const transport =
  (scripts: Readonly<Record<string, Script>>, asked: Array<Asked>, held: Set<Transport.Ask>) =>
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
            const message = Message.decodeUnsafe(Uint8Array.from(ask.octets))
            const question = message.questions[0]!
            const heard: Asked = {
              server: endpoint.address,
              via,
              at: Math.round(wheel.now() - begin),
              message,
              octets: Uint8Array.from(ask.octets),
              name: question.name.toString().toLowerCase(),
              type: question.type,
              index: asked.filter((one) => one.server === endpoint.address).length
            }
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
export const make = (scripts: Readonly<Record<string, Script>>, options: Dns.Options = {}) =>
  Effect.gen(function* () {
    const asked: Array<Asked> = []
    const held = new Set<Transport.Ask>()
    const dns = yield* Dns.make({
      servers: Object.keys(scripts),
      hosts: false,
      hedgeShare: 0,
      transport: transport(scripts, asked, held),
      sourceOf: () => undefined,
      ...options
    })
    const scene: Scene = { dns, asked, held: () => held.size }
    return scene
  })

/** Runs an effect while virtual time passes, until it ends; at most `most` ms of it. Gives its exit and how long it took. */
export const timed = <A, E>(effect: Effect.Effect<A, E>, most = 60_000) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.exit(effect), { startImmediately: true })
    let elapsed = 0
    while (fiber.pollUnsafe() === undefined && elapsed < most) {
      yield* TestClock.adjust(1)
      elapsed++
    }
    const exit = fiber.pollUnsafe()
    if (exit === undefined) return yield* Effect.die(new Error(`still running after ${most} ms`))
    return { exit: yield* exit, elapsed }
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
