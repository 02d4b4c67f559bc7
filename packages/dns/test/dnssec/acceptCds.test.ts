/** What a parent accepts of a child, by section of RFC 7344 and RFC 8078. The child's sets are signed by `signSync`. */
import { assert, describe, it } from "@effect/vitest"
import { acceptCds, type CdsOptions, Dnskey, Rrsig, type SignedSet, SigningKey, signSync } from "@handoff/dns/dnssec"
import { Name, ResourceRecord } from "@handoff/dns/wire"
import { RRset, text, types, Zone } from "@handoff/dns/zone"

const now = 1_800_000_000
const zone = Name.fromText("child.example.")
const plain = text.zone("child.example.", "$TTL 60\n@ SOA a b 1 1 1 1 1\n@ NS a\na A 192.0.2.1\n")
const old = SigningKey.generate({ role: "key" })
const next = SigningKey.generate({ role: "key", algorithm: 15 })
const data = SigningKey.generate({ role: "zone" })
const elsewhere = SigningKey.generate({ role: "key" })

const dsOf = (key: SigningKey.SigningKey, type?: number) => Dnskey.dsRdata(zone, key.dnskey, type)
const held = [dsOf(old)]

/** The child's sets when it has these keys and publishes these records. */
const child = (
  keys: ReadonlyArray<SigningKey.SigningKey>,
  wish: { readonly cds?: ReadonlyArray<Uint8Array>; readonly cdnskey?: ReadonlyArray<Uint8Array>; readonly at?: number }
) => {
  const made = (type: number, rdatas: ReadonlyArray<Uint8Array> = []) =>
    rdatas.map((rdata) => RRset.recordOf({ name: zone, type, ttl: 60, rdata }))
  const records = [...plain.records(), ...made(types.CDS, wish.cds), ...made(types.CDNSKEY, wish.cdnskey)]
  return setsOf(signSync(Zone.make(records), { keys, now: wish.at ?? now }))
}

const setsOf = (signed: Zone.Zone) => {
  const of = (type: number): SignedSet | undefined => {
    const set = signed.apex.sets.get(type)
    const signatures = (signed.apex.signatures.get(type) ?? []).map((record) =>
      Rrsig.read(ResourceRecord.dataOctets(record))!
    )
    return set === undefined ? undefined : { set, signatures }
  }
  return { dnskey: of(types.DNSKEY)!, cds: of(types.CDS), cdnskey: of(types.CDNSKEY) }
}

const decide = (sets: ReturnType<typeof child>, options: Partial<CdsOptions> = {}) =>
  acceptCds({ zone, ds: held, now, ...sets, ...options })

/** In a word: what is done, or why nothing is. */
const word = (sets: ReturnType<typeof child>, options: Partial<CdsOptions> = {}) => {
  const decision = decide(sets, options)
  return decision.kind === "refuse" ? decision.reason : decision.kind
}

const replaced = (sets: ReturnType<typeof child>, options: Partial<CdsOptions> = {}) => {
  const decision = decide(sets, options)
  assert.strictEqual(decision.kind, "replace")
  return (decision.kind === "replace" ? decision.ds : []).map((rdata) => Buffer.from(rdata).toString("hex"))
}
const hex = (...rdatas: ReadonlyArray<Uint8Array>) =>
  rdatas.map((rdata) => Buffer.from(rdata).toString("hex")).toSorted()

describe("RFC 7344 4: what is published", () => {
  const both = [old, next, data]
  it("nothing, or what the parent has, changes nothing", () => {
    assert.strictEqual(word(child(both, {})), "keep")
    assert.strictEqual(word(child(both, { cds: held })), "keep")
    assert.strictEqual(word(child(both, { cdnskey: [old.dnskey.rdata] })), "keep")
  })
  it("a roll-over: first both keys, then the new one alone", () => {
    const first = child(both, { cds: [dsOf(old), dsOf(next)] })
    assert.deepStrictEqual(replaced(first), hex(dsOf(old), dsOf(next)))
    const second = child(both, { cds: [dsOf(next)] })
    assert.deepStrictEqual(replaced(second, { ds: [dsOf(old), dsOf(next)] }), hex(dsOf(next)))
  })
  it("of a CDNSKEY the parent makes the DS, with the digests that it wants", () => {
    const asked = child(both, { cdnskey: [next.dnskey.rdata] })
    assert.deepStrictEqual(replaced(asked), hex(dsOf(next)))
    assert.deepStrictEqual(replaced(asked, { digestTypes: [2, 4] }), hex(dsOf(next), dsOf(next, 4)))
  })
  it("both have to say the same", () => {
    const same = child(both, { cds: [dsOf(next), dsOf(next, 4)], cdnskey: [next.dnskey.rdata] })
    assert.deepStrictEqual(replaced(same), hex(dsOf(next), dsOf(next, 4)))
    for (const cdnskey of [[old.dnskey.rdata], [old.dnskey.rdata, next.dnskey.rdata]]) {
      assert.strictEqual(word(child(both, { cds: [dsOf(next)], cdnskey })), "Mismatch")
    }
    const more = { cds: [dsOf(old), dsOf(next)], cdnskey: [next.dnskey.rdata] }
    assert.strictEqual(word(child(both, more)), "Mismatch")
  })
  it("what our own signer publishes is accepted", () => {
    const sets = setsOf(signSync(plain, { keys: [next, old, data], now, childDs: true }))
    assert.deepStrictEqual(replaced(sets), hex(dsOf(old), dsOf(next)))
  })
})

describe("RFC 7344 4.1: location, signer, continuity", () => {
  const asked = child([old, next, data], { cds: [dsOf(next)] })
  it("sets of another name are refused", () => {
    const record = RRset.withName(asked.cds!.set.records[0]!, Name.fromText("x.child.example."))
    const cds = { set: RRset.make([record]), signatures: asked.cds!.signatures }
    assert.strictEqual(word(asked, { cds }), "WrongOwner")
  })
  it("the signer has to be a key of the DS set: another key of the child will not do, nor a key of somebody else", () => {
    const by = (keys: ReadonlyArray<SigningKey.SigningKey>) => child(keys, { cds: [dsOf(next)] }).cds
    assert.strictEqual(word({ ...asked, cds: by([next]) }), "NotSigned")
    assert.strictEqual(word({ ...asked, cds: by([elsewhere]) }), "NotSigned")
    assert.strictEqual(word({ ...asked, cds: { ...asked.cds!, signatures: [] } }), "NotSigned")
    assert.strictEqual(word(asked), "replace")
    // Each of the two is looked at.
    const cdnskey = child([next], { cdnskey: [next.dnskey.rdata] }).cdnskey
    assert.strictEqual(word({ ...asked, cdnskey }), "NotSigned")
  })
  it("the keys have to be signed by a key of the DS set, now", () => {
    assert.strictEqual(word(asked, { ds: [dsOf(elsewhere)] }), "KeysUntrusted")
    assert.strictEqual(word(asked, { dnskey: { ...asked.dnskey, signatures: [] } }), "KeysUntrusted")
    assert.strictEqual(word(asked, { now: now + 30 * 86_400 }), "KeysUntrusted")
    // A DS by SHA-1 counts only while there is no better one (RFC 4509 3).
    assert.strictEqual(word(asked, { ds: [dsOf(old, 1)] }), "replace")
    assert.strictEqual(word(asked, { ds: [dsOf(old, 1), dsOf(elsewhere)] }), "KeysUntrusted")
  })
  it("a key that is revoked vouches for nothing", () => {
    const revoked = SigningKey.withFlags(old, old.dnskey.flags | Dnskey.REVOKE)
    const sets = child([revoked, data], { cds: [dsOf(next)] })
    assert.strictEqual(word(sets, { ds: [dsOf(revoked)] }), "KeysUntrusted")
  })
  it("a DS set that would break the child is refused", () => {
    // A key that is not there; one that does not sign the keys; one of an algorithm of which another is.
    assert.strictEqual(word(child([old, data], { cds: [dsOf(elsewhere)] })), "WouldBreak")
    const standby = Zone.make([
      ...plain.records(),
      RRset.recordOf({ name: zone, type: types.DNSKEY, ttl: 60, rdata: elsewhere.dnskey.rdata }),
      RRset.recordOf({ name: zone, type: types.CDS, ttl: 60, rdata: dsOf(elsewhere) })
    ])
    assert.strictEqual(word(setsOf(signSync(standby, { keys: [old, data], now }))), "WouldBreak")
    assert.strictEqual(word(child([old, data], { cds: [dsOf(old), dsOf(next)] })), "WouldBreak")
    // A second key of an algorithm that is there may come later.
    assert.strictEqual(word(child([old, data], { cds: [dsOf(old), dsOf(elsewhere)] })), "replace")
  })
  it("a DS by SHA-1, or by a digest that is not known, is not made (RFC 8624 3.3)", () => {
    const sets = (...cds: ReadonlyArray<Uint8Array>) => child([old, next, data], { cds })
    const unknown = Uint8Array.from([...dsOf(next).subarray(0, 3), 9, 1, 2, 3])
    assert.strictEqual(word(sets(dsOf(next, 1))), "WouldBreak")
    assert.deepStrictEqual(replaced(sets(dsOf(next), dsOf(next, 1), unknown)), hex(dsOf(next)))
  })
})

describe("RFC 7344 6.2: what was signed before is not taken again", () => {
  it("neither older than what was accepted, nor of the same second; time goes round (RFC 1982)", () => {
    const sets = child([old, next, data], { cds: [dsOf(next)] })
    const first = decide(sets)
    const { inception } = first.kind === "replace" ? first : { inception: -1 }
    assert.strictEqual(inception, sets.cds!.signatures[0]!.inception)
    assert.strictEqual(word(sets, { since: inception - 1 }), "replace")
    for (const since of [inception, inception + 1]) assert.strictEqual(word(sets, { since }), "Stale")
    assert.strictEqual(word(sets, { since: (inception + 0x90000000) % 2 ** 32 }), "replace")
    // What asks for nothing is no replay.
    assert.strictEqual(word(sets, { since: inception, ds: [dsOf(next)] }), "keep")
  })
  it("of CDS and CDNSKEY the older counts", () => {
    const cds = child([old, next, data], { cds: [dsOf(next)] })
    const older = child([old, next, data], { cdnskey: [next.dnskey.rdata], at: now - 600 })
    const decision = decide({ ...cds, cdnskey: older.cdnskey })
    assert.strictEqual(decision.kind === "replace" && decision.inception, older.cdnskey!.signatures[0]!.inception)
  })
})

describe("RFC 8078: first DS, and none any more", () => {
  const none = Uint8Array.of(0, 0, 0, 0, 0)
  const noKey = Uint8Array.of(0, 0, 3, 0, 0)
  it("3: a child without a DS gets none by its own word", () => {
    assert.strictEqual(word(child([old, data], { cds: held }), { ds: [] }), "NoDelegation")
  })
  it("4: algorithm 0 in CDS, CDNSKEY or both deletes, when a key of the DS set says so", () => {
    for (const wish of [{ cds: [none] }, { cdnskey: [noKey] }, { cds: [none], cdnskey: [noKey] }]) {
      assert.strictEqual(word(child([old, data], wish)), "delete")
      assert.strictEqual(word({ ...child([elsewhere], wish), dnskey: child([old, data], {}).dnskey }), "NotSigned")
    }
    const { inception } = child([old, data], { cds: [none] }).cds!.signatures[0]!
    assert.strictEqual(word(child([old, data], { cds: [none] }), { since: inception }), "Stale")
  })
  it("4: it has to be alone, and with just the fields that are mandated", () => {
    const wishes = [
      { cds: [none, dsOf(old)] },
      { cds: [Uint8Array.of(0, 1, 0, 0, 0)] },
      { cds: [Uint8Array.from([0, 0, 0, 2, ...new Uint8Array(32)])] },
      { cds: [Uint8Array.of(0, 0, 0, 0, 0, 0)] },
      { cds: [none], cdnskey: [old.dnskey.rdata] },
      { cds: held, cdnskey: [noKey] },
      { cdnskey: [noKey, old.dnskey.rdata] },
      { cdnskey: [Uint8Array.of(1, 1, 3, 0, 0)] }
    ]
    for (const wish of wishes) assert.strictEqual(word(child([old, data], wish)), "BadDelete")
  })
})
