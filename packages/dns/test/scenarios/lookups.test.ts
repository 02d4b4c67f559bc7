/** Names as people and programs use them: both families, search lists, special names, the hosts file. */
import { assert, describe, it } from "@effect/vitest"
import { LookupAddress, LookupHost } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Scene from "../support/Scene.ts"
import { a, aaaa, soa } from "../support/ScriptedServer.ts"

type Family = { readonly after: number; readonly reply: "address" | "none" | "failure" | "nothing" }

const families =
  (four: Family, six: Family): Scene.Script =>
  (asked) => {
    const family = asked.type === "A" ? four : six
    if (family.reply === "nothing") return []
    const record = asked.type === "A" ? a(asked.name, "192.0.2.7") : aaaa(asked.name, "2001:db8::7")
    const fields =
      family.reply === "address"
        ? { answers: [record] }
        : family.reply === "failure"
          ? { rcode: 2 }
          : { authorities: [soa("example")] }
    return [{ after: family.after, message: Scene.reply(asked, fields) }]
  }

const lookup = (scene: Scene.Scene, name = "x.example", family?: "IPv4" | "IPv6") =>
  Effect.map(scene.dns.run(new LookupHost({ name, ...(family === undefined ? {} : { family }) })), (found) =>
    found.map(NetAddress.formatIp)
  )

describe("RFC 8305 section 3: both families", () => {
  const cases: ReadonlyArray<readonly [string, Family, Family, ReadonlyArray<string>, (elapsed: number) => boolean]> = [
    [
      "both are asked side by side",
      { after: 20, reply: "address" },
      { after: 25, reply: "address" },
      ["2001:db8::7", "192.0.2.7"],
      (elapsed) => elapsed <= 27
    ],
    [
      "the slow one is waited for 50 ms after the first, not longer",
      { after: 10, reply: "address" },
      { after: 300, reply: "address" },
      ["192.0.2.7"],
      (elapsed) => elapsed >= 60 && elapsed <= 64
    ],
    [
      "a failure of one does not spoil the other",
      { after: 10, reply: "address" },
      { after: 5, reply: "failure" },
      ["192.0.2.7"],
      (elapsed) => elapsed <= 13
    ],
    [
      "silence of one does not spoil the other",
      { after: 10, reply: "address" },
      { after: 5, reply: "nothing" },
      ["192.0.2.7"],
      (elapsed) => elapsed <= 64
    ],
    [
      "that there is none of one family is no reason to stop waiting for the other",
      { after: 200, reply: "address" },
      { after: 5, reply: "none" },
      ["192.0.2.7"],
      (elapsed) => elapsed >= 200 && elapsed <= 203
    ]
  ]
  for (const [name, four, six, expected, inTime] of cases) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const scene = yield* Scene.make({ "192.0.2.1": families(four, six) }, { order: false })
        const { elapsed, value } = yield* Scene.passes(lookup(scene))
        assert.deepStrictEqual(value, expected)
        assert.isTrue(inTime(elapsed), `${elapsed} ms`)
      })
    )
  }

  it.effect("a family that is asked for alone is asked for alone", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": families({ after: 1, reply: "address" }, { after: 1, reply: "address" })
      })
      const { value } = yield* Scene.passes(lookup(scene, "x.example", "IPv6"))
      assert.deepStrictEqual(value, ["2001:db8::7"])
      assert.deepStrictEqual(
        scene.asked.map((one) => one.type),
        ["AAAA"]
      )
    })
  )

  it.effect("a name without addresses fails with NODATA, one that is not there with NXDOMAIN", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({
        "192.0.2.1": (asked) => [
          {
            message: Scene.reply(asked, {
              rcode: asked.name === "gone.example." ? 3 : 0,
              authorities: [soa("example")]
            })
          }
        ]
      })
      for (const [name, code] of [
        ["x.example", "NODATA"],
        ["gone.example", "NXDOMAIN"]
      ] as const) {
        const { value } = yield* Scene.fails(lookup(scene, name))
        assert.isTrue(value._tag === "LookupError" && value.reason === "NotFound" && value.code === code)
      }
    })
  )
})

describe("resolv.conf(5): search", () => {
  /** Only these names are there. */
  const only =
    (...names: ReadonlyArray<string>): Scene.Script =>
    (asked) => [
      {
        message: names.includes(asked.name)
          ? Scene.reply(asked, { answers: [a(asked.name, "192.0.2.7")] })
          : Scene.reply(asked, { rcode: 3, authorities: [soa(".", 0, 0)] })
      }
    ]
  const walk = (name: string, ndots: number, present: ReadonlyArray<string> = []) =>
    Effect.gen(function* () {
      const scene = yield* Scene.make(
        { "192.0.2.1": only(...present) },
        { search: ["one.example", "two.example"], ndots }
      )
      yield* Scene.timed(lookup(scene, name, "IPv4"))
      return scene.asked.map((one) => one.name)
    })

  const cases: ReadonlyArray<readonly [string, string, number, ReadonlyArray<string>, ReadonlyArray<string>]> = [
    [
      "a short name is tried in the list first, then as it is",
      "host",
      1,
      [],
      ["host.one.example.", "host.two.example.", "host."]
    ],
    ["a name with ndots dots is tried as it is first", "a.b", 1, [], ["a.b.", "a.b.one.example.", "a.b.two.example."]],
    ["with ndots 2 it is not", "a.b", 2, [], ["a.b.one.example.", "a.b.two.example.", "a.b."]],
    ["a final dot means the name and nothing else", "host.", 1, [], ["host."]],
    [
      "the first that is there ends the walk",
      "host",
      1,
      ["host.two.example."],
      ["host.one.example.", "host.two.example."]
    ],
    ["ndots 0: every name is tried as it is first", "host", 0, [], ["host.", "host.one.example.", "host.two.example."]]
  ]
  for (const [title, name, ndots, present, expected] of cases) {
    it.effect(title, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* walk(name, ndots, present), expected)
      })
    )
  }

  it.effect("a record set is asked for as it stands, without the list", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": only() }, { search: ["one.example"] })
      yield* Scene.passes(scene.dns.resolve("host", "MX"))
      assert.deepStrictEqual(
        scene.asked.map((one) => one.name),
        ["host."]
      )
    })
  )
})

describe("RFC 6761 and its successors: special names", () => {
  const none: Scene.Script = (asked) => [{ message: Scene.reply(asked, { answers: [a(asked.name, "203.0.113.66")] }) }]

  for (const name of ["localhost", "LOCALHOST.", "a.localhost"]) {
    it.effect(`${name} is the loopback addresses, and is not asked for`, () =>
      Effect.gen(function* () {
        const scene = yield* Scene.make({ "192.0.2.1": none }, { order: false })
        const { value } = yield* Scene.passes(lookup(scene, name))
        assert.deepStrictEqual(value, ["::1", "127.0.0.1"])
        assert.strictEqual(scene.asked.length, 0)
      })
    )
  }
  for (const name of ["x.invalid", "x.onion", "printer.local"]) {
    it.effect(`${name} is not there, and is not asked for`, () =>
      Effect.gen(function* () {
        const scene = yield* Scene.make({ "192.0.2.1": none })
        const { value } = yield* Scene.fails(lookup(scene, name))
        assert.isTrue(value._tag === "LookupError" && value.reason === "NotFound")
        assert.strictEqual(scene.asked.length, 0)
      })
    )
  }
  for (const name of ["x.test", "x.example", "notlocalhost", "x.home.arpa", "7.0.168.192.in-addr.arpa"]) {
    it.effect(`${name} is asked for like any other`, () =>
      Effect.gen(function* () {
        const scene = yield* Scene.make({ "192.0.2.1": none })
        yield* Scene.passes(scene.dns.resolve(name, "A"))
        assert.strictEqual(scene.asked.length, 1)
      })
    )
  }

  it.effect("the names of the loopback addresses are localhost", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": none })
      for (const address of NetAddress.loopbackAddresses) {
        const { value } = yield* Scene.passes(scene.dns.run(new LookupAddress({ address })))
        assert.deepStrictEqual([...value], ["localhost"])
      }
      assert.strictEqual(scene.asked.length, 0)
    })
  )

  it.effect("negative control: with `specialNames` off they go to the network", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": none }, { specialNames: false })
      yield* Scene.passes(lookup(scene, "localhost"))
      assert.isTrue(scene.asked.length > 0)
    })
  )
})

describe("rebinding protection", () => {
  const inside: Scene.Script = (asked) => [{ message: Scene.reply(asked, { answers: [a(asked.name, "192.168.0.1")] }) }]

  it.effect("a name that points into the private network is refused, except below the domains named", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": inside }, { rebindingProtection: ["corp.example"] })
      const { value } = yield* Scene.fails(scene.dns.resolve("evil.example", "A"))
      assert.strictEqual(value.code, "EREBIND")
      yield* Scene.passes(scene.dns.resolve("db.corp.example", "A"))
    })
  )

  it.effect("negative control: off unless asked for", () =>
    Effect.gen(function* () {
      const scene = yield* Scene.make({ "192.0.2.1": inside })
      yield* Scene.passes(scene.dns.resolve("evil.example", "A"))
    })
  )
})
