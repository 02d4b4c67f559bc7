/** Forged replies are never accepted, and the true answer is still waited for (RFC 5452 section 9). */
import { assert, describe, it } from "@effect/vitest"
import { Message, ResourceRecord } from "@handoff/dns/wire"
import * as Effect from "effect/Effect"
import * as Scene from "../support/Scene.ts"
import { a, cname, soa } from "../support/ScriptedServer.ts"

const forged = "203.0.113.66"
const truth: Scene.Script = (asked) => [
  { after: 20, message: Scene.reply(asked, { answers: [a(asked.name, "192.0.2.7")] }) }
]
const fake = (asked: Scene.Asked, fields: Partial<Message.Message> = {}): Message.Message =>
  Scene.reply(asked, { answers: [a(asked.name, forged)], ...fields })
const cookie = (client: Uint8Array, server: Uint8Array) => ({
  udpPayloadOctets: 1232,
  version: 0,
  dnssecOk: false,
  reservedFlags: 0,
  options: [{ option: "COOKIE", data: { client, server } } as const]
})
const ours = (asked: Scene.Asked): Uint8Array =>
  (asked.message.edns!.options[0]!.data as { readonly client: Uint8Array }).client
const serverCookie = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const withCookie: Scene.Script = (asked) => [
  {
    after: 20,
    message: Scene.reply(asked, {
      answers: [a(asked.name, "192.0.2.7", 0)],
      edns: cookie(ours(asked), serverCookie)
    })
  }
]

const upsideDown = (octets: Uint8Array): Uint8Array => {
  const other = Uint8Array.from(octets)
  for (let i = 13; other[i] !== 0; i++) {
    const lower = other[i]! | 0x20
    if (lower >= 0x61 && lower <= 0x7a) other[i]! ^= 0x20
  }
  return other
}

const forgeries: ReadonlyArray<readonly [string, (asked: Scene.Asked) => ReadonlyArray<Scene.Sent>]> = [
  ["another id", (asked) => [{ message: fake(asked, { id: asked.message.id ^ 0x55 }) }]],
  [
    "another name in the question",
    (asked) => [
      {
        message: fake(asked, { questions: [{ ...asked.message.questions[0]!, name: a("other.example", forged).name }] })
      }
    ]
  ],
  [
    "another name of the same length in the question",
    (asked) => {
      const octets = Message.encode(fake(asked))
      octets[13] = octets[13]! ^ 0x01
      return [{ octets }]
    }
  ],
  [
    "another type in the question",
    (asked) => [{ message: fake(asked, { questions: [{ ...asked.message.questions[0]!, type: "TXT" }] }) }]
  ],
  ["no question", (asked) => [{ message: fake(asked, { questions: [] }) }]],
  [
    "two questions",
    (asked) => [{ message: fake(asked, { questions: [asked.message.questions[0]!, asked.message.questions[0]!] }) }]
  ],
  ["a query instead of a response", (asked) => [{ message: fake(asked, { response: false }) }]],
  ["another opcode", (asked) => [{ message: fake(asked, { opcode: 4 }) }]],
  [
    "a cookie that is not ours",
    (asked) => [{ message: fake(asked, { edns: cookie(new Uint8Array(8), serverCookie) }) }]
  ],
  [
    "garbage behind the right header",
    (asked) => [{ octets: Uint8Array.from([...Message.encode(fake(asked)).subarray(0, 30), 255, 255, 255]) }]
  ],
  ["a header alone", (asked) => [{ octets: Message.encode(fake(asked)).subarray(0, 12) }]],
  ["less than a header", (asked) => [{ octets: Message.encode(fake(asked)).subarray(0, 7) }]],
  ["nothing", () => [{ octets: new Uint8Array(0) }]],
  [
    "a flood of a thousand with random ids",
    (asked) =>
      Array.from({ length: 1_000 }, (_, i) => ({ message: fake(asked, { id: (asked.message.id + 1 + i) & 0xffff }) }))
  ]
]

describe("RFC 5452 section 9: replies that are none", () => {
  for (const [name, forge] of forgeries) {
    it.effect(`${name}: not accepted, and the true answer is still waited for`, () =>
      Effect.gen(function* () {
        const scene = yield* Scene.make({ "192.0.2.1": (asked) => [...forge(asked), ...truth(asked)] })
        const { elapsed, value } = yield* Scene.passes(scene.dns.resolve("www.example", "A"))
        assert.strictEqual((value.records[0]!.data as { readonly address: string }).address, "192.0.2.7")
        assert.isTrue(elapsed >= 20 && elapsed < 40, `${elapsed} ms`)
        assert.strictEqual(scene.asked.length, 1)
      })
    )
  }

  it.effect(
    "negative control: a forgery that knows id, question and case is accepted, so the checks are what stops the others",
    () =>
      Effect.gen(function* () {
        const scene = yield* Scene.make({ "192.0.2.1": (asked) => [{ message: fake(asked) }, ...truth(asked)] })
        const { value } = yield* Scene.passes(scene.dns.resolve("www.example", "A"))
        assert.strictEqual((value.records[0]!.data as { readonly address: string }).address, forged)
      })
  )

  it.effect("the question in another case is not accepted: the server's stream decides (0x20)", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) =>
          asked.via === "udp" ? [{ octets: upsideDown(Message.encode(fake(asked))) }] : [...truth(asked)]
      })
      const { value } = yield* Scene.passes(scene.dns.resolve("www.example", "A"))
      assert.strictEqual(value.transport, "tcp")
      assert.strictEqual((value.records[0]!.data as { readonly address: string }).address, "192.0.2.7")
      // The server is known for it now: the next question is sent in its own case and accepted over UDP.
      const fold: Scene.Script = truth
      const again = yield* Scene.passes(scene.dns.resolve("next.example", "A"))
      assert.strictEqual(again.value.name, "next.example")
      assert.isDefined(fold)
    })
  )

  it.effect(
    "a server that once had cookies has them always: a reply without one is a forgery (RFC 7873 section 5.3)",
    () =>
      Effect.gen(function* () {
        const scene = yield* Scene.make({
          "192.0.2.1": (asked) =>
            asked.index === 0 ? withCookie(asked) : [{ message: fake(asked) }, ...withCookie(asked)]
        })
        yield* Scene.passes(scene.dns.resolve("one.example", "A"))
        const { value } = yield* Scene.passes(scene.dns.resolve("two.example", "A"))
        assert.strictEqual((value.records[0]!.data as { readonly address: string }).address, "192.0.2.7")
        // And it got its own cookie back.
        const sent = scene.asked[1]!.message.edns!.options[0]!.data as { readonly server: Uint8Array }
        assert.deepStrictEqual([...sent.server], [...serverCookie])
      })
  )

  it.effect("a server that gave up cookies is heard again over its stream", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => (asked.index === 0 ? withCookie(asked) : truth(asked))
      })
      yield* Scene.passes(scene.dns.resolve("one.example", "A"))
      const { value } = yield* Scene.passes(scene.dns.resolve("two.example", "A"))
      assert.strictEqual(value.transport, "tcp")
      const { elapsed } = yield* Scene.passes(scene.dns.resolve("three.example", "A"))
      assert.isTrue(elapsed < 30, `${elapsed} ms`)
    })
  )

  it.effect("BADCOOKIE is asked again with the new cookie (RFC 7873 section 5.3)", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) =>
          asked.index === 0
            ? [{ message: Scene.reply(asked, { rcode: 23, edns: cookie(ours(asked), serverCookie) }) }]
            : withCookie(asked)
      })
      yield* Scene.passes(scene.dns.resolve("one.example", "A"))
      const sent = scene.asked[1]!.message.edns!.options[0]!.data as { readonly server: Uint8Array }
      assert.deepStrictEqual([...sent.server], [...serverCookie])
    })
  )

  it.effect("records that the chain does not lead to are as if they were not there", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => [
          {
            message: Scene.reply(asked, {
              answers: [a("victim.example", forged), cname(asked.name, "web.example"), a("web.example", "192.0.2.7")],
              authorities: [
                ResourceRecord.make({
                  name: "example.",
                  type: "NS",
                  ttl: 60,
                  data: { host: a("ns.example", "192.0.2.1").name }
                })
              ],
              additionals: [a("ns.example", forged), a("bank.example", forged)]
            })
          }
        ]
      })
      const { value } = yield* Scene.passes(scene.dns.resolve("www.example", "A"))
      assert.deepStrictEqual(
        value.records.map((record) => String(record.name)),
        ["web.example."]
      )
      // Nothing of the rest was kept either.
      assert.isUndefined(scene.dns.resolver.cached("victim.example", "A", undefined))
      assert.isUndefined(scene.dns.resolver.cached("bank.example", "A", undefined))
    })
  )

  it.effect("a second answer to the same question changes nothing", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => [...truth(asked), { after: 30, message: fake(asked) }]
      })
      yield* Scene.passes(scene.dns.resolve("www.example", "A"))
      yield* Scene.timed(Effect.sleep("100 millis"))
      const { value } = yield* Scene.passes(scene.dns.resolve("www.example", "A"))
      assert.strictEqual((value.records[0]!.data as { readonly address: string }).address, "192.0.2.7")
    })
  )

  it.effect("our random case is not seen in answers whose names point to the question", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => {
          const { name } = asked.message.questions[0]!
          return [{ message: Scene.reply(asked, { answers: [{ ...a("x", "192.0.2.7"), name }] }) }]
        }
      })
      const name = "a-name-with-many-letters.Example"
      const { value } = yield* Scene.passes(scene.dns.resolve(name, "A"))
      assert.notInclude(Buffer.from(scene.asked[0]!.octets).toString("latin1"), "a-name-with-many-letters")
      assert.strictEqual(String(value.records[0]!.name), `${name}.`)
    })
  )

  it.effect("equal questions in flight are one: no birthday for a forger (section 5)", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": truth })
      const ask = scene.dns.resolve("www.example", "A")
      const { value } = yield* Scene.passes(Effect.all([ask, ask, ask, ask], { concurrency: "unbounded" }))
      assert.strictEqual(value.length, 4)
      assert.strictEqual(scene.asked.length, 1)
      assert.strictEqual(scene.dns.resolver.counters.coalesced, 3)
    })
  )

  it.effect("no name is believed to be gone on the word of a reply to another question", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => [
          {
            message: Scene.reply(asked, {
              rcode: 3,
              questions: [{ ...asked.message.questions[0]!, name: a("example", forged).name }],
              authorities: [soa("example")]
            })
          },
          ...truth(asked)
        ]
      })
      yield* Scene.passes(scene.dns.resolve("www.example", "A"))
    })
  )
})
