import { assert, describe, it } from "@effect/vitest"
import { handle, type Policy, RateLimit } from "@handoff/dns/server"
import { Message, Question } from "@handoff/dns/wire"
import { ZoneStore } from "@handoff/dns/zone"
import { lab } from "./support/zones.ts"

describe("rate limits", () => {
  it("equal answers to one network are limited, truncated every other time; others are not", () => {
    const limit = new RateLimit({ responsesPerSecond: 5 })
    const verdicts = Array.from({ length: 11 }, (_, i) => limit.check(`192.0.2.${i}`, "same", 0))
    assert.deepStrictEqual(verdicts, [
      ...Array.from({ length: 5 }, () => "send"),
      "drop",
      "truncate",
      "drop",
      "truncate",
      "drop",
      "truncate"
    ])
    assert.strictEqual(limit.check("192.0.3.1", "same", 0), "send")
    assert.strictEqual(limit.check("192.0.2.1", "other", 0), "send")
    assert.strictEqual(limit.check("192.0.2.1", "same", 1_000), "send")
  })
  it("a network is a /24 of IPv4 and a /56 of IPv6, mapped addresses included", () => {
    const limit = new RateLimit({ responsesPerSecond: 1, slip: 0 })
    assert.strictEqual(limit.check("2001:db8:0:100::1", "x", 0), "send")
    assert.strictEqual(limit.check("2001:db8:0:1ff:ffff::1", "x", 0), "drop")
    assert.strictEqual(limit.check("2001:db8:0:200::1", "x", 0), "send")
    assert.strictEqual(limit.check("192.0.2.1", "x", 0), "send")
    assert.strictEqual(limit.check("::ffff:192.0.2.9", "x", 0), "drop")
  })
  it("what is remembered is bounded", () => {
    const limit = new RateLimit({ responsesPerSecond: 1 })
    for (let i = 0; i < 100_500; i++) limit.check(`10.${(i >> 8) & 255}.${i & 255}.1`, `kind ${i >> 16}`, 0)
    assert.isAtMost(limit.size, 100_000)
  })
  it("random names below one zone share a bucket, TCP has none", () => {
    const policy: Policy = {
      zones: new ZoneStore([lab]),
      keys: [],
      sig0Keys: [],
      allowTransfer: () => false,
      allowUpdate: () => false,
      onNotify: () => false,
      afterUpdate: (zone) => zone,
      rateLimit: new RateLimit({ responsesPerSecond: 3 }),
      udpPayloadOctets: 1_232,
      identity: undefined
    }
    const ask = (i: number, transport: "udp" | "tcp") => {
      const query = Message.query(Question.make(`random${i}.lab.example.`, "A"), { id: i })
      return [...handle(policy, Message.encode(query), { transport, address: "192.0.2.1", port: 1 }, 0)].map(
        (octets) => Message.decodeUnsafe(octets).truncated
      )
    }
    const answered = Array.from({ length: 7 }, (_, i) => ask(i, "udp"))
    assert.deepStrictEqual(answered, [[false], [false], [false], [], [true], [], [true]])
    assert.deepStrictEqual(ask(9, "tcp"), [false])
  })
})

describe("any octets", () => {
  it("get an answer that decodes, or none, in bounded time", () => {
    const policy: Policy = {
      zones: new ZoneStore([lab]),
      keys: [],
      sig0Keys: [],
      allowTransfer: () => true,
      allowUpdate: () => true,
      onNotify: () => true,
      afterUpdate: (zone) => zone,
      rateLimit: undefined,
      udpPayloadOctets: 1_232,
      identity: "x"
    }
    const octets = Message.encode(Message.query(Question.make("a.b.c.lab.example.", "A"), { id: 1 }))
    let seed = 3
    const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff) % below
    const start = performance.now()
    for (let i = 0; i < 20_000; i++) {
      const changed = new Uint8Array(octets.length + random(40))
      changed.set(octets)
      for (let n = random(6); n >= 0; n--) changed[random(changed.length)] = random(256)
      const transport = random(2) === 0 ? "udp" : "tcp"
      for (const response of handle(policy, changed, { transport, address: "192.0.2.1", port: 1 }, 0)) {
        const decoded = Message.decode(response)
        assert.notInstanceOf(decoded, Error)
      }
    }
    assert.isBelow(performance.now() - start, 30_000)
  })
})
