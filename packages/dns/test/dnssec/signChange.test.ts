/** A change of a signed zone costs what it touches, and gives the zone that signing all of it would give. */
import { assert, describe, it } from "@effect/vitest"
import { Signer, SigningKey, signSync } from "@handoff/dns/dnssec"
import { Name } from "@handoff/dns/wire"
import { edit, text, type Transaction, Zone, ZoneStore } from "@handoff/dns/zone"

const now = 1_800_000_000
// Ed25519 signs without chance: what is signed alike is alike.
const keys = [SigningKey.generate({ algorithm: 15, role: "key" }), SigningKey.generate({ algorithm: 15, role: "zone" })]
const denials = ["nsec", "nsec3"] as const
const head = "$TTL 300\n@ SOA ns hostmaster 7 7200 900 1209600 60\n@ NS ns\nns A 192.0.2.53\n"
const record = (line: string) => [...text.zone("lab.example.", `@ 0 SOA a b 1 1 1 1 1\n${line}`).records()][1]!
const sorted = (zone: Zone.Zone) => text.print(zone).split("\n").toSorted()

describe("in a zone of 20,000 names", () => {
  const large = text.zone("lab.example.", `${head}$GENERATE 1-20000 n$ A 192.0.2.1\n`)
  for (const denial of denials) {
    it(`with ${denial} an update makes the signatures of what it changed, and looks at few other names`, () => {
      const signer = new Signer({ keys, denial })
      const store = new ZoneStore([signer.resign(large, large, now)])
      const edits: ReadonlyArray<readonly [string, (transaction: Transaction) => void, number]> = [
        ["a name is new", (all) => all.add(record("n77x 300 A 192.0.2.2")), 4],
        ["a name is changed", (all) => all.add(record("n500 300 A 192.0.2.2")), 2],
        ["a name is gone", (all) => all.removeAll(Name.fromText("n900.lab.example.")), 2],
        ["a name and the empty one above it are new", (all) => all.add(record("a.b 300 A 192.0.2.2")), 6],
        ["a cut", (all) => all.add(record("n600 300 NS ns.elsewhere.")), 4]
      ]
      for (const [what, change, signatures] of edits) {
        const before = store.get(large.origin)!
        const seen = watch(before)
        signer.edit(store, large.origin, change, now)
        const { added } = store.since(large.origin, before.serial)![0]!
        const made = added.filter(({ type }) => type === "RRSIG").length
        assert.isAtMost(made, signatures, what)
        assert.isAtLeast(made, 1, what)
        // Two dozen steps to find each of a few places in the order; the zone has twenty thousand.
        assert.isBelow(seen.size, 200, what)
      }
    })
  }
})

/** The names of a zone's nodes that anything of is looked at, from now on. */
const watch = (zone: Zone.Zone): ReadonlySet<Zone.Node> => {
  const seen = new Set<Zone.Node>()
  for (const nodes of [zone.nodes, zone.hashes]) {
    for (const node of nodes.values()) {
      for (const field of ["name", "sets", "signatures"] as const) {
        const value = node[field]
        Object.defineProperty(node, field, {
          configurable: true,
          get: () => {
            seen.add(node)
            return value
          }
        })
      }
    }
  }
  return seen
}

describe("a zone that is changed at random", () => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 1e9))
  let state = seed
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const labels = ["a", "b", "c", "*", "zz"]
  const owner = () => Array.from({ length: 1 + random(4) }, () => labels[random(labels.length)]).join(".")
  const kinds = ["A 192.0.2.1", "A 192.0.2.2", "TXT x", "NS ns.elsewhere.", "DS 1 13 2 " + "ab".repeat(32), "DNAME x."]
  const change = (all: Transaction): void => {
    for (let i = random(3); i >= 0; i--) {
      const name = owner()
      if (random(3) === 0) all.removeAll(Name.fromText(`${name}.lab.example.`))
      else if (random(4) === 0) all.removeAll(Name.fromText(`${name}.lab.example.`), [1, 2, 16, 39, 43][random(5)])
      else {
        const added = record(`${name} 300 ${kinds[random(kinds.length)]}`)
        if (added.type === "DNAME") all.removeAll(added.name, 39)
        all.add(added)
      }
    }
  }
  for (const denial of denials) {
    it(`with ${denial} is after each change what it is when all of it is signed (seed ${seed})`, () => {
      const signer = new Signer({ keys, denial })
      const plain = text.zone("lab.example.", head)
      let zone = signer.resign(plain, plain, now)
      for (let i = 0; i < 150; i++) {
        const { zone: changed } = edit(zone, change)
        if (changed === zone || changed.serial === zone.serial) continue
        const part = signer.resign(changed, zone, now)
        const whole = signSync(Zone.make([...changed.records()]), { keys, denial, now })
        assert.deepStrictEqual(sorted(part), sorted(whole), `change ${i}`)
        assert.deepStrictEqual([...part.nodes.keys()].toSorted(), [...whole.nodes.keys()].toSorted(), `change ${i}`)
        // The orders that came along are those that sorting gives.
        const again = new Zone.Zone(part.origin, part.nodes, part.hashes)
        assert.deepStrictEqual(part.sorted, again.sorted)
        assert.deepStrictEqual(part.sortedHashes, again.sortedHashes)
        zone = part
      }
    })
  }
})
