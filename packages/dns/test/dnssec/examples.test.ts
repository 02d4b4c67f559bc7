/** The worked examples of the RFCs; those of whole responses are in `responses.test.ts`. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import {
  Algorithm,
  Budget,
  Dnskey,
  nsec3Hash,
  Rrsig,
  SigningKey,
  typeBitmap,
  verify,
  Zonemd
} from "@handoff/dns/dnssec"
import { Name, ResourceRecord, ZoneFile } from "@handoff/dns/wire"
import { RRset, types, Zone } from "@handoff/dns/zone"

const records = (zone: string) => {
  const parsed = ZoneFile.parse(zone)
  if (parsed instanceof Error) throw parsed
  return parsed
}

/** The blocks of a file that begin with `# title`. */
const blocks = (file: string) =>
  readFileSync(new URL(`rfc/${file}`, import.meta.url), "utf8")
    .split(/^# /m)
    .slice(1)
    .map((block) => {
      const end = block.indexOf("\n")
      return { title: block.slice(0, end), body: block.slice(end + 1) }
    })

/** ECDSA draws a number by lot: its signatures are never the same again. */
const byLot = new Set<number>([Algorithm.ECDSAP256SHA256, Algorithm.ECDSAP384SHA384])

describe("keys and signatures", () => {
  for (const { title, body } of blocks("signatures.txt")) {
    const at = body.search(/^example\./m)
    const all = records(body.slice(at))
    const rdata = (type: string) => all.filter((record) => record.type === type).map(ResourceRecord.dataOctets)
    const key = Dnskey.read(rdata("DNSKEY")[0]!)!
    const rrsig = Rrsig.read(rdata("RRSIG")[0]!)!
    const zone = all[0]!.name
    const set = RRset.make([all.at(-2)!])
    const options = { zone, keys: [key], now: rrsig.inception + 60, budget: new Budget() }
    it(`${title}: the key has its tag and its DS`, () => {
      assert.strictEqual(key.tag, rrsig.keyTag)
      for (const ds of rdata("DS")) {
        assert.isTrue(Dnskey.matches(zone, Dnskey.readDs(ds)!, key))
        assert.deepStrictEqual(Dnskey.dsRdata(zone, key, ds[3]), Buffer.from(ds))
      }
    })
    it(`${title}: the signature holds, in its time, and no other does`, () => {
      assert.property(verify(set, [rrsig], options), "key")
      const late = verify(set, [rrsig], { ...options, now: rrsig.expiration + 1 })
      assert.strictEqual("reason" in late && late.reason, "SignatureExpired")
      const early = verify(set, [rrsig], { ...options, now: rrsig.inception - 1 })
      assert.strictEqual("reason" in early && early.reason, "SignatureNotYetValid")
      const bad = { ...rrsig, signature: rrsig.signature.with(5, rrsig.signature[5]! ^ 1) }
      const wrong = verify(set, [bad], options)
      assert.strictEqual("reason" in wrong && wrong.reason, "SignatureInvalid")
    })
    it(`${title}: the private key gives ${byLot.has(key.algorithm) ? "one that holds" : "that very signature"}`, () => {
      const signing = SigningKey.fromPrivateFile(body.slice(0, at), key.rdata)!
      const octets = Rrsig.signedOctets({
        head: rrsig.head,
        owner: set.name,
        labels: rrsig.labels,
        type: set.type,
        class: 1,
        originalTtl: rrsig.originalTtl,
        rdatas: set.rdatas
      })
      const signature = Algorithm.sign(key.algorithm, signing.privateKey, octets)
      if (byLot.has(key.algorithm)) assert.property(verify(set, [{ ...rrsig, signature }], options), "key")
      else assert.deepStrictEqual(Buffer.from(signature), Buffer.from(rrsig.signature))
    })
  }
  it("a private key of another DNSKEY, or of another algorithm, is none", () => {
    const [first, , third, fourth] = blocks("signatures.txt").map(({ body }) => body)
    const dnskey = (body: string) =>
      ResourceRecord.dataOctets(records(body.slice(body.search(/^example\./m))).find(({ type }) => type === "DNSKEY")!)
    assert.isDefined(SigningKey.fromPrivateFile(first!, dnskey(first!)))
    assert.isUndefined(SigningKey.fromPrivateFile(first!, dnskey(third!)))
    assert.isUndefined(SigningKey.fromPrivateFile(third!, dnskey(fourth!)))
    const flipped = dnskey(third!)
    assert.isUndefined(SigningKey.fromPrivateFile(third!, flipped.with(9, flipped[9]! ^ 1)))
    assert.isUndefined(SigningKey.fromPrivateFile("no key", dnskey(first!)))
  })
  it("RFC 4034 5.4 and RFC 4509 2.3: a DS of SHA-1, and of SHA-256", () => {
    const [dnskey, ...all] =
      records(`dskey.example.com. 86400 IN DNSKEY 256 3 5 AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==
dskey.example.com. 86400 IN DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
dskey.example.com. 86400 IN DS 60485 5 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A`).map(
        ResourceRecord.dataOctets
      )
    const key = Dnskey.read(dnskey!)!
    assert.strictEqual(key.tag, 60_485)
    for (const ds of all) assert.isTrue(Dnskey.matches(Name.fromText("dskey.example.com."), Dnskey.readDs(ds)!, key))
    assert.strictEqual(all.length, 2)
  })
})

describe("order and sets", () => {
  it("RFC 4034 6.1: the canonical order of names", () => {
    const ordered = [
      "example.",
      "a.example.",
      "yljkjljk.a.example.",
      "Z.a.example.",
      "zABC.a.EXAMPLE.",
      "z.example.",
      "\\001.z.example.",
      "*.z.example.",
      "\\200.z.example."
    ]
    const names = ordered.map((name) => Name.fromText(name))
    assert.deepStrictEqual(names.toReversed().toSorted(Name.compare), names)
  })
  it("RFC 4034 4.3: a set of types", () => {
    const octets = typeBitmap.make([types.A, types.MX, types.RRSIG, types.NSEC, 1234])
    assert.strictEqual(Buffer.from(octets).toString("hex"), `0006400100000003041b${"00".repeat(26)}20`)
    assert.isTrue(typeBitmap.has(octets, 0, 1234))
    assert.isFalse(typeBitmap.has(octets, 0, types.TXT))
  })
})

describe("RFC 5155 appendix A: hashes", () => {
  const parameters = { salt: Uint8Array.of(0xaa, 0xbb, 0xcc, 0xdd), iterations: 12 }
  const hashes = {
    "example.": "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom",
    "a.example.": "35mthgpgcu1qg68fab165klnsnk3dpvl",
    "ai.example.": "gjeqe526plbf1g8mklp59enfd789njgi",
    "ns1.example.": "2t7b4g4vsa5smi47k61mv5bv1a22bojr",
    "ns2.example.": "q04jkcevqvmu85r014c7dkba38o0ji5r",
    "w.example.": "k8udemvp1j2f7eg6jebps17vp3n8i58h",
    "*.w.example.": "r53bq7cc2uvmubfu5ocmm6pers9tk9en",
    "x.w.example.": "b4um86eghhds6nea196smvmlo4ors995",
    "y.w.example.": "ji6neoaepv8b5o6k4ev33abha8ht9fgc",
    "x.y.w.example.": "2vptu5timamqttgl4luu9kg21e0aor3s",
    "xx.example.": "t644ebqk9bibcna874givr6joj62mlhv"
  }
  for (const [name, hash] of Object.entries(hashes)) {
    it(`${name} is ${hash}`, () => {
      assert.strictEqual(nsec3Hash.label(Name.fromText(name), parameters), hash)
      assert.deepStrictEqual(nsec3Hash.toBase32(nsec3Hash.fromBase32(hash.toUpperCase())!), hash)
    })
  }
})

describe("RFC 8976 appendix A: digests of zones", () => {
  const origins: Record<string, string> = { "A.4": "uri.arpa.", "A.5": "root-servers.net." }
  /** Records outside the zone are not part of it (A.2 has one). */
  const zoneOf = (origin: string, source: string) => {
    const parsed = ZoneFile.parse(source, { origin: Name.fromText(origin) })
    if (parsed instanceof Error) throw parsed
    return Zone.make(parsed.filter(({ name }) => Name.isSubdomainOf(name, Name.fromText(origin))))
  }
  const examples = blocks("rfc8976.zones").map(({ title, body }) => ({
    title,
    zone: zoneOf(origins[title.slice(0, 3)] ?? "example.", body)
  }))
  for (const { title, zone } of examples) {
    it(`${title}: is right, and wrong with one record more or less`, () => {
      assert.deepStrictEqual(Zonemd.check(zone), { status: "right" })
      const [record] = records("x. 60 IN TXT x")
      const more = RRset.withName(record!, Name.concat(Name.fromText("x."), zone.origin))
      assert.strictEqual(Zonemd.check(Zone.make([...zone.records(), more])).status, "wrong")
      const without = [...zone.records()].filter(({ type }) => type !== "NS")
      assert.strictEqual(Zonemd.check(Zone.make(without)).status, "wrong")
    })
  }
  it("A.3: both digests of the zone are checked, those of private schemes are passed over", () => {
    const { zone } = examples[2]!
    const digests = zone.apex.sets.get(types.ZONEMD)!.rdatas
    assert.strictEqual(digests.length, 4)
    for (const algorithm of [Zonemd.SHA384, Zonemd.SHA512]) {
      const own = digests.find((rdata) => rdata[4] === 1 && rdata[5] === algorithm)!
      assert.deepStrictEqual(Buffer.from(own), Buffer.from(Zonemd.rdata(zone, algorithm)))
    }
  })
  it("A.4: its signatures hold, that of the digest too", () => {
    const { zone } = examples[3]!
    const keys = zone.apex.sets.get(types.DNSKEY)!.rdatas.map((rdata) => Dnskey.read(rdata)!)
    let held = 0
    for (const node of zone.nodes.values()) {
      for (const [type, list] of node.signatures) {
        const signatures = list.map((record) => Rrsig.read(ResourceRecord.dataOctets(record))!)
        const options = { zone: zone.origin, keys, now: signatures[0]!.inception + 60, budget: new Budget() }
        assert.property(verify(node.sets.get(type)!, signatures, options), "key")
        held++
      }
    }
    assert.strictEqual(held, 14)
  })
  it("a zone without a digest says nothing", () => {
    const bare = [...examples[0]!.zone.records()].filter(({ type }) => type !== "ZONEMD")
    assert.strictEqual(Zonemd.check(Zone.make(bare)).status, "none")
  })
})
