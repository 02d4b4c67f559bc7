/** Zones that are made to hurt whoever resolves them, or others by way of it; and what time does to what is kept. */
import { assert, describe, it } from "@effect/vitest"
import { SigningKey, signSync } from "@handoff/dns/dnssec"
import { Recursive } from "@handoff/dns/recursive"
import { handle, Server } from "@handoff/dns/server"
import { Name, ResourceRecord } from "@handoff/dns/wire"
import { text, Zone, ZoneStore } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { isAskable, type Transport } from "#internal"
import { dsOf, policyOf } from "../dnssec/support/judge.ts"
import { freePort } from "../server/support/unbound.ts"
import { serve, signTree } from "./support.ts"

const host = (n: number) => `127.53.9.${n}`
const rootAt = (address: string) => ({
  zone: Name.root,
  servers: [{ name: Name.fromText("a.root."), addresses: [address] }],
  until: Infinity
})

describe("one question", () => {
  const deep = `${Array.from({ length: 50 }, (_, i) => `l${i}`).join(".")}.evil.test.`
  const tree = signTree({
    ".": `@ NS a.root.\na.root. A ${host(1)}\ntest NS a.nic.test\na.nic.test A ${host(1)}\n`,
    "test.": `@ NS a.nic\na.nic A ${host(1)}\nevil NS ns.evil\nns.evil A ${host(2)}\n`,
    "evil.test.": `@ NS ns\nns A ${host(2)}\n${deep} A 192.0.2.1\n`
  })
  // Every name on the way is proven to be no cut, and what is at the end is not signed.
  const evil = Zone.make(
    [...tree.zones.get("evil.test.")!.records()].filter(
      (record) => !(record.type === "RRSIG" && record.data.typeCovered === "A")
    )
  )
  it.live("about a name of fifty labels, with a proof for each, sends no more than its bound", () =>
    Effect.gen(function* () {
      const port = yield* Effect.promise(freePort)
      yield* serve(host(1), port, [tree.zones.get(".")!, tree.zones.get("test.")!])
      yield* serve(host(2), port, [evil])
      const recursive = yield* Recursive.make({ root: rootAt(host(1)), anchors: [tree.anchor], port })
      const error = yield* Effect.flip(recursive.resolve(deep, "A"))
      assert.include(["Bogus", "TooMuchWork"], error.reason)
      // Unbounded it was 535, and more where each proof needs a server looked for.
      assert.isAtMost((yield* recursive.stats).sent, 260)
    }).pipe(Effect.scoped)
  )
})

describe("addresses that a delegation leads to", () => {
  it("are asked on the net only, not on this machine, its link or in groups", () => {
    const own = [
      "127.0.0.1",
      "127.53.0.1",
      "0.0.0.0",
      "169.254.169.254",
      "224.0.0.251",
      "255.255.255.255",
      "::",
      "::1",
      "fe80::1",
      "ff02::fb",
      "::ffff:127.0.0.1",
      "::ffff:7f00:1"
    ]
    assert.deepStrictEqual(own.filter(isAskable), [])
    const others = ["192.0.2.1", "10.0.0.1", "2001:db8::1", "::ffff:192.0.2.1", "223.255.255.255"]
    assert.deepStrictEqual(others.filter(isAskable), others)
  })
  for (const [root, asked] of [
    ["192.0.2.1", ["192.0.2.1"]],
    [host(1), ["127.0.0.1", host(1)]]
  ] as const) {
    it.effect(`are ${asked.join(" and ")} where the root is at ${root} and leads to 127.0.0.1`, () =>
      Effect.gen(function* () {
        const zones = [
          text.zone(".", "@ 60 SOA a b 1 1 1 1 1\n@ 60 NS a\ntest 60 NS a.test\na.test 60 A 127.0.0.1\n"),
          text.zone("test.", "@ 60 SOA a b 1 1 1 1 1\n@ 60 NS a\na 60 A 127.0.0.1\n")
        ]
        const seen = new Set<string>()
        const channelOf = ({ address }: { readonly address: string }): Transport.Channel => ({
          counters: {},
          ask: (ask) => {
            seen.add(address)
            const policy = policyOf([zones[address === "127.0.0.1" ? 1 : 0]!])
            const peer = { transport: "udp", address: "127.0.0.1", port: 1 } as const
            for (const response of handle(policy, ask.octets, peer, 0)) ask.onReply(response)
          },
          cancel: () => undefined,
          close: () => undefined
        })
        const recursive = yield* Recursive.make({
          root: rootAt(root),
          anchors: false,
          transport: () => ({ datagrams: channelOf, streams: channelOf })
        })
        const found = yield* Effect.exit(recursive.resolve("a.test.", "A"))
        assert.deepStrictEqual([...seen].toSorted(), asked.slice())
        assert.strictEqual(found._tag, asked.length === 2 ? "Success" : "Failure")
      }).pipe(Effect.scoped)
    )
  }
})

describe("what is kept of signed answers", () => {
  const key = SigningKey.generate({ role: "single" })
  const day = 86_400
  const start = 1_800_000_000
  const zone = text.zone(
    ".",
    `$TTL ${day}\n@ SOA a b 1 7200 900 1209600 ${day}\n@ NS a.root\na.root A ${host(4)}\nwww A 192.0.2.1\n`
  )
  const signedAt = (now: number) => signSync(zone, { keys: [key], now, expiration: now + 3_600 })
  it.effect("has no TTL beyond its signature, and is asked for again when the signature is over", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start * 1_000)
      const port = yield* Effect.promise(freePort)
      const zones = new ZoneStore([signedAt(start)])
      yield* Server.make({ host: host(4), port, zones })
      const recursive = yield* Recursive.make({
        root: rootAt(host(4)),
        anchors: [dsOf(".", key)],
        port,
        followAnchors: false
      })
      const first = yield* recursive.resolve("www.", "A")
      assert.deepStrictEqual(new Set(first.message.answers.map(({ ttl }) => ttl)), new Set([3_600]))
      const none = yield* recursive.resolve("www.", "MX")
      assert.isAbove(none.message.authorities.length, 0)
      assert.isTrue(none.message.authorities.every(({ ttl }) => ttl <= 3_600))
      yield* TestClock.adjust("2 hours")
      zones.put(signedAt(start + 7_200))
      const again = yield* recursive.resolve("www.", "A")
      assert.strictEqual(again.verdict?.status, "secure")
      assert.isTrue(again.message.answers.some((record) => ResourceRecord.is("A")(record)))
    }).pipe(Effect.scoped)
  )
})
