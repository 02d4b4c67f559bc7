import { DecodeError, Name, TextError } from "@handoff/dns/wire"
import { assert, describe, it } from "@effect/vitest"
import { Random } from "./random.ts"

describe("Name", () => {
  it("keeps case and compares without it (RFC 4343)", () => {
    const name = Name.fromText("WwW.ExAmple.ORG")
    assert.strictEqual(Name.toText(name), "WwW.ExAmple.ORG.")
    assert.isTrue(Name.equals(name, Name.fromText("www.example.org.")))
    assert.isFalse(Name.identical(name, Name.fromText("www.example.org.")))
    assert.strictEqual(Name.key(name), Name.key(Name.fromText("www.EXAMPLE.org")))
  })

  it("folds ASCII letters only", () => {
    assert.isFalse(Name.equals(Name.fromText("\\091.a"), Name.fromText("\\123.a")))
    assert.isFalse(Name.equals(Name.fromText("\\200.a"), Name.fromText("\\232.a")))
  })

  it("holds dots and any octet inside a label", () => {
    const labels = [Uint8Array.from([0x61, 0x2e, 0x62]), Uint8Array.from([0, 0x20, 0x5c, 0x22, 0xff])]
    const name = Name.fromLabels(labels)
    assert.strictEqual(Name.toText(name), String.raw`a\.b.\000\032\\\"\255.`)
    assert.deepEqual(Name.labels(name), labels)
    assert.isTrue(Name.identical(name, Name.fromText(Name.toText(name))))
    assert.strictEqual(Name.countLabels(name), 2)
  })

  it("orders as the example of RFC 4034 6.1 does", () => {
    const ordered = [
      "example.",
      "a.example.",
      "yljkjljk.a.example.",
      "Z.a.example.",
      "zABC.a.EXAMPLE.",
      "z.example.",
      String.raw`\001.z.example.`,
      "*.z.example.",
      String.raw`\200.z.example.`
    ].map((text) => Name.fromText(text))
    for (let seed = 1; seed <= 20; seed++) {
      const random = new Random(seed)
      const shuffled = ordered
        .map((name) => [random.next(), name] as const)
        .toSorted((a, b) => a[0] - b[0])
        .map(([, name]) => name)
      assert.deepEqual(shuffled.toSorted(Name.compare).map(Name.toText), ordered.map(Name.toText))
    }
    assert.strictEqual(Name.compare(Name.fromText("A.b."), Name.fromText("a.B.")), 0)
  })

  it("is refused over 255 octets, over 63 in a label, or with an empty label", () => {
    const label = "x".repeat(63)
    const longest = `${label}.${label}.${label}.${"x".repeat(61)}.`
    assert.strictEqual(Name.fromText(longest).octets.length, 255)
    assert.strictEqual(Name.fromText(longest.slice(0, -1)).octets.length, 255)
    for (const bad of [
      `x${longest}`,
      `${longest.slice(0, -1)}x`,
      `${"x".repeat(64)}.`,
      "a..b",
      ".a",
      "",
      "a b",
      "ä",
      "\\25",
      "\\256",
      "a\\"
    ]) {
      assert.throws(() => Name.fromText(bad), TextError)
    }
    const many = "a.".repeat(127)
    assert.strictEqual(Name.countLabels(Name.fromText(many)), 127)
    assert.throws(() => Name.fromText(`a.${many}`), TextError)
    assert.throws(() => Name.fromText("a".repeat(60), Name.fromText(`${label}.${label}.${label}.a`)), TextError)
  })

  it("takes its origin, and prints relative to it", () => {
    const origin = Name.fromText("example.org.")
    assert.strictEqual(Name.toText(Name.fromText("www", origin)), "www.example.org.")
    assert.strictEqual(Name.toText(Name.fromText("www.", origin)), "www.")
    assert.strictEqual(Name.fromText("@", origin), origin)
    assert.strictEqual(Name.toTextRelative(Name.fromText("a.b.EXAMPLE.org"), origin), "a.b")
    assert.strictEqual(Name.toTextRelative(origin, origin), "@")
    assert.strictEqual(Name.toTextRelative(Name.fromText("other."), origin), "other.")
    assert.strictEqual(Name.toTextRelative(Name.fromText("other."), Name.root), "other")
    assert.strictEqual(Name.toTextRelative(Name.root, Name.root), "@")
  })

  it("knows parents, subdomains and wildcards", () => {
    const name = Name.fromText("*.a.example")
    assert.isTrue(Name.isWildcard(name))
    assert.isTrue(Name.isSubdomainOf(name, Name.fromText("A.Example")))
    assert.isTrue(Name.isSubdomainOf(name, Name.root))
    assert.isTrue(Name.isSubdomainOf(name, name))
    assert.isFalse(Name.isSubdomainOf(name, Name.fromText("ample")))
    assert.isFalse(Name.isSubdomainOf(Name.fromText("a.example"), name))
    assert.strictEqual(Name.toText(Name.parent(name)), "a.example.")
    assert.strictEqual(Name.parent(Name.root), Name.root)
    assert.strictEqual(Name.toText(Name.concat(Name.fromText("x.y"), Name.fromText("z"))), "x.y.z.")
    assert.strictEqual(Name.toText(Name.toLowerCase(Name.fromText("A.b"))), "a.b.")
  })

  it("comes from octets only when they are one name", () => {
    assert.strictEqual(Name.toText(Name.fromOctets(Uint8Array.from([1, 0x61, 0]))), "a.")
    for (const bad of [[], [1, 0x61], [1, 0x61, 0, 0], [0xc0, 0], [64, ...Array<number>(64).fill(97), 0]]) {
      assert.throws(() => Name.fromOctets(Uint8Array.from(bad)), DecodeError)
    }
  })

  it("is the same after text and back, for random octets", () => {
    const random = new Random(7)
    for (let i = 0; i < 2_000; i++) {
      const labels = Array.from({ length: random.below(6) }, () =>
        Uint8Array.from({ length: 1 + random.below(20) }, () => random.below(256))
      )
      const name = Name.fromLabels(labels)
      assert.isTrue(Name.identical(Name.fromText(Name.toText(name)), name))
      assert.isTrue(Name.identical(Name.fromOctets(name.octets), name))
    }
  })
})
