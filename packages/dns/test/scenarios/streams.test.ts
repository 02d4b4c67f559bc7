/** Where a datagram is not enough: truncation (RFC 7766 section 5), and servers that do not know EDNS (RFC 6891). */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../support/Scene.ts"
import { a } from "../support/ScriptedServer.ts"

const found: Scene.Script = (asked) => [{ message: Scene.reply(asked, { answers: [a(asked.name, "192.0.2.7")] }) }]

describe("RFC 7766 section 5: truncation", () => {
  it.effect("a truncated answer is asked for again over TCP, and its part is not used", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) =>
          asked.via === "udp"
            ? [{ message: Scene.reply(asked, { truncated: true, answers: [a(asked.name, "203.0.113.66")] }) }]
            : found(asked)
      })
      const { value } = yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.strictEqual(value.transport, "tcp")
      assert.strictEqual((value.records[0]!.data as { readonly address: string }).address, "192.0.2.7")
    })
  )

  it.effect("a server that truncates and refuses TCP is out; the next one answers", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) =>
          asked.via === "udp"
            ? [{ message: Scene.reply(asked, { truncated: true }) }]
            : [{ unreachable: "ECONNREFUSED" }],
        "192.0.2.2": found
      })
      const { elapsed, value } = yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.strictEqual(value.server, "192.0.2.2:53")
      assert.isTrue(elapsed < 10, `${elapsed} ms`)
    })
  )

  it.effect("a server that truncates over TCP, too, makes no sense", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => [{ message: Scene.reply(asked, { truncated: true }) }]
      })
      const { value } = yield* Scene.fails(scene.dns.resolve("x.example", "A"))
      assert.strictEqual(value.code, "TRUNCATED")
    })
  )

  it.effect("a server from which no datagram ever comes is asked over TCP in the end", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": (asked) => (asked.via === "udp" ? [] : found(asked)) })
      const { value } = yield* Scene.passes(scene.dns.resolve("x.example", "A"), 20_000)
      assert.strictEqual(value.transport, "tcp")
    })
  )

  it.effect("`tcpOnly` sends no datagram", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": found }, { tcpOnly: true })
      yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.deepStrictEqual(
        scene.asked.map((one) => one.via),
        ["tcp"]
      )
    })
  )
})

describe("RFC 6891 section 6.2.2: servers without EDNS", () => {
  const old: Scene.Script = (asked) =>
    asked.message.edns === undefined ? found(asked) : [{ message: Scene.reply(asked, { rcode: 1, questions: [] }) }]

  it.effect("FORMERR to a query with EDNS is asked again without, and that is remembered", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": old })
      yield* Scene.passes(scene.dns.resolve("one.example", "A"))
      yield* Scene.passes(scene.dns.resolve("two.example", "A"))
      assert.deepStrictEqual(
        scene.asked.map((one) => one.message.edns !== undefined),
        [true, false, false]
      )
    })
  )

  it.effect("FORMERR to a query without EDNS, too, moves on", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => [{ message: Scene.reply(asked, { rcode: 1 }) }],
        "192.0.2.2": found
      })
      const { value } = yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.strictEqual(value.server, "192.0.2.2:53")
      assert.strictEqual(scene.asked.length, 3)
    })
  )

  it.effect("BADVERS is asked again without EDNS (section 6.1.3)", () =>
    Effect.gen(function* () {
      const edns = { udpPayloadOctets: 1232, version: 0, dnssecOk: false, reservedFlags: 0, options: [] }
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) =>
          asked.message.edns === undefined ? found(asked) : [{ message: Scene.reply(asked, { rcode: 16, edns }) }]
      })
      yield* Scene.passes(scene.dns.resolve("x.example", "A"))
      assert.strictEqual(scene.asked.length, 2)
    })
  )
})
