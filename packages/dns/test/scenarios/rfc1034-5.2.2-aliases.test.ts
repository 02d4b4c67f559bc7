/** Aliases are followed to their end, within a reply and across replies, and never in circles (RFC 1034 section 5.2.2). */
import { assert, describe, it } from "@effect/vitest"
import { Message, Name, type ResourceRecord } from "@handoff/dns/wire"
import * as Effect from "effect/Effect"
import * as Scene from "../support/Scene.ts"
import { a, cname, soa } from "../support/ScriptedServer.ts"

type Zone = Readonly<Record<string, Partial<Message.Message>>>

const zone =
  (zone: Zone): Scene.Script =>
  (asked) => [{ message: Scene.reply(asked, zone[asked.name] ?? { rcode: 3, authorities: [soa("example")] }) }]

const addresses = (records: ReadonlyArray<ResourceRecord.ResourceRecord>) =>
  records.map((record) => (record.data as { readonly address: string }).address)

const dname = (owner: string, target: string, ttl = 60): ResourceRecord.ResourceRecord =>
  Message.decodeUnsafe(
    Message.encode(
      Message.make({
        answers: [
          {
            name: Name.fromText(owner),
            type: "TYPE39",
            class: "IN",
            ttl,
            data: { octets: Name.fromText(target).octets }
          }
        ]
      })
    )
  ).answers[0]!

describe("RFC 1034 section 5.2.2: aliases", () => {
  it.effect("a chain within one reply gives the records at its end, the least TTL of all, and the aliases", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": zone({
          "www.example.": {
            answers: [
              cname("www.example", "web.example", 30),
              cname("web.example", "host.example", 300),
              a("host.example", "192.0.2.7", 60)
            ]
          }
        })
      })
      const { value } = yield* Scene.passes(scene.dns.resolve("www.example", "A"))
      assert.deepStrictEqual(addresses(value.records), ["192.0.2.7"])
      assert.strictEqual(value.ttl, 30)
      assert.strictEqual(String(value.canonicalName), "host.example.")
      assert.strictEqual(value.aliases.length, 2)
      assert.strictEqual(scene.asked.length, 1)
    })
  )

  it.effect("records in any order make the same chain", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": zone({
          "www.example.": {
            answers: [
              a("host.example", "192.0.2.7"),
              cname("web.example", "host.example"),
              cname("www.example", "web.example")
            ]
          }
        })
      })
      const { value } = yield* Scene.passes(scene.dns.resolve("www.example", "A"))
      assert.deepStrictEqual(addresses(value.records), ["192.0.2.7"])
    })
  )

  it.effect("where the reply ends at an alias, its target is asked for", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": zone({
          "www.example.": { answers: [cname("www.example", "web.example")] },
          "web.example.": { answers: [cname("web.example", "host.example")] },
          "host.example.": { answers: [a("host.example", "192.0.2.7")] }
        })
      })
      const { value } = yield* Scene.passes(scene.dns.resolve("www.example", "A"))
      assert.deepStrictEqual(addresses(value.records), ["192.0.2.7"])
      assert.deepStrictEqual(
        scene.asked.map((one) => one.name),
        ["www.example.", "web.example.", "host.example."]
      )
      assert.strictEqual(value.aliases.length, 2)
    })
  )

  it.effect("an alias to nothing says that there is no such name", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": zone({ "www.example.": { answers: [cname("www.example", "gone.example")] } })
      })
      const { value } = yield* Scene.passes(scene.dns.resolve("www.example", "A"))
      assert.strictEqual(value.kind, "no name")
    })
  )

  it.effect("a loop within a reply is an error, at once", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": zone({
          "a.example.": { answers: [cname("a.example", "b.example"), cname("b.example", "a.example")] }
        })
      })
      const { elapsed, value } = yield* Scene.fails(scene.dns.resolve("a.example", "A"))
      assert.deepStrictEqual([value.reason, value.code], ["InvalidResponse", "LOOP"])
      assert.isTrue(elapsed < 10)
    })
  )

  it.effect("a loop across replies is an error, after two questions", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": zone({
          "a.example.": { answers: [cname("a.example", "b.example")] },
          "b.example.": { answers: [cname("b.example", "a.example")] }
        })
      })
      const { value } = yield* Scene.fails(scene.dns.resolve("a.example", "A"))
      assert.strictEqual(value.code, "LOOP")
      assert.strictEqual(scene.asked.length, 2)
    })
  )

  it.effect("a server that makes up one alias after another is given up after sixteen", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => [
          { message: Scene.reply(asked, { answers: [cname(asked.name, `x${asked.index}.example`)] }) }
        ]
      })
      const { value } = yield* Scene.fails(scene.dns.resolve("a.example", "A"))
      assert.strictEqual(value.code, "LOOP")
      assert.isTrue(scene.asked.length <= 17, `${scene.asked.length} questions`)
    })
  )

  it.effect("asking for the alias itself follows nothing", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": zone({ "www.example.": { answers: [cname("www.example", "web.example")] } })
      })
      const { value } = yield* Scene.passes(scene.dns.resolve("www.example", "CNAME"))
      assert.strictEqual(value.records.length, 1)
      assert.strictEqual(scene.asked.length, 1)
    })
  )
})

describe("RFC 6672: DNAME", () => {
  const typed = dname("old.example.", "new.example.").type === ("DNAME" as string)

  it.effect("a name below a DNAME is the same name below its target", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": zone({
          "www.old.example.": { answers: [dname("old.example.", "new.example."), a("www.new.example", "192.0.2.7")] }
        })
      })
      const { value } = yield* Scene.passes(scene.dns.resolve("www.old.example", "A"))
      assert.isTrue(typed)
      assert.deepStrictEqual(addresses(value.records), ["192.0.2.7"])
    })
  )

  it.effect("a CNAME beside it that says something else is a lie (section 2.2)", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": zone({
          "www.old.example.": {
            answers: [
              dname("old.example.", "new.example."),
              cname("www.old.example", "evil.example"),
              a("evil.example", "203.0.113.66")
            ]
          }
        })
      })
      const { value } = yield* Scene.fails(scene.dns.resolve("www.old.example", "A"))
      assert.strictEqual(value.code, "BADALIAS")
    })
  )
})
