import { Name, TextError } from "@handoff/dns/wire"
import * as Idna from "@handoff/dns/wire/idna"
import { assert, describe, it } from "@effect/vitest"
import { Random } from "./random.ts"

describe("Idna", () => {
  const pairs: ReadonlyArray<readonly [unicode: string, ascii: string, back: string]> = [
    ["bücher.example", "xn--bcher-kva.example.", "bücher.example."],
    ["BÜCHER.Example", "xn--bcher-kva.Example.", "bücher.Example."],
    ["faß.de", "xn--fa-hia.de.", "faß.de."],
    ["παράδειγμα.δοκιμή", "xn--hxajbheg2az3al.xn--jxalpdlp.", "παράδειγμα.δοκιμή."],
    ["例え。テスト", "xn--r8jz45g.xn--zckzah.", "例え.テスト."],
    ["مثال.إختبار", "xn--mgbh0fb.xn--kgbechtv.", "مثال.إختبار."],
    ["_sip._tcp.bücher.example", "_sip._tcp.xn--bcher-kva.example.", "_sip._tcp.bücher.example."],
    ["plain.Example.", "plain.Example.", "plain.Example."]
  ]
  for (const [unicode, ascii, back] of pairs) {
    it(`takes ${unicode} to ${ascii} and back`, () => {
      const name = Idna.toName(unicode)
      assert.strictEqual(Name.toText(name), ascii)
      assert.strictEqual(Idna.toUnicodeText(name), back)
      assert.isTrue(Name.equals(Idna.toName(back), name))
    })
  }

  it("leaves octets as they are: escapes, case, and A-labels that are none", () => {
    for (const text of [
      String.raw`a\.b.\255.x.`,
      "XN--BCHER-KVA\\000.x.",
      "xn--a.x.",
      "xn--bcher-kvb--.",
      "xn--\\255.x."
    ]) {
      const name = Name.fromText(text)
      assert.isTrue(Name.identical(Idna.toName(Idna.toUnicodeText(name)), name), text)
    }
    assert.strictEqual(Idna.toUnicodeText(Name.fromText("xn--a.x.")), "xn--a.x.")
  })

  it("refuses what UTS 46 forbids, and what host names do not have when asked", () => {
    for (const bad of [
      "ä..b",
      "א1ב.a\u05d0b",
      "a\u200db",
      `${"ä".repeat(70)}.x`,
      "ab--ä",
      "-ä",
      "\u0301ä",
      String.raw`ü\032a.x`,
      String.raw`ü\.a`
    ]) {
      assert.throws(() => Idna.toName(bad), TextError, undefined, bad)
    }
    assert.throws(() => Idna.toName("_tcp.bücher", { characters: "host" }), TextError)
    assert.strictEqual(Name.toText(Idna.toName("bücher.example", { characters: "host" })), "xn--bcher-kva.example.")
  })

  it("takes any name to text and back, and any text to a name or an error", () => {
    const random = new Random(3)
    const letters = [
      "a",
      "B",
      "-",
      "xn--",
      "ß",
      "ü",
      "例",
      "א",
      "1",
      ".",
      "\\",
      "\u200d",
      "。",
      "😀",
      "\u0301",
      "_",
      "\\."
    ]
    for (let i = 0; i < 5_000; i++) {
      const text = Array.from({ length: 1 + random.below(8) }, () => random.pick(letters)).join("")
      try {
        const name = Idna.toName(text)
        assert.isTrue(Name.equals(Idna.toName(Idna.toUnicodeText(name)), name), text)
      } catch (error) {
        assert.instanceOf(error, TextError, text)
      }
      const octets = Name.fromLabels([
        Buffer.from(`xn--${random.next().toString(36)}`),
        Uint8Array.from([random.below(256)])
      ])
      assert.isTrue(Name.equals(Idna.toName(Idna.toUnicodeText(octets)), octets), Name.toText(octets))
    }
  })
})
