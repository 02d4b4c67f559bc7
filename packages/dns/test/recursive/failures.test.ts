/** What does not resolve is not asked for again and again (RFC 9520), over a scripted transport in virtual time. */
import type { Transport } from "#internal"
import { assert, describe, it } from "@effect/vitest"
import { SigningKey, signSync } from "@handoff/dns/dnssec"
import { type Options, Recursive } from "@handoff/dns/recursive"
import { handle } from "@handoff/dns/server"
import { Message, Name, Rcode } from "@handoff/dns/wire"
import { text } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { dsOf, policyOf } from "../dnssec/support/judge.ts"

const soa = "@ 3600 SOA a b 1 1 1 1 3600\n@ 3600 NS a\n"
const root = policyOf([
  text.zone(
    ".",
    `${soa}a 3600 A 192.0.2.1
test 3600 NS a.test
a.test 3600 A 192.0.2.2
test 3600 NS b.test
b.test 3600 A 192.0.2.3
`
  )
])
const test = policyOf([
  text.zone("test.", `${soa}@ 3600 NS b\na 3600 A 192.0.2.2\nb 3600 A 192.0.2.3\nwww 3600 A 192.0.2.80\n`)
])

/** What a server does: answers from its zones, fails, or is silent. */
type Server = ReturnType<typeof policyOf> | "fails" | "silent"

const make = (servers: Record<string, Server>, options: Options = {}) =>
  Effect.gen(function* () {
    const seen: Array<string> = []
    const channel = ({ address }: { readonly address: string }): Transport.Channel => ({
      counters: {},
      ask: (ask) => {
        const octets = Uint8Array.from(ask.octets)
        seen.push(address)
        const server = servers[address]!
        if (server === "silent") return
        const query = Message.decodeUnsafe(octets)
        if (server === "fails") {
          const { id, questions } = query
          return void ask.onReply(
            Message.encode(Message.make({ id, response: true, questions, rcode: Rcode.SERVFAIL }))
          )
        }
        for (const response of handle(server, octets, { transport: "udp", address, port: 1 }, 0)) ask.onReply(response)
      },
      cancel: () => undefined,
      close: () => undefined
    })
    const recursive = yield* Recursive.make({
      root: { zone: Name.root, servers: [{ name: Name.fromText("a."), addresses: ["192.0.2.1"] }], until: Infinity },
      anchors: false,
      mixCase: false,
      followAnchors: false,
      transport: () => ({ datagrams: channel, streams: channel }),
      ...options
    })
    /** Resolves, however long that takes in virtual time; the answer or failure, and who was asked. */
    const ask = (name: string) =>
      Effect.gen(function* () {
        const before = seen.length
        const fiber = yield* Effect.forkChild(Effect.result(recursive.resolve(name, "A")), { startImmediately: true })
        for (let i = 0; fiber.pollUnsafe() === undefined && i < 2_000; i++) yield* TestClock.adjust(10)
        const exit = fiber.pollUnsafe()
        if (exit?._tag !== "Success") throw new Error(`${name} has not ended`)
        return { result: exit.value, asked: seen.slice(before) }
      })
    return { ask, seen }
  })

describe("a question that failed (RFC 9520 3.2)", () => {
  it.effect("fails at once for a second, then for two, and is answered when that is over and there is an answer", () =>
    Effect.gen(function* () {
      const servers: Record<string, Server> = { "192.0.2.1": root, "192.0.2.2": "fails", "192.0.2.3": "fails" }
      const { ask } = yield* make(servers)
      const first = yield* ask("www.test.")
      assert.strictEqual(first.result._tag, "Failure")
      assert.include(first.asked, "192.0.2.2")
      const again = yield* ask("www.test.")
      assert.deepStrictEqual([again.result._tag, again.asked], ["Failure", []])
      yield* TestClock.adjust(999)
      assert.deepStrictEqual((yield* ask("www.test.")).asked, [])
      yield* TestClock.adjust(1)
      assert.isAbove((yield* ask("www.test.")).asked.length, 0)
      yield* TestClock.adjust(1_500)
      assert.deepStrictEqual((yield* ask("www.test.")).asked, [], "the second failure is kept for two seconds")
      servers["192.0.2.2"] = servers["192.0.2.3"] = test
      yield* TestClock.adjust(500)
      assert.strictEqual((yield* ask("www.test.")).result._tag, "Success")
    })
  )
  it.effect("says nothing of other names and types", () =>
    Effect.gen(function* () {
      const { ask } = yield* make({ "192.0.2.1": root, "192.0.2.2": "fails", "192.0.2.3": "fails" })
      yield* ask("www.test.")
      assert.isAbove((yield* ask("mail.test.")).asked.length, 0)
    })
  )
  it.effect("is kept for a minute at most, however often it failed", () =>
    Effect.gen(function* () {
      const { ask } = yield* make({ "192.0.2.1": root, "192.0.2.2": "fails", "192.0.2.3": "fails" })
      for (let i = 0; i < 12; i++) {
        yield* ask("www.test.")
        yield* TestClock.adjust("60 seconds")
      }
      assert.isAbove((yield* ask("www.test.")).asked.length, 0)
    })
  )
  it.effect("of validation is kept, too", () =>
    Effect.gen(function* () {
      const key = SigningKey.generate({ role: "single" })
      const zone = text.zone(".", `${soa}a 3600 A 192.0.2.1\nwww 3600 A 192.0.2.80\n`)
      const other = SigningKey.generate({ role: "single" })
      const { ask } = yield* make(
        { "192.0.2.1": policyOf([signSync(zone, { keys: [key], now: 0 })]) },
        { anchors: [dsOf(".", other)] }
      )
      const first = yield* ask("www.")
      assert.strictEqual(first.result._tag === "Failure" && first.result.failure.reason, "Bogus")
      const again = yield* ask("www.")
      assert.strictEqual(again.result._tag === "Failure" && again.result.failure.reason, "Bogus")
      assert.deepStrictEqual(again.asked, [])
    })
  )
})

describe("a server that is silent", () => {
  it.effect("is asked three times for one question, no more (RFC 9520 3.1)", () =>
    Effect.gen(function* () {
      const { ask } = yield* make({ "192.0.2.1": "silent" })
      const { asked, result } = yield* ask("www.test.")
      assert.strictEqual(result._tag, "Failure")
      // Once more because the root is asked who serves it first.
      assert.isAtMost(asked.length, 6)
    })
  )
})

describe("a zone of which no server says anything", () => {
  const silent = (): Record<string, Server> => ({ "192.0.2.1": root, "192.0.2.2": "silent", "192.0.2.3": "silent" })
  it.effect("is let be for a second, whatever name in it is asked for, and so is the zone above it", () =>
    Effect.gen(function* () {
      const { ask } = yield* make(silent())
      assert.strictEqual((yield* ask("www.test.")).asked.filter((address) => address !== "192.0.2.1").length, 6)
      for (const name of ["mail.test.", "a.b.test."]) {
        const { asked, result } = yield* ask(name)
        assert.deepStrictEqual([result._tag, asked], ["Failure", []])
        assert.notInclude(result._tag === "Failure" ? result.failure.name : "www", "www")
      }
      yield* TestClock.adjust("1 second")
      assert.include((yield* ask("mail.test.")).asked, "192.0.2.2")
    })
  )
  it.effect("is served again as soon as a server answers after that", () =>
    Effect.gen(function* () {
      const servers = silent()
      const { ask } = yield* make(servers)
      yield* ask("mail.test.")
      servers["192.0.2.3"] = test
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* ask("www.test.")).result._tag, "Success")
      assert.strictEqual((yield* ask("none.test.")).result._tag, "Success")
    })
  )
  it.effect("is told from one where a server refuses: other names may be answered there", () =>
    Effect.gen(function* () {
      const { ask } = yield* make({ ...silent(), "192.0.2.3": "fails" })
      yield* ask("www.test.")
      assert.include((yield* ask("mail.test.")).asked, "192.0.2.3")
    })
  )
})
