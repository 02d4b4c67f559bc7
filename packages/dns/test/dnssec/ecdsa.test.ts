import { generateKeyPairSync, randomBytes, sign, verify } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Algorithm } from "@handoff/dns/dnssec"

const curves = [
  { algorithm: Algorithm.ECDSAP256SHA256, namedCurve: "P-256", digest: "sha256", half: 32 },
  { algorithm: Algorithm.ECDSAP384SHA384, namedCurve: "P-384", digest: "sha384", half: 48 }
]

describe("ECDSA signatures, R and S of fixed length (RFC 6605 4)", () => {
  for (const { algorithm, namedCurve, digest, half } of curves) {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve })
    const fixed = "ieee-p1363" as const
    // One in 128 has an R or an S with leading zeros.
    it(`of ${namedCurve} are what Node makes and takes in that form, short numbers included`, () => {
      let short = 0
      for (let i = 0; i < 1_500; i++) {
        const octets = randomBytes(40)
        const ours = Algorithm.sign(algorithm, privateKey, octets)
        assert.strictEqual(ours.length, 2 * half)
        if (ours[0] === 0 || ours[half] === 0) short++
        if (i % 5 === 0 || ours[0] === 0 || ours[half] === 0) {
          assert.isTrue(verify(digest, octets, { key: publicKey, dsaEncoding: fixed }, ours))
          assert.isTrue(Algorithm.verify(algorithm, publicKey, octets, ours))
        }
      }
      assert.isAbove(short, 0)
      for (let i = 0; i < 300; i++) {
        const octets = randomBytes(40)
        const theirs = sign(digest, octets, { key: privateKey, dsaEncoding: fixed })
        assert.isTrue(Algorithm.verify(algorithm, publicKey, octets, theirs))
        assert.isFalse(
          Algorithm.verify(algorithm, publicKey, octets, theirs.with(i % theirs.length, theirs[i % theirs.length]! ^ 1))
        )
      }
    })
    it(`of ${namedCurve} may be any octets: zeros, all ones, the top bit; none holds and none throws`, () => {
      for (const fill of [0, 1, 0x7f, 0x80, 0xff]) {
        const signature = new Uint8Array(2 * half).fill(fill)
        assert.isFalse(Algorithm.verify(algorithm, publicKey, new Uint8Array(3), signature))
        assert.isFalse(Algorithm.verify(algorithm, publicKey, new Uint8Array(3), signature.with(0, 0).with(half, 0)))
      }
      assert.isFalse(Algorithm.verify(algorithm, publicKey, new Uint8Array(3), new Uint8Array(2 * half - 1)))
    })
  }
})
