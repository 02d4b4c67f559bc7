/** The worked examples of the RFCs. */
import { assert, describe, it } from "@effect/vitest"
import { Budget, Dnskey, nsec3Hash, Rrsig, typeBitmap, verify, Zonemd } from "@handoff/dns/dnssec"
import { Name, ResourceRecord, ZoneFile } from "@handoff/dns/wire"
import { RRset, text, types } from "@handoff/dns/zone"

const records = (zone: string) => {
  const parsed = ZoneFile.parse(zone)
  if (parsed instanceof Error) throw parsed
  return parsed
}

describe("signatures", () => {
  const examples = [
    {
      name: "RFC 8080 6.1, Ed25519",
      zone: `example.com. 3600 IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=
example.com. 3600 IN DS 3613 15 2 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b
example.com. 3600 IN MX 10 mail.example.com.
example.com. 3600 IN RRSIG MX 15 2 3600 1440021600 1438207200 3613 example.com. oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==`
    },
    {
      name: "RFC 6605 6.1, ECDSA P-256",
      zone: `example.net. 3600 IN DNSKEY 257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==
example.net. 3600 IN DS 55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17
www.example.net. 3600 IN A 192.0.2.1
www.example.net. 3600 IN RRSIG A 13 3 3600 20100909100439 20100812100439 55648 example.net. qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==`
    }
  ]
  for (const { name, zone } of examples) {
    it(`${name}: the key's tag, its DS and the signature`, () => {
      const all = records(zone)
      const rdata = (type: string) => ResourceRecord.dataOctets(all.find((record) => record.type === type)!)
      const key = Dnskey.read(rdata("DNSKEY"))!
      const ds = Dnskey.readDs(rdata("DS"))!
      const owner = all[0]!.name
      assert.strictEqual(key.tag, ds.keyTag)
      assert.isTrue(Dnskey.matches(owner, ds, key))
      const rrsig = Rrsig.read(rdata("RRSIG"))!
      const set = RRset.make([all[2]!])
      const options = { zone: owner, keys: [key], now: rrsig.inception + 60, budget: new Budget() }
      assert.property(verify(set, [rrsig], options), "key")
      const late = verify(set, [rrsig], { ...options, now: rrsig.expiration + 1 })
      assert.strictEqual("reason" in late && late.reason, "SignatureExpired")
      const bad = { ...rrsig, signature: rrsig.signature.with(5, rrsig.signature[5]! ^ 1) }
      const wrong = verify(set, [bad], options)
      assert.strictEqual("reason" in wrong && wrong.reason, "SignatureInvalid")
    })
  }
  it("RFC 4034 5.4: a DS of SHA-1", () => {
    const [dnskey, ds] =
      records(`dskey.example.com. 86400 IN DNSKEY 256 3 5 AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==
dskey.example.com. 86400 IN DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118`).map(ResourceRecord.dataOctets)
    const key = Dnskey.read(dnskey!)!
    assert.strictEqual(key.tag, 60_485)
    assert.isTrue(Dnskey.matches(Name.fromText("dskey.example.com."), Dnskey.readDs(ds!)!, key))
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
  const simple = (
    digest: string,
    extra = ""
  ) => `example. 86400 IN SOA ns1.example. admin.example. 2018031900 1800 900 604800 86400
example. 86400 IN NS ns1.example.
example. 86400 IN NS ns2.example.
example. 86400 IN ZONEMD 2018031900 1 1 ${digest}
ns1.example. 3600 IN A 203.0.113.63
ns2.example. 3600 IN AAAA 2001:db8::63
${extra}`
  const digest = "c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c"
  it("the simple example", () => {
    assert.deepStrictEqual(Zonemd.check(text.zone("example.", simple(digest))), { status: "right" })
  })
  it("a zone that was changed is wrong, one without a digest says nothing", () => {
    assert.strictEqual(Zonemd.check(text.zone("example.", simple(digest, "x.example. 60 IN TXT x"))).status, "wrong")
    const bare = simple(digest)
      .split("\n")
      .filter((line) => !line.includes("ZONEMD"))
      .join("\n")
    assert.strictEqual(Zonemd.check(text.zone("example.", bare)).status, "none")
  })
})
