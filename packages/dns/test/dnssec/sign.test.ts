import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { checkSigned, SigningKey, sign, signSync, Zonemd } from "@handoff/dns/dnssec"
import { Name, RecordText } from "@handoff/dns/wire"
import { edit, text, types, Zone } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { has, run } from "../server/support/peers.ts"
import { lab } from "../server/support/zones.ts"

const now = Math.floor(Date.now() / 1_000)

const styles = [
  { name: "NSEC", options: {} },
  { name: "NSEC3", options: { denial: "nsec3" } },
  {
    name: "NSEC3 with opt-out, salt and iterations",
    options: { denial: "nsec3", nsec3: { optOut: true, salt: Uint8Array.of(1, 2), iterations: 3 } }
  },
  { name: "NSEC, a digest, CDS and CDNSKEY", options: { zonemd: true, childDs: true } }
] as const

const verified = (program: string, args: (file: string) => ReadonlyArray<string>, zone: Zone.Zone) =>
  Effect.promise(async () => {
    const folder = mkdtempSync(join(tmpdir(), "signed-"))
    writeFileSync(join(folder, "zone"), text.print(zone))
    const ran = await run(program, args(join(folder, "zone")))
    rmSync(folder, { recursive: true })
    return ran
  })

describe("a signed zone", () => {
  for (const { name, options } of styles) {
    for (const algorithm of [8, 13, 14, 15, 16]) {
      const keys = [SigningKey.generate({ algorithm, role: "key" }), SigningKey.generate({ algorithm, role: "zone" })]
      it.live.skipIf(!has("dnssec-verify"))(
        `with ${name}, algorithm ${algorithm}, is right for BIND's dnssec-verify`,
        () =>
          Effect.gen(function* () {
            const zone = yield* sign(lab, { keys, ...options })
            const ran = yield* verified("dnssec-verify", (file) => ["-o", "lab.example.", file], zone)
            assert.strictEqual(ran.code, 0, ran.stdout + ran.stderr)
          })
      )
      it.live.skipIf(!has("ldns-verify-zone"))(
        `with ${name}, algorithm ${algorithm}, is right for ldns-verify-zone`,
        () =>
          Effect.gen(function* () {
            const zone = yield* sign(lab, { keys, ...options })
            const extra = "zonemd" in options ? ["-ZZ"] : []
            const ran = yield* verified("ldns-verify-zone", (file) => [...extra, file], zone)
            assert.strictEqual(ran.code, 0, ran.stdout + ran.stderr)
          })
      )
    }
  }
  it("is the same signed at once and on the pool, for an algorithm without chance", () => {
    const keys = [SigningKey.generate({ algorithm: 15, role: "single" })]
    const options = { keys, now, inception: now - 10, expiration: now + 10 }
    return Effect.runPromise(sign(lab, options)).then((zone) =>
      assert.strictEqual(text.print(zone), text.print(signSync(lab, options)))
    )
  })
  it("signs again what was signed before, with nothing left of it", () => {
    const first = signSync(lab, { keys: [SigningKey.generate()], now, denial: "nsec3" })
    const keys = [SigningKey.generate()]
    const again = signSync(first, { keys, now })
    assert.strictEqual(again.hashes.size, 0)
    assert.isFalse(again.apex.sets.has(types.NSEC3PARAM))
    assert.strictEqual(again.apex.signatures.get(types.SOA)?.length, 1)
  })
  it("keeps the signatures of what has not changed, while they last", () => {
    const keys = [SigningKey.generate()]
    const first = signSync(lab, { keys, now })
    const { zone: edited } = edit(first, (transaction) =>
      transaction.removeAll(Name.fromText("mail.lab.example."), types.A)
    )
    const signatures = (zone: Zone.Zone) =>
      new Set([...zone.records()].filter(({ type }) => type === "RRSIG").map((record) => RecordText.print(record)))
    const before = signatures(first)
    const fresh = (zone: Zone.Zone) => [...signatures(zone)].filter((line) => !before.has(line)).length
    const again = signSync(edited, { keys, now: now + 60, previous: first })
    // The SOA and the NSEC before the name that is gone.
    assert.strictEqual(fresh(again), 2)
    assert.isAbove(before.size, 20)
    const later = signSync(edited, { keys, now: now + 10 * 86_400, previous: first })
    assert.strictEqual(fresh(later), signatures(later).size)
    const others = signSync(edited, { keys: [SigningKey.generate()], now: now + 60, previous: first })
    assert.strictEqual(fresh(others), signatures(others).size)
  })
  it.effect("keeps no signature of another key that has the tag of the new one", () => {
    const byTag = new Map<number, SigningKey.SigningKey>()
    let pair: readonly [SigningKey.SigningKey, SigningKey.SigningKey] | undefined
    while (pair === undefined) {
      const key = SigningKey.generate({ algorithm: 15 })
      const other = byTag.get(key.dnskey.tag)
      if (other === undefined) byTag.set(key.dnskey.tag, key)
      else pair = [other, key]
    }
    const [old, rolled] = pair
    const first = signSync(lab, { keys: [old], now })
    // The old key gone at once, or there beside the new one for a while.
    const atOnce = signSync(lab, { keys: [rolled], now: now + 60, previous: first })
    const both = signSync(lab, { keys: [old, rolled], now: now + 60, previous: first })
    const after = signSync(lab, { keys: [rolled], now: now + 60, previous: both })
    return Effect.gen(function* () {
      yield* TestClock.setTime((now + 60) * 1_000)
      for (const zone of [atOnce, both, after]) assert.deepStrictEqual(yield* checkSigned(zone), [])
      assert.strictEqual(both.apex.signatures.get(types.SOA)!.length, 2)
    })
  })
  it("publishes no CDS when no key is one that a parent points to", () => {
    const zone = text.zone("example.", "$TTL 60\n@ SOA a b 1 1 1 1 1\n@ NS a\na A 192.0.2.1\n")
    const keys = [SigningKey.generate({ role: "zone" })]
    const signed = signSync(zone, { keys, now: 1_800_000_000, childDs: true, denial: "nsec3", zonemd: true })
    assert.isFalse(signed.apex.sets.has(types.CDS))
    assert.isTrue(signed.apex.sets.has(types.NSEC3PARAM) && signed.apex.sets.has(types.ZONEMD))
  })
  it("signs neither glue nor the servers of a delegation", () => {
    const zone = signSync(lab, { keys: [SigningKey.generate()], now })
    const at = (name: string) => zone.nodes.get(Zone.keyOf(Name.fromText(name)))!
    assert.deepStrictEqual([...at("child.lab.example.").signatures.keys()], [types.NSEC])
    assert.strictEqual(at("ns.child.lab.example.").signatures.size, 0)
    assert.match(RecordText.print(at("child.lab.example.").sets.get(types.NSEC)!.records[0]!), /NS RRSIG NSEC$/)
  })
  it("has a digest that shows any later change", () => {
    const zone = signSync(lab, { keys: [SigningKey.generate()], now, zonemd: true })
    assert.deepStrictEqual(Zonemd.check(zone), { status: "right" })
    const less = Zone.make([...zone.records()].filter(({ type }) => type !== "AAAA"))
    assert.strictEqual(Zonemd.check(less).status, "wrong")
  })
})
