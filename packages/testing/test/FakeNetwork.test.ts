import { assert, describe, it } from "@effect/vitest"
import { Exchange, LookupHost, type Reply, Until } from "@handoff/core"
import { contract, FakeNetwork } from "@handoff/testing"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Host from "effect/net/Host"
import { TestClock } from "effect/testing"

const now = { startImmediately: true } as const
const octets = (text: string) => new TextEncoder().encode(text)
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

const ask = (peer: string, request = "ask", more?: Partial<ConstructorParameters<typeof Exchange>[0]>) =>
  new Exchange({
    transport: "udp",
    peer: Host.hostPortFromStringUnsafe(peer),
    request: octets(request),
    until: Until.cases.Datagram.make({}),
    ...more
  })

const line = Until.cases.Delimiter.make({ delimiter: octets("\n") })
const wholeStream = Until.cases.Close.make({})

/** An exchange, and its end after so many virtual milliseconds. */
const after = (network: FakeNetwork.FakeNetwork, millis: number, task: Exchange) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.exit(network.executor.run(task)), now)
    yield* TestClock.adjust(millis)
    const exit = fiber.pollUnsafe()
    if (exit === undefined) {
      yield* Fiber.interrupt(fiber)
      return "still waiting"
    }
    const inner = Exit.getSuccess(exit)
    const reply = inner._tag === "Some" ? inner.value : undefined
    if (reply === undefined) return "interrupted"
    if (Exit.isSuccess(reply)) return `${text(reply.value.octets)} (${reply.value.end})`
    const error = reply.cause.reasons[0]
    return error?._tag === "Fail" && error.error._tag === "ExchangeError"
      ? `${error.error.reason} at ${error.error.stage} after ${error.error.received}`
      : "a defect"
  })

const echo = { "a.test:7": FakeNetwork.echo }

describe("FakeNetwork", () => {
  const datagrams: ReadonlyArray<
    readonly [what: string, conditions: ReadonlyArray<FakeNetwork.Condition>, millis: number, expected: string]
  > = [
    ["replies at once", [], 0, "ask (complete)"],
    [
      "has not delivered before the delay",
      [FakeNetwork.delay({ least: 40, direction: "from the peer" })],
      39,
      "still waiting"
    ],
    ["has delivered after it", [FakeNetwork.delay({ least: 40, direction: "from the peer" })], 40, "ask (complete)"],
    ["delays both ways", [FakeNetwork.delay({ least: 40 })], 80, "ask (complete)"],
    [
      "loses what is to be lost, and the exchange times out",
      [FakeNetwork.lose()],
      10_000,
      "Timeout at receive after 0"
    ],
    ["loses only those chosen", [FakeNetwork.lose({ numbers: [2] })], 0, "ask (complete)"],
    ["truncates", [FakeNetwork.truncate({ octets: 2, direction: "from the peer" })], 0, "as (complete)"],
    ["a duplicate does no harm to an exchange", [FakeNetwork.duplicate()], 0, "ask (complete)"]
  ]
  for (const [what, conditions, millis, expected] of datagrams) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const network = yield* FakeNetwork.make({ peers: echo, conditions })
        assert.strictEqual(yield* after(network, millis, ask("a.test:7")), expected)
      })
    )
  }

  it.effect("duplicates and reorders packets of a link", () =>
    Effect.gen(function* () {
      const network = yield* FakeNetwork.make({
        peers: echo,
        conditions: [
          FakeNetwork.duplicate({ numbers: [1], direction: "to the peer", after: 5 }),
          FakeNetwork.reorder({ numbers: [1], direction: "from the peer", by: 10 })
        ]
      })
      const link = yield* network.open("udp", "a.test:7")
      yield* link.send(octets("one"))
      yield* link.send(octets("two"))
      yield* TestClock.adjust(10)
      const arrived: Array<string> = []
      for (let i = 0; i < 3; i++) {
        const arrival = yield* link.receive
        arrived.push(arrival._tag === "Octets" ? text(arrival.octets) : arrival._tag)
      }
      assert.deepStrictEqual(arrived, ["two", "one", "one"])
      assert.deepStrictEqual(
        network.events.filter(({ what }) => what === "arrived").map(({ at, direction }) => `${at} ${direction}`),
        ["0 to the peer", "0 to the peer", "0 from the peer", "5 to the peer", "5 from the peer", "10 from the peer"]
      )
    })
  )

  const { close, refusing, reply, reset, script, silent } = FakeNetwork
  const tcp = { transport: "tcp", until: line } as const
  const streams: ReadonlyArray<
    readonly [
      what: string,
      peer: FakeNetwork.Peer,
      task: Partial<ConstructorParameters<typeof Exchange>[0]>,
      millis: number,
      expected: string
    ]
  > = [
    [
      "a greeting in two parts",
      { greeting: [reply("220 ", 5), reply("ready\nmore", 10)], onOctets: () => [] },
      tcp,
      10,
      "220 ready\n (complete)"
    ],
    [
      "a reply until the peer closes",
      script([[reply("all"), reply(" of it", 3), close(4)]]),
      { ...tcp, until: wholeStream },
      4,
      "all of it (complete)"
    ],
    ["a peer that closes early", script([[reply("half"), close(1)]]), tcp, 1, "half (closed)"],
    ["a peer that closes without a word", script([[close(1)]]), tcp, 1, "Closed at receive after 0"],
    ["a reset half-way", script([[reply("half"), reset(1)]]), tcp, 1, "Reset at receive after 4"],
    ["a peer that refuses", refusing, tcp, 0, "Refused at connect after 0"],
    [
      "a peer that never accepts",
      { ...silent, connects: "never" },
      { ...tcp, connectTimeout: 50 },
      50,
      "Timeout at connect after 0"
    ],
    ["a slow connection", { ...script([[reply("ok\n")]]), connects: 30 }, tcp, 30, "ok\n (complete)"],
    ["silence", silent, { ...tcp, idleTimeout: 70 }, 70, "Timeout at receive after 0"],
    [
      "a trickle against the total time",
      script([[reply("a"), reply("b", 40), reply("c", 80)]]),
      { ...tcp, totalTimeout: 60, idleTimeout: 50 },
      60,
      "Timeout at receive after 2"
    ],
    ["too much", script([[reply("0123456789")]]), { ...tcp, maxOctets: 5 }, 0, "TooLong at receive after 10"],
    [
      "a counted reply",
      script([[reply("0123456789")]]),
      { ...tcp, until: Until.cases.Octets.make({ octets: 4 }) },
      0,
      "0123 (complete)"
    ],
    [
      "a datagram to a closed port",
      script([[reset()]]),
      { transport: "udp", until: Until.cases.Datagram.make({}) },
      0,
      "Refused at receive after 0"
    ]
  ]
  for (const [what, peer, task, millis, expected] of streams) {
    it.effect(`plays ${what}`, () =>
      Effect.gen(function* () {
        const network = yield* FakeNetwork.make({ peers: { "p.test:1": peer } })
        assert.strictEqual(yield* after(network, millis, ask("p.test:1", "hi", task)), expected)
      })
    )
  }

  it.effect("ends a stream that is truncated, and loses none of its octets before", () =>
    Effect.gen(function* () {
      const network = yield* FakeNetwork.make({
        peers: { "p.test:1": script([[reply("0123456789")]]) },
        conditions: [
          FakeNetwork.lose(),
          FakeNetwork.duplicate(),
          FakeNetwork.truncate({ octets: 3, direction: "from the peer" })
        ]
      })
      assert.strictEqual(yield* after(network, 0, ask("p.test:1", "hi", tcp)), "012 (closed)")
    })
  )

  it.effect("plays the same for the same seed, and otherwise for another", () =>
    Effect.gen(function* () {
      const play = (seed: number) =>
        Effect.scoped(
          Effect.gen(function* () {
            const network = yield* FakeNetwork.make({
              peers: echo,
              seed,
              conditions: [FakeNetwork.lose({ share: 0.5 })]
            })
            const link = yield* network.open("udp", "a.test:7")
            for (let i = 0; i < 30; i++) yield* link.send(octets(String(i)))
            return network.events.map(({ what }) => what).join(" ")
          })
        )
      assert.strictEqual(yield* play(7), yield* play(7))
      assert.notStrictEqual(yield* play(7), yield* play(8))
    })
  )
})

contract(
  "FakeNetwork's executor",
  Effect.map(
    FakeNetwork.make({
      peers: {
        "echo.test:7": { onOctets: ({ octets }) => [FakeNetwork.reply(octets, 1)] },
        "silent.test:9": FakeNetwork.silent
      }
    }),
    ({ executor }) => executor
  ),
  {
    succeed: (index) => ({
      task: ask("echo.test:7", `datagram ${index}`),
      value: (reply: Reply) => text(reply.octets) === `datagram ${index}`
    }),
    fail: () => ({ task: ask("nobody.test:1", "hi", { transport: "tcp" }), failure: "ExchangeError" }),
    never: () => ask("silent.test:9", "hi", { idleTimeout: 600_000 }),
    unsupported: new LookupHost({ name: "a.test" }),
    tasks: 200,
    seeds: [1, 2]
  }
)
