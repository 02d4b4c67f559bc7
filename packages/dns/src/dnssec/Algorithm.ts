/**
 * The signature algorithms of DNSSEC (IANA "DNS Security Algorithm Numbers") by way of `node:crypto`: keys from their form
 * on the wire and back, signing and verifying.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign as signData,
  verify as verifyData
} from "node:crypto"
import * as ecdsa from "./ecdsa.ts"
import * as limits from "./limits.ts"

export const RSASHA1 = 5
export const RSASHA1NSEC3SHA1 = 7
export const RSASHA256 = 8
export const RSASHA512 = 10
export const ECDSAP256SHA256 = 13
export const ECDSAP384SHA384 = 14
export const ED25519 = 15
export const ED448 = 16

interface Kind {
  /** Node's digest; null for the Edwards curves, which have their own. */
  readonly digest: string | null
  /** Octets of a coordinate of the curve, or of the key; undefined for RSA. */
  readonly octets: number | undefined
  readonly curve: string | undefined
  /** Octets of a signature; undefined for RSA, where it is the modulus' length. */
  readonly signatureOctets: number | undefined
}

const rsa = (digest: string): Kind => ({ digest, octets: undefined, curve: undefined, signatureOctets: undefined })

const kinds = new Map<number, Kind>([
  [RSASHA1, rsa("sha1")],
  [RSASHA1NSEC3SHA1, rsa("sha1")],
  [RSASHA256, rsa("sha256")],
  [RSASHA512, rsa("sha512")],
  [ECDSAP256SHA256, { digest: "sha256", octets: 32, curve: "P-256", signatureOctets: 64 }],
  [ECDSAP384SHA384, { digest: "sha384", octets: 48, curve: "P-384", signatureOctets: 96 }],
  [ED25519, { digest: null, octets: 32, curve: "Ed25519", signatureOctets: 64 }],
  [ED448, { digest: null, octets: 57, curve: "Ed448", signatureOctets: 114 }]
])

/** Whether signatures of this algorithm can be checked and made here. */
export const isSupported = (algorithm: number): boolean => kinds.has(algorithm)

/** Algorithms that rest on SHA-1, which new signatures must not be made with (RFC 9905). */
export const isSha1 = (algorithm: number): boolean => algorithm === RSASHA1 || algorithm === RSASHA1NSEC3SHA1

/** The key that is meant by what a DNSKEY holds; undefined when that is no key of this algorithm, or over `limits`. */
export const publicKey = (algorithm: number, octets: Uint8Array): KeyObject | undefined => {
  const kind = kinds.get(algorithm)
  if (kind === undefined) return undefined
  try {
    const jwk = jwkOf(kind, octets)
    return jwk === undefined ? undefined : createPublicKey({ format: "jwk", key: jwk })
  } catch {
    // A point that is not on the curve, a modulus that is none.
    return undefined
  }
}

const jwkOf = (kind: Kind, octets: Uint8Array): JsonWebKey | undefined => {
  const part = (from: number, to: number) => Buffer.from(octets.subarray(from, to)).toString("base64url")
  if (kind.octets !== undefined) {
    if (kind.digest === null) {
      return octets.length === kind.octets ? { kty: "OKP", crv: kind.curve!, x: part(0, kind.octets) } : undefined
    }
    return octets.length === 2 * kind.octets
      ? { kty: "EC", crv: kind.curve!, x: part(0, kind.octets), y: part(kind.octets, 2 * kind.octets) }
      : undefined
  }
  // RFC 3110 2: the exponent's length in one octet, or zero and two.
  const short = octets[0]!
  const [start, length] = short === 0 ? [3, (octets[1]! << 8) | octets[2]!] : [1, short]
  const modulus = octets.length - start - length
  if (!(length >= 1 && length <= limits.rsaExponentOctets)) return undefined
  if (modulus < limits.rsaModulusOctets.min || modulus > limits.rsaModulusOctets.max) return undefined
  return { kty: "RSA", e: part(start, start + length), n: part(start + length, octets.length) }
}

/**
 * Whether the signature is that of the octets; false for one of a wrong length, without any work, and where the system's policy
 * forbids the algorithm (SHA-1 on some).
 */
export const verify = (algorithm: number, key: KeyObject, octets: Uint8Array, signature: Uint8Array): boolean => {
  const kind = kinds.get(algorithm)!
  if (kind.signatureOctets !== undefined && signature.length !== kind.signatureOctets) return false
  try {
    return verifyData(kind.digest, octets, key, isEcdsa(kind) ? ecdsa.toDer(signature) : signature)
  } catch {
    return false
  }
}

/** A signature over octets, by the algorithm's number. */
export const sign = (algorithm: number, key: KeyObject, octets: Uint8Array): Uint8Array => {
  const kind = kinds.get(algorithm)!
  const signature = signData(kind.digest, octets, key)
  return isEcdsa(kind) ? ecdsa.fromDer(signature, kind.signatureOctets!) : signature
}

/** As `sign`, on a thread of libuv's pool, so that the loop goes on and many processors sign. */
export const signLater = (
  algorithm: number,
  key: KeyObject,
  octets: Uint8Array,
  done: (error: Error | null, signature: Uint8Array) => void
): void => {
  const kind = kinds.get(algorithm)!
  if (!isEcdsa(kind)) return signData(kind.digest, octets, key, done)
  signData(kind.digest, octets, key, (error, signature) =>
    done(error, error === null ? ecdsa.fromDer(signature, kind.signatureOctets!) : signature)
  )
}

/** As `verify`, on a thread of libuv's pool. */
export const verifyLater = (
  algorithm: number,
  key: KeyObject,
  octets: Uint8Array,
  signature: Uint8Array,
  done: (holds: boolean) => void
): void => {
  const kind = kinds.get(algorithm)!
  if (kind.signatureOctets !== undefined && signature.length !== kind.signatureOctets) return done(false)
  try {
    verifyData(kind.digest, octets, key, isEcdsa(kind) ? ecdsa.toDer(signature) : signature, (error, holds) =>
      done(error === null && holds)
    )
  } catch {
    done(false)
  }
}

const isEcdsa = (kind: Kind): boolean => kind.curve !== undefined && kind.digest !== null

/** A key pair, as Node holds it. */
export interface Pair {
  readonly privateKey: KeyObject
  /** As a DNSKEY holds it. */
  readonly publicOctets: Uint8Array
}

/** A new pair of keys. `bits` is the modulus of RSA, 2,048 unless told. */
export const generate = (algorithm: number, bits = 2_048): Pair => {
  const kind = kinds.get(algorithm)
  if (kind === undefined) throw new RangeError(`algorithm ${algorithm} is not supported`)
  const pair =
    kind.octets === undefined
      ? generateKeyPairSync("rsa", { modulusLength: bits })
      : kind.digest === null
        ? generateKeyPairSync(kind.curve === "Ed25519" ? "ed25519" : ("ed448" as "ed25519"))
        : generateKeyPairSync("ec", { namedCurve: kind.curve! })
  return { privateKey: pair.privateKey, publicOctets: publicOctets(pair.publicKey) }
}

/** The pair of a private key in PEM text. */
export const fromPem = (pem: string): Pair => {
  const privateKey = createPrivateKey(pem)
  return { privateKey, publicOctets: publicOctets(createPublicKey(privateKey)) }
}

/**
 * The private key of the fields of a `Private-key-format: v1` file, which BIND, Knot, NSD and the RFCs' examples write; with
 * the public half as a DNSKEY holds it. Undefined when they are not a key of that algorithm.
 */
export const privateKey = (
  algorithm: number,
  fields: ReadonlyMap<string, string>,
  publicHalf: Uint8Array
): KeyObject | undefined => {
  const kind = kinds.get(algorithm)
  const jwk = kind === undefined ? undefined : jwkOf(kind, publicHalf)
  if (kind === undefined || jwk === undefined) return undefined
  const names = kind.octets === undefined ? rsaFields : curveFields
  for (const [field, name] of names) {
    const value = fields.get(field)
    if (value === undefined) return undefined
    jwk[name] = Buffer.from(value, "base64").toString("base64url")
  }
  try {
    const key = createPrivateKey({ format: "jwk", key: jwk })
    return Buffer.compare(publicOctets(createPublicKey(key)), publicHalf) === 0 ? key : undefined
  } catch {
    return undefined
  }
}

const curveFields = [["PrivateKey", "d"]] as const

const rsaFields = [
  ["PrivateExponent", "d"],
  ["Prime1", "p"],
  ["Prime2", "q"],
  ["Exponent1", "dp"],
  ["Exponent2", "dq"],
  ["Coefficient", "qi"]
] as const

const publicOctets = (key: KeyObject): Uint8Array => {
  const jwk = key.export({ format: "jwk" })
  const octets = (text: string | undefined) => Buffer.from(text ?? "", "base64url")
  if (jwk.kty === "OKP") return octets(jwk.x)
  if (jwk.kty === "EC") return Buffer.concat([octets(jwk.x), octets(jwk.y)])
  const exponent = octets(jwk.e)
  return Buffer.concat([Uint8Array.of(exponent.length), exponent, octets(jwk.n)])
}
