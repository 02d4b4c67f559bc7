import { assert, describe, it } from "@effect/vitest"
import { checkSigned, SigningKey, signSync } from "@handoff/dns/dnssec"
import { Name, type ResourceRecord } from "@handoff/dns/wire"
import { edit, types, Zone } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { lab } from "../server/support/zones.ts"

const now = 1_800_000_000
const keys = [SigningKey.generate({ role: "key" }), SigningKey.generate({ role: "zone" })]
const styles = {
  NSEC: { keys },
  NSEC3: { keys, denial: "nsec3" },
  "NSEC3 with opt-out": { keys, denial: "nsec3", nsec3: { optOut: true, salt: Uint8Array.of(1), iterations: 2 } },
  "two algorithms": { keys: [...keys, SigningKey.generate({ algorithm: 15, role: "single" })] }
} as const

const problems = (zone: Zone.Zone, at = now) =>
  Effect.andThen(
    TestClock.setTime(at * 1_000),
    Effect.map(checkSigned(zone), (found) => found.map(({ type, reason }) => `${type} ${reason}`))
  )
const without = (zone: Zone.Zone, drop: (record: ResourceRecord.ResourceRecord) => boolean) =>
  Zone.make([...zone.records()].filter((record) => !drop(record)))
const covers = (record: ResourceRecord.ResourceRecord, type: string, owner?: string) =>
  record.type === "RRSIG" &&
  record.data.typeCovered === type &&
  (owner === undefined || Name.toText(record.name) === owner)

describe("checking a signed zone as a whole", () => {
  for (const [style, options] of Object.entries(styles)) {
    it.effect(`finds nothing wrong with ${style} while the signatures last`, () =>
      Effect.gen(function* () {
        const zone = signSync(lab, { ...options, now })
        assert.deepStrictEqual(yield* problems(zone), [])
        const later = yield* problems(zone, now + 15 * 86_400)
        assert.isAbove(later.length, 20)
        assert.isTrue(later.every((each) => each.endsWith("SignatureExpired")))
        const early = yield* problems(zone, now - 2 * 3_600)
        assert.isTrue(early.length > 20 && early.every((each) => each.endsWith("SignatureNotYetValid")))
      })
    )
    it.effect(`finds data that was changed, added or left unsigned, with ${style}`, () =>
      Effect.gen(function* () {
        const zone = signSync(lab, { ...options, now })
        const host = Name.fromText("host.lab.example.")
        const changed = edit(zone, (edits) => {
          const [address] = zone.nodes.get(Zone.keyOf(host))!.sets.get(types.A)!.records
          edits.removeAll(host, types.A)
          edits.add({ ...address!, data: { address: "203.0.113.1" } } as ResourceRecord.ResourceRecord)
        }).zone
        assert.includeMembers(yield* problems(changed), ["A SignatureInvalid", "SOA SignatureInvalid"])
        const bare = without(zone, (record) => covers(record, "A", "host.lab.example."))
        assert.include(yield* problems(bare), "A SignatureMissing")
        const gone = without(zone, (record) => Name.equals(record.name, Name.fromText("mail.lab.example.")))
        assert.isTrue((yield* problems(gone)).some((each) => each.endsWith("DenialContradicts")))
      })
    )
  }
  it.effect("finds a denial that is missing, and one too many", () =>
    Effect.gen(function* () {
      const zone = signSync(lab, { ...styles.NSEC, now })
      const hashed = signSync(lab, { ...styles.NSEC3, now })
      const missing = without(zone, ({ name, type }) => type === "NSEC" && Name.toText(name) === "host.lab.example.")
      assert.include(yield* problems(missing), "NSEC DenialMissing")
      const first = hashed.sortedHashes[0]!
      const holed = without(hashed, ({ name, type }) => type === "NSEC3" && Zone.keyOf(name) === first)
      assert.include(yield* problems(holed), "NSEC3 DenialMissing")
      const stale = without(hashed, ({ name }) => Name.toText(name) === "mail.lab.example.")
      assert.include(yield* problems(stale), "NSEC3 DenialContradicts")
    })
  )
  it.effect(
    "looks at no chain of more iterations than any zone has, which would cost each of its names as many hashes",
    () =>
      Effect.gen(function* () {
        const iterated = (iterations: number) => signSync(lab, { keys, denial: "nsec3", nsec3: { iterations }, now })
        assert.deepStrictEqual(yield* problems(iterated(2_500)), [])
        assert.deepStrictEqual(yield* problems(iterated(2_501)), ["NSEC3PARAM TooMuchWork"])
      })
  )
  it.effect("finds that one of two algorithms does not sign all, and a zone without keys", () =>
    Effect.gen(function* () {
      const zone = signSync(lab, { ...styles["two algorithms"], now })
      const partly = without(
        zone,
        (record) => covers(record, "MX") && (record as ResourceRecord.Of<"RRSIG">).data.algorithm === 15
      )
      assert.deepStrictEqual(yield* problems(partly), ["MX SignatureMissing"])
      assert.deepStrictEqual(yield* problems(lab), ["DNSKEY KeyMissing"])
    })
  )
})
