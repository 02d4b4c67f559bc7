import { assert, describe, it } from "@effect/vitest"
import { apply, Update } from "@handoff/dns/update"
import { Message, Name, Rcode, type ResourceRecord } from "@handoff/dns/wire"
import { text, Zone, ZoneStore } from "@handoff/dns/zone"

const zone = text.zone(
  "example.",
  `$TTL 300
@ SOA ns hostmaster 7 7200 900 1209600 60
@ NS ns
ns A 192.0.2.53
www A 192.0.2.1
www A 192.0.2.2
alias CNAME www
deep.er A 192.0.2.3
`
)
const records = (lines: string): Array<ResourceRecord.ResourceRecord> =>
  [...text.zone("example.", `@ 0 SOA a b 1 1 1 1 1\n${lines}`).records()].slice(1)
const one = (line: string) => records(line)[0]!
const soa = (serial: number) =>
  text.zone("example.", `@ 60 SOA ns hostmaster ${serial} 7200 900 1209600 60`).soa.records[0]!
const run = (update: Update.Update) => apply(zone, Message.decodeUnsafe(Message.encode(Update.toMessage(update, 1))))
const base = Update.make("example.")
const x = one("x 60 A 192.0.2.9")

describe("prerequisites (RFC 2136 3.2)", () => {
  const cases: ReadonlyArray<readonly [string, Update.Update, number]> = [
    ["a name in use that is", Update.whenExists(base, "www.example."), Rcode.NOERROR],
    ["a name in use that is not", Update.whenExists(base, "nope.example."), Rcode.NXDOMAIN],
    ["an empty non-terminal is not in use", Update.whenExists(base, "er.example."), Rcode.NXDOMAIN],
    ["a set that is", Update.whenExists(base, "www.example.", "A"), Rcode.NOERROR],
    ["a set that is not", Update.whenExists(base, "www.example.", "MX"), Rcode.NXRRSET],
    ["a free name that is not", Update.whenAbsent(base, "www.example."), Rcode.YXDOMAIN],
    ["a free set that is not", Update.whenAbsent(base, "www.example.", "A"), Rcode.YXRRSET],
    ["a set of just these", Update.whenEquals(base, records("www 9 A 192.0.2.2\nwww 9 A 192.0.2.1")), Rcode.NOERROR],
    ["a set of more than these", Update.whenEquals(base, records("www 9 A 192.0.2.1")), Rcode.NXRRSET],
    ["a name elsewhere", Update.whenExists(base, "www.other."), Rcode.NOTZONE],
    ["another zone", Update.make("other."), Rcode.NOTAUTH]
  ]
  for (const [what, update, rcode] of cases) {
    it(`${what}: ${Rcode.nameOf(rcode)}`, () => {
      const outcome = run(Update.add(update, x))
      assert.strictEqual(Rcode.nameOf(outcome.rcode), Rcode.nameOf(rcode))
      assert.strictEqual(outcome.changed !== undefined, rcode === Rcode.NOERROR)
    })
  }
})

describe("changes (RFC 2136 3.4)", () => {
  const after = (update: Update.Update) => {
    const outcome = run(update)
    assert.strictEqual(outcome.rcode, Rcode.NOERROR)
    return outcome.changed === undefined ? undefined : text.print(outcome.changed.zone)
  }
  it("the serial goes up by one, or to what is given", () => {
    assert.match(after(Update.add(base, x))!, / 8 7200 /)
    assert.match(after(Update.add(base, soa(70)))!, / 70 7200 /)
    assert.isUndefined(after(Update.add(base, soa(6))))
  })
  it("what changes nothing makes no version", () => {
    assert.isUndefined(after(Update.add(base, one("www 300 A 192.0.2.1"))))
    assert.isUndefined(after(Update.remove(base, x)))
  })
  it("an alias beside other data is passed over, both ways", () => {
    assert.isUndefined(after(Update.add(base, one("www 60 CNAME ns"))))
    assert.isUndefined(after(Update.add(base, one("alias 60 A 192.0.2.9"))))
    assert.match(after(Update.add(base, one("alias 60 CNAME ns")))!, /alias.example. 60 IN CNAME ns.example./)
  })
  it("the SOA and the last NS stay, whatever is removed", () => {
    const left = text.print(zone)
    assert.isUndefined(after(Update.removeAll(base, "example.", "NS")))
    assert.isUndefined(after(Update.remove(base, one("@ 60 NS ns"))))
    assert.isUndefined(after(Update.removeAll(base, "example.")))
    assert.include(left, "SOA")
  })
  it("a removed name takes the empty names above it along", () => {
    const outcome = run(Update.removeAll(base, "deep.er.example."))
    assert.isFalse(outcome.changed!.zone.nodes.has(Zone.keyOf(Name.fromText("er.example."))))
  })
  it("removes sets, names and single records; a TTL is changed by adding again", () => {
    assert.notInclude(after(Update.removeAll(base, "www.example.", "A"))!, "www.example. 300")
    assert.include(after(Update.remove(base, one("www 60 A 192.0.2.1")))!, "www.example. 300 IN A 192.0.2.2")
    assert.include(after(Update.add(base, one("deep.er 7 A 192.0.2.3")))!, "deep.er.example. 7 IN A 192.0.2.3")
  })
  it("a set has the TTL of the record that was added last, be it more or less", () => {
    for (const ttl of [9, 900]) {
      const printed = after(Update.add(base, one(`www ${ttl} A 192.0.2.9`)))!
      for (const last of [1, 2, 9]) assert.include(printed, `www.example. ${ttl} IN A 192.0.2.${last}`)
      assert.include(printed, "ns.example. 300 IN A 192.0.2.53")
    }
    const twice = after(Update.add(base, one("www 9 A 192.0.2.8"), one("www 900 A 192.0.2.9")))!
    assert.include(twice, "www.example. 900 IN A 192.0.2.8")
  })
  it("any messages of the opcode leave a zone, or nothing", () => {
    const octets = Message.encode(
      Update.toMessage(
        Update.remove(Update.add(Update.whenExists(base, "www.example."), x), one("www 60 A 192.0.2.1")),
        1
      )
    )
    let seed = 7
    const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff) % below
    const store = new ZoneStore([zone])
    let done = 0
    for (let i = 0; i < 5_000; i++) {
      const changed = Uint8Array.from(octets)
      for (let n = random(4); n >= 0; n--) changed[2 + random(octets.length - 2)] = random(256)
      const message = Message.decode(changed)
      if (message instanceof Error) continue
      const outcome = apply(store.get(zone.origin)!, message)
      if (outcome.changed !== undefined) {
        done++
        store.put(outcome.changed.zone, outcome.changed.diff)
      }
    }
    assert.isAbove(done, 0)
    assert.isAbove(store.get(zone.origin)!.apex.sets.size, 1)
  })
})
