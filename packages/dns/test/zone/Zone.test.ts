import { assert, describe, it } from "@effect/vitest"
import { Name } from "@handoff/dns/wire"
import { applyDiff, check, Diff, edit, Serial, text, Transaction, Zone, ZoneError, ZoneStore } from "@handoff/dns/zone"
import { lab } from "../server/support/zones.ts"

const origin = Name.fromText("lab.example.")
const record = (line: string) => [...text.zone("lab.example.", `@ 0 SOA a b 1 1 1 1 1\n${line}`).records()][1]!
const reason = (make: () => unknown) => {
  try {
    make()
  } catch (error) {
    return error instanceof ZoneError ? error.reason : String(error)
  }
  return "none"
}

describe("a zone", () => {
  it("printed and read again is the same", () => {
    assert.strictEqual(text.print(text.zone("lab.example.", text.print(lab))), text.print(lab))
  })
  it("is refused with the reason and, for text, the line", () => {
    const soa = "@ 60 SOA a b 1 1 1 1 1\n"
    assert.strictEqual(
      reason(() => text.zone("x.", "@ 60 NS a")),
      "NoSoa"
    )
    assert.strictEqual(
      reason(() => text.zone("x.", `${soa}@ 60 SOA a b 2 1 1 1 1`)),
      "ManySoa"
    )
    assert.strictEqual(
      reason(() => text.zone("x.", `${soa}y.z. 60 A 192.0.2.1`)),
      "OutOfZone"
    )
    assert.strictEqual(
      reason(() => text.zone("x.", `${soa}a 60 CNAME b\na 60 A 192.0.2.1`)),
      "CnameAndOther"
    )
    assert.strictEqual(
      reason(() => text.zone("x.", `${soa}a 60 DNAME b\na 60 DNAME c`)),
      "ManyDname"
    )
    try {
      text.zone("x.", `${soa}a 60 A 192.0.2.300`)
      assert.fail("read")
    } catch (error) {
      assert.match((error as Error).message, /^2:8/)
    }
  })
  it("keeps a version while another is made, and shares what was not touched", () => {
    const { zone, diff } = edit(lab, (transaction) => {
      transaction.add(record("new 60 A 192.0.2.1"))
      transaction.removeAll(Name.fromText("a.b.c.lab.example."))
    })
    assert.strictEqual(zone.serial, 8)
    assert.strictEqual(lab.serial, 7)
    assert.strictEqual(diff.added.length + diff.removed.length, 4)
    const key = Zone.keyOf(Name.fromText("host.lab.example."))
    assert.strictEqual(zone.nodes.get(key), lab.nodes.get(key))
    assert.isFalse(zone.nodes.has(Zone.keyOf(Name.fromText("c.lab.example."))))
    assert.deepStrictEqual(Diff.between(lab, zone).added.length, diff.added.length)
    assert.strictEqual(text.print(applyDiff(lab, diff)), text.print(zone))
  })
  it("is left as it was by a transaction that fails", () => {
    const store = new ZoneStore([lab])
    assert.strictEqual(
      reason(() => store.edit(origin, (edit) => edit.add(record("host 60 CNAME www")))),
      "CnameAndOther"
    )
    assert.strictEqual(
      reason(() => store.edit(origin, (edit) => edit.setSerial(3).add(record("new 60 A 192.0.2.1")))),
      "Serial"
    )
    assert.strictEqual(store.get(origin), lab)
  })
  it("many random edits give what making the zone anew gives", () => {
    let seed = 11
    const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff) % below
    const labels = ["a", "b", "c", "d.a", "e.d.a", "f.b", "*.c", "g.*.c"]
    let zone = text.zone("lab.example.", "@ 60 SOA a b 1 1 1 1 1\n@ 60 NS ns")
    for (let i = 0; i < 300; i++) {
      const transaction = new Transaction(zone)
      for (let n = random(3); n >= 0; n--) {
        const label = labels[random(labels.length)]!
        if (random(2) === 0) transaction.add(record(`${label} 60 A 192.0.2.${random(4)}`))
        else transaction.removeAll(Name.fromText(`${label}.lab.example.`))
      }
      zone = transaction.commit().zone
      const anew = Zone.make([...zone.records()])
      assert.deepStrictEqual([...zone.nodes.keys()].toSorted(), [...anew.nodes.keys()].toSorted())
    }
  })
})

describe("what is worth a warning", () => {
  it("servers without addresses, aliases to nothing, data below cuts", () => {
    const zone = text.zone(
      "lab.example.",
      `$TTL 60
@ SOA ns b 1 1 1 1 1
@ NS gone
@ MX 10 alias
alias CNAME nowhere
child NS ns.child
below.child TXT "hidden"
`
    )
    assert.deepStrictEqual(
      check(zone)
        .map(({ kind }) => kind)
        .toSorted(),
      ["DanglingAlias", "HiddenByCut", "ServerWithoutAddress", "ServerWithoutAddress", "TargetIsAlias"]
    )
    assert.deepStrictEqual(
      check(lab).map(({ kind }) => kind),
      []
    )
  })
})

describe("serials (RFC 1982)", () => {
  it("wrap around, and halfway there is no order", () => {
    assert.isTrue(Serial.isAfter(1, 0xffffffff))
    assert.isFalse(Serial.isAfter(0x80000000, 0))
    assert.isFalse(Serial.isAfter(0, 0x80000000))
    assert.strictEqual(Serial.next(0xffffffff), 1)
    assert.strictEqual(Serial.atLeast(2026112300, 7), 2026112300)
    assert.strictEqual(Serial.atLeast(3, 7), 8)
  })
})
