import { assert, describe, it } from "@effect/vitest"
import type { Tls } from "#demo/inspect/Inspected"
import { daysLeft, flaws } from "#demo/survey/flaws"

const now = Date.parse("2026-11-28T12:00:00Z")

const tls = (certificate: Partial<Tls["certificate"]> = {}, rest: Partial<Tls> = {}): Tls => ({
  version: "TLSv1.3",
  cipher: "TLS_AES_128_GCM_SHA256",
  trusted: true,
  ...rest,
  certificate: {
    names: ["a.example"],
    issuer: "An Authority",
    selfSigned: false,
    namesHost: true,
    notBefore: "2026-01-01T00:00:00Z",
    notAfter: "2027-06-01T00:00:00Z",
    key: "RSA 2048",
    sha256: "0",
    ...certificate
  }
})

describe("the flaws of a host's TLS", () => {
  it("are none where all is well", () => {
    assert.deepStrictEqual(flaws(tls(), now, 30), [])
  })

  for (const [flaw, subject] of [
    ["expired", tls({ notAfter: "2026-11-28T11:59:59Z" })],
    ["expires-soon", tls({ notAfter: "2026-12-28T11:59:59Z" })],
    ["not-yet-valid", tls({ notBefore: "2026-11-29T00:00:00Z" })],
    ["wrong-name", tls({ namesHost: false })],
    ["self-signed", tls({ selfSigned: true }, { trusted: false })],
    ["untrusted", tls({}, { trusted: false })],
    ["old-version", tls({}, { version: "TLSv1.1" })]
  ] as const) {
    it(`say ${flaw}, and only that`, () => {
      assert.deepStrictEqual(flaws(subject, now, 30), [flaw])
    })
  }

  it("do not call a certificate ended on its last day", () => {
    const lastDay = tls({ notAfter: "2026-11-28T13:00:00Z" })
    assert.deepStrictEqual(flaws(lastDay, now, 30), ["expires-soon"])
    assert.deepStrictEqual(flaws(lastDay, now, 0), [])
  })

  it("count whole days, down past the end", () => {
    assert.strictEqual(daysLeft(tls({ notAfter: "2026-11-29T12:00:00Z" }), now), 1)
    assert.strictEqual(daysLeft(tls({ notAfter: "2026-11-29T11:59:59Z" }), now), 0)
    assert.strictEqual(daysLeft(tls({ notAfter: "2026-11-28T11:59:59Z" }), now), -1)
    assert.deepStrictEqual(flaws(tls({ notAfter: "2026-12-28T12:00:00Z" }), now, 30), [])
  })
})
