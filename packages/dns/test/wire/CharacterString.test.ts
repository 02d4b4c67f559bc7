import { CharacterString, EncodeError } from "@handoff/dns/wire"
import { assert, describe, it } from "@effect/vitest"

describe("CharacterString", () => {
  it("cuts text into strings of 255 octets, and one for no text", () => {
    const text = "ä".repeat(300)
    const chunks = CharacterString.chunk(text)
    assert.deepEqual(
      chunks.map((chunk) => chunk.length),
      [255, 255, 90]
    )
    assert.strictEqual(CharacterString.utf8(Buffer.concat(chunks)), text)
    assert.deepEqual(
      CharacterString.chunk("").map((chunk) => chunk.length),
      [0]
    )
  })

  it("is lossless as text of one character per octet", () => {
    const octets = Uint8Array.from({ length: 256 }, (_, octet) => octet)
    assert.deepEqual(CharacterString.toLatin1(CharacterString.fromLatin1(octets)), octets)
    assert.throws(() => CharacterString.toLatin1("\u0100"), EncodeError)
  })

  it("is lossless in quotes", () => {
    const octets = Uint8Array.from({ length: 256 }, (_, octet) => octet)
    assert.deepEqual(CharacterString.unescapeText(CharacterString.quote(octets).slice(1, -1)), octets)
    for (const bad of ["\\", "\\25", "\\256"]) assert.isUndefined(CharacterString.unescapeText(bad))
    assert.deepEqual(CharacterString.unescapeText("ü€😀"), CharacterString.fromUtf8("ü€😀"))
  })
})
