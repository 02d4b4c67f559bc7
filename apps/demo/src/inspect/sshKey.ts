/** Host keys as SSH writes them (RFC 4253 section 6.6, RFC 5656, RFC 8332, RFC 8709): read, verified, fingerprinted. */
import * as Crypto from "node:crypto"
import type { HostKey } from "./Inspected.ts"
import { mpint, Reader } from "./sshWire.ts"

/** Kinds of signature that are understood, the best first. */
export const algorithms = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
  "ssh-rsa"
] as const

const curves: Readonly<
  Record<string, { readonly crv: string; readonly hash: string; readonly octets: number; readonly bits: number }>
> = {
  nistp256: { crv: "P-256", hash: "sha256", octets: 32, bits: 256 },
  nistp384: { crv: "P-384", hash: "sha384", octets: 48, bits: 384 },
  nistp521: { crv: "P-521", hash: "sha512", octets: 66, bits: 521 }
}

const rsaHashes: Readonly<Record<string, string>> = {
  "ssh-rsa": "sha1",
  "rsa-sha2-256": "sha256",
  "rsa-sha2-512": "sha512"
}

/** What people compare: the fingerprint that `ssh` and `ssh-keygen -l` show. Throws for a key of no known kind. */
export const describe = (blob: Buffer): HostKey => {
  const key = keyOf(blob)
  return { type: new Reader(blob).string().toString("latin1"), bits: bitsOf(key), fingerprint: fingerprint(blob) }
}

export const fingerprint = (blob: Uint8Array): string =>
  `SHA256:${Crypto.createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`

/** Whether the signature over the octets is the key's, by the algorithm that was agreed on. */
export const verifies = (blob: Buffer, algorithm: string, octets: Uint8Array, signature: Buffer): boolean => {
  const reader = new Reader(signature)
  if (reader.string().toString("latin1") !== algorithm) return false
  const value = reader.string()
  const key = keyOf(blob)
  if (algorithm === "ssh-ed25519") return Crypto.verify(null, octets, key, value)
  const rsaHash = rsaHashes[algorithm]
  if (rsaHash !== undefined) return Crypto.verify(rsaHash, octets, key, value)
  const curve = curves[algorithm.replace("ecdsa-sha2-", "")]
  if (curve === undefined) return false
  const halves = new Reader(value)
  const fixed = Buffer.concat([fill(halves.string(), curve.octets), fill(halves.string(), curve.octets)])
  return Crypto.verify(curve.hash, octets, { key, dsaEncoding: "ieee-p1363" }, fixed)
}

/** An mpint's octets in so many octets. */
const fill = (octets: Buffer, size: number): Buffer => {
  let start = 0
  while (octets.length - start > size && octets[start] === 0) start++
  const digits = octets.subarray(start)
  if (digits.length > size) throw new RangeError("a number too large for its curve")
  return Buffer.concat([Buffer.alloc(size - digits.length), digits])
}

const keyOf = (blob: Buffer): Crypto.KeyObject => {
  const reader = new Reader(blob)
  const type = reader.string().toString("latin1")
  const jwk = (key: Record<string, string>) => Crypto.createPublicKey({ key, format: "jwk" })
  if (type === "ssh-ed25519") return jwk({ kty: "OKP", crv: "Ed25519", x: reader.string().toString("base64url") })
  if (type === "ssh-rsa") {
    const e = reader.string()
    const n = reader.string()
    return jwk({
      kty: "RSA",
      e: e.toString("base64url"),
      n: fill(n, n.length - (n[0] === 0 ? 1 : 0)).toString("base64url")
    })
  }
  const curve = curves[reader.string().toString("latin1")]
  if (curve === undefined || !type.startsWith("ecdsa-sha2-"))
    throw new RangeError(`a host key of an unknown kind: ${type}`)
  const point = reader.string()
  if (point[0] !== 4 || point.length !== 1 + 2 * curve.octets) throw new RangeError("not an uncompressed point")
  return jwk({
    kty: "EC",
    crv: curve.crv,
    x: point.subarray(1, 1 + curve.octets).toString("base64url"),
    y: point.subarray(1 + curve.octets).toString("base64url")
  })
}

const bitsOf = (key: Crypto.KeyObject): number => {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (modulusLength !== undefined) return modulusLength
  return namedCurve === "prime256v1" ? 256 : namedCurve === "secp384r1" ? 384 : namedCurve === "secp521r1" ? 521 : 256
}

/** The signature of a private key as SSH writes it; for servers. */
export const sign = (algorithm: string, octets: Uint8Array, key: Crypto.KeyObject): Buffer => {
  const rsaHash = rsaHashes[algorithm]
  if (algorithm === "ssh-ed25519") return Crypto.sign(null, octets, key)
  if (rsaHash !== undefined) return Crypto.sign(rsaHash, octets, key)
  const curve = curves[algorithm.replace("ecdsa-sha2-", "")]!
  const fixed = Crypto.sign(curve.hash, octets, { key, dsaEncoding: "ieee-p1363" })
  return Buffer.concat([mpint(fixed.subarray(0, curve.octets)), mpint(fixed.subarray(curve.octets))])
}
