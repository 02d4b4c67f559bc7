/** What the iterative resolver makes of one server, over a scripted transport in virtual time. */
import { Upstreams, type Transport, Wheel } from "#internal"
import { assert, describe, it } from "@effect/vitest"
import { Message, Name } from "@handoff/dns/wire"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"

/** What happens to a question, and which channels were closed while they had some. */
const make = (servers: number, play: (ask: Transport.Ask, wheel: Wheel.Wheel) => void) =>
  Effect.gen(function* () {
    const wheel = yield* Wheel.make
    const cutOff: Array<string> = []
    const open = (endpoint: { readonly address: string }): Transport.Channel => {
      const asks = new Set<Transport.Ask>()
      return {
        counters: {},
        ask: (ask) => {
          asks.add(ask)
          play(
            {
              ...ask,
              octets: ask.octets,
              onReply: (octets) => {
                asks.delete(ask)
                return ask.onReply(octets)
              }
            },
            wheel
          )
        },
        cancel: (ask) => void asks.delete(ask),
        close: () => {
          if (asks.size > 0) cutOff.push(endpoint.address)
        }
      }
    }
    const upstreams = new Upstreams({ datagrams: open, streams: open }, wheel, {
      port: 53,
      mixCase: false,
      udpPayload: 1_232,
      servers
    })
    const ask = (address: string) => upstreams.ask(address, Name.fromText("x.example."), 1, false)
    return { ask, cutOff }
  })

const answer = (ask: Transport.Ask): Uint8Array => {
  const query = Message.decodeUnsafe(Uint8Array.from(ask.octets))
  return Message.encode(Message.make({ id: query.id, response: true, questions: query.questions }))
}

const passes = <A, E>(effect: Effect.Effect<A, E>, millis: number) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.exit(effect), { startImmediately: true })
    for (let i = 0; i < millis; i++) yield* TestClock.adjust(1)
    return fiber.pollUnsafe()
  })

describe("an ICMP error, which anyone can forge", () => {
  it.effect("does not end the exchange: the answer behind it counts", () =>
    Effect.gen(function* () {
      const { ask } = yield* make(10, (one, wheel) => {
        one.onUnreachable("ECONNREFUSED", false)
        wheel.set(20, () => one.onReply(answer(one)))
      })
      const exit = yield* passes(ask("192.0.2.1"), 30)
      assert.isTrue(exit?._tag === "Success" && exit.value._tag === "Success", JSON.stringify(exit))
    })
  )

  it.effect("with nothing behind it costs less than silence does", () =>
    Effect.gen(function* () {
      const { ask } = yield* make(10, (one) => one.onUnreachable("ECONNREFUSED", false))
      assert.isUndefined(yield* passes(ask("192.0.2.1"), 45))
      const exit = yield* passes(ask("192.0.2.2"), 60)
      assert.isTrue(exit?._tag === "Success" && exit.value._tag === "Failure", JSON.stringify(exit))
    })
  )
})

describe("more servers than are remembered", () => {
  it.effect("those with a question in flight are kept", () =>
    Effect.gen(function* () {
      const { ask, cutOff } = yield* make(3, (one, wheel) => {
        wheel.set(100, () => one.onReply(answer(one)))
      })
      const addresses = Array.from({ length: 10 }, (_, i) => `192.0.2.${i + 1}`)
      const exit = yield* passes(Effect.forEach(addresses, ask, { concurrency: "unbounded" }), 120)
      assert.isTrue(exit?._tag === "Success" && exit.value._tag === "Success", JSON.stringify(exit))
      assert.deepStrictEqual(cutOff, [])
    })
  )

  it.effect("negative control: those without are forgotten, and asked anew", () =>
    Effect.gen(function* () {
      let opened = 0
      const { ask, cutOff } = yield* make(1, (one, wheel) => {
        opened++
        wheel.set(5, () => one.onReply(answer(one)))
      })
      for (const address of ["192.0.2.1", "192.0.2.2", "192.0.2.1"]) yield* passes(ask(address), 10)
      assert.deepStrictEqual([opened, cutOff], [3, []])
    })
  )
})
