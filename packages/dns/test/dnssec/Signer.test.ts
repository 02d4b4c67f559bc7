import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { keepSigned, Signer, SigningKey, signSync, Zonemd } from "@handoff/dns/dnssec"
import { handle } from "@handoff/dns/server"
import { axfr, ixfr } from "@handoff/dns/transfer"
import { Server } from "@handoff/dns/server"
import { send, TsigKey, Update } from "@handoff/dns/update"
import { Message, Name, Opcode, Rcode, RecordText } from "@handoff/dns/wire"
import { applyDiff, RRset, text, types, Zone, ZoneStore } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { has, run } from "../server/support/peers.ts"
import { until } from "../support/turns.ts"
import { dsOf, judge, policyOf } from "./support/judge.ts"

const start = 1_800_000_000
const day = 86_400
const keys = [SigningKey.generate({ role: "key" }), SigningKey.generate({ role: "zone" })]
const lab = text.zone(
  "lab.example.",
  `$TTL 300
@ SOA ns1 hostmaster 7 7200 900 1209600 60
@ NS ns1
@ NS ns2
@ MX 10 mail
ns1 A 192.0.2.53
ns2 A 192.0.2.54
mail A 192.0.2.25
www CNAME host
host A 192.0.2.80
host AAAA 2001:db8::80
*.wild A 192.0.2.7
old DNAME new
x.new A 192.0.2.99
a.b.c TXT "below two empty non-terminals"
child NS ns.child
ns.child A 192.0.2.111
$GENERATE 1-100 n$ A 192.0.2.$
`
)
const { origin } = lab
/** A cut: who asks there is referred, which is for the child to answer. */
const cut = Name.fromText("child.lab.example.")
const anchor = dsOf("lab.example.", keys[0]!)
const styles = [
  { name: "NSEC", options: { keys } },
  { name: "NSEC3", options: { keys, denial: "nsec3" } },
  { name: "NSEC3 with opt-out and a digest", options: { keys, denial: "nsec3", nsec3: { optOut: true }, zonemd: true } }
] as const
const record = (line: string) => [...text.zone("lab.example.", `@ 0 SOA a b 1 1 1 1 1\n${line}`).records()][1]!
const changes = [
  Update.add(Update.make(origin), record("new 300 A 192.0.2.99"), record("deep.er 300 TXT x")),
  Update.removeAll(Update.make(origin), "host.lab.example.", "AAAA"),
  Update.removeAll(Update.make(origin), "mail.lab.example."),
  Update.remove(Update.make(origin), record("ns2 300 A 192.0.2.54")),
  Update.add(Update.make(origin), record("child 300 DS 1 13 2 " + "ab".repeat(32))),
  Update.removeAll(Update.make(origin), "a.b.c.lab.example."),
  Update.removeAll(Update.make(origin), "lab.example.")
]

const sorted = (zone: Zone.Zone) => text.print(zone).split("\n").toSorted().join("\n")

/** Everything in a zone, judged as a resolver would: each name that is there, and one beside each that is not. */
const problems = (zone: Zone.Zone) =>
  Effect.gen(function* () {
    const validate = judge(policyOf([zone]), [anchor])
    const wrong: Array<string> = []
    for (const node of zone.nodes.values()) {
      for (const ask of [Name.toText(node.name), `zz${Name.toText(node.name)}`]) {
        for (const type of ["A", "TXT", "DS"] as const) {
          const name = Name.fromText(ask)
          if (type === "DS" && Name.equals(name, zone.origin)) continue
          if (!Name.isSubdomainOf(name, zone.origin)) continue
          if (Name.isSubdomainOf(name, cut) && !(type === "DS" && Name.equals(name, cut))) continue
          const verdict = yield* validate(ask, type)
          if (verdict.status === "bogus" || verdict.status === "indeterminate")
            wrong.push(`${ask} ${type}: ${verdict.detail}`)
        }
      }
    }
    return wrong
  })

const apply = (policy: ReturnType<typeof policyOf>, update: Update.Update, now: number) => {
  const octets = Message.encode(Update.toMessage(update, 1))
  const [answer] = handle(policy, octets, { transport: "tcp", address: "192.0.2.1", port: 1 }, now * 1_000)
  return Message.decodeUnsafe(answer!).rcode
}

describe("a signed zone that is updated", () => {
  for (const { name, options } of styles) {
    it.effect(`stays rightly signed after each update, with ${name}, and IXFR carries it there`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(start * 1_000)
        const signer = new Signer(options)
        const first = signSync(lab, { ...options, now: start })
        const store = new ZoneStore([first])
        const policy = { ...policyOf([]), zones: store, allowUpdate: () => true, afterUpdate: signer.resign }
        assert.deepStrictEqual(yield* problems(first), [])
        for (const [i, update] of changes.entries()) {
          const now = start + 60 * (i + 1)
          yield* TestClock.setTime(now * 1_000)
          const before = store.get(origin)!
          assert.strictEqual(Rcode.nameOf(apply(policy, update, now)), "NOERROR")
          const after = store.get(origin)!
          assert.strictEqual(after.serial, before.serial + 1)
          assert.deepStrictEqual(yield* problems(after), [])
          if ("zonemd" in options) assert.strictEqual(Zonemd.check(after).status, "right")
          // A copy that applies the differences is the zone, signatures and denials included.
          const copy = store.since(origin, before.serial)!.reduce(applyDiff, before)
          assert.strictEqual(sorted(copy), sorted(after))
          // And as small as the change: not the whole zone again.
          const diff = store.since(origin, before.serial)![0]!
          assert.isBelow(diff.added.length, 40)
        }
        const whole = signSync(store.get(origin)!, { ...options, now: start + 3_600 })
        const names = (zone: Zone.Zone) => [...zone.nodes.keys()].toSorted()
        assert.deepStrictEqual(names(store.get(origin)!), names(Zone.make([...whole.records()])))
        assert.isFalse(store.get(origin)!.nodes.has(Zone.keyOf(Name.fromText("b.c.lab.example."))))
      })
    )
  }
  it.live.skipIf(!has("dnssec-verify"))("is right for BIND's dnssec-verify after each update", () =>
    Effect.gen(function* () {
      const now = Math.floor(Date.now() / 1_000)
      for (const { options } of styles) {
        const signer = new Signer(options)
        const store = new ZoneStore([signSync(lab, { ...options, now })])
        const policy = { ...policyOf([]), zones: store, allowUpdate: () => true, afterUpdate: signer.resign }
        for (const update of changes) {
          apply(policy, update, now)
          const folder = mkdtempSync(join(tmpdir(), "resigned-"))
          writeFileSync(join(folder, "zone"), text.print(store.get(origin)!))
          const ran = yield* Effect.promise(() => run("dnssec-verify", ["-o", "lab.example.", join(folder, "zone")]))
          rmSync(folder, { recursive: true })
          assert.strictEqual(ran.code, 0, ran.stdout + ran.stderr)
        }
      }
    })
  )
  it("refuses to have its signatures and denials changed from outside", () => {
    const store = new ZoneStore([signSync(lab, { keys, now: start })])
    const policy = { ...policyOf([]), zones: store, allowUpdate: () => true }
    const zone = store.get(origin)!
    for (const type of [types.RRSIG, types.NSEC]) {
      const there = [...zone.records()].find((one) => RRset.typeOf(one) === type)!
      assert.strictEqual(apply(policy, Update.remove(Update.make(origin), there), start), Rcode.REFUSED)
      assert.strictEqual(apply(policy, Update.add(Update.make(origin), there), start), Rcode.REFUSED)
    }
    assert.strictEqual(store.get(origin), zone)
    assert.strictEqual(Opcode.UPDATE, 5)
  })
  it.live("is updated over TCP with TSIG, and transferred out over IXFR as it is held", () =>
    Effect.gen(function* () {
      const key = TsigKey.make({ name: "k.", secret: new Uint8Array(32).fill(7) })
      const signer = new Signer({ keys })
      const store = new ZoneStore([signSync(lab, { keys, now: Math.floor(Date.now() / 1_000) })])
      const server = yield* Server.make({
        zones: store,
        keys: [key],
        allowTransfer: (_, { signer }) => signer !== undefined,
        allowUpdate: (_, { signer }) => signer !== undefined,
        afterUpdate: signer.resign
      })
      const peer = { address: "127.0.0.1", port: server.port, key }
      const before = yield* axfr(peer, origin)
      for (const update of changes) yield* send(peer, update)
      const found = yield* ixfr(peer, before)
      assert.strictEqual(found.kind, "differences")
      if (found.kind !== "differences") return
      assert.strictEqual(found.diffs.length, changes.length)
      assert.strictEqual(sorted(found.diffs.reduce(applyDiff, before)), sorted(store.get(origin)!))
    })
  )
})

describe("a zone that is kept signed", () => {
  const expirations = (zone: Zone.Zone) =>
    [...zone.records()].flatMap((one) => (one.type === "RRSIG" ? [one.data.expiration] : []))

  it.effect("is signed at first, and again before its signatures run out, for a year", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start * 1_000)
      const store = new ZoneStore([lab])
      yield* keepSigned(store, origin, { keys, validity: 9 * day })
      yield* settle(store, (zone) => zone.serial > lab.serial)
      let last = store.get(origin)!.serial
      let renewals = 0
      for (let i = 1; i <= 365; i++) {
        yield* TestClock.adjust("1 day")
        yield* settle(store, (zone) => Math.min(...expirations(zone)) > start + i * day + 2.9 * day)
        const zone = store.get(origin)!
        if (zone.serial !== last) renewals++
        last = zone.serial
        if (i % 73 === 0) assert.deepStrictEqual(yield* problems(zone), [])
      }
      // Each time two thirds of nine days are over.
      assert.isAtLeast(renewals, 50)
      assert.isAtMost(renewals, 65)
    })
  )
  it.effect("is signed again when it was edited without", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start * 1_000)
      const store = new ZoneStore([lab])
      const signer = yield* keepSigned(store, origin, { keys })
      yield* settle(store, (zone) => zone.serial > lab.serial)
      store.edit(origin, (transaction) => transaction.add(record("plain 300 A 192.0.2.5")))
      yield* settle(
        store,
        (zone) => zone.nodes.get(Zone.keyOf(Name.fromText("plain.lab.example.")))!.signatures.size > 0
      )
      assert.deepStrictEqual(yield* problems(store.get(origin)!), [])
      const { serial } = store.get(origin)!
      signer.edit(store, origin, (transaction) => transaction.add(record("plain 300 A 192.0.2.6")), start)
      assert.strictEqual(store.get(origin)!.serial, serial + 1)
      assert.deepStrictEqual(yield* problems(store.get(origin)!), [])
      assert.include(RecordText.print(store.get(origin)!.soa.records[0]!), `${serial + 1}`)
    })
  )
  /** Signing goes on in libuv's threads, which no test clock moves: turns of the loop, until it is so. */
  const settle = (store: ZoneStore, test: (zone: Zone.Zone) => boolean) => until(() => test(store.get(origin)!))
})
