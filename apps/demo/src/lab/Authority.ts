/**
 * The lab's own certificate authority (RFC 5280). Keys and certificates follow from the seed, octet by octet, but for
 * the days of their validity, which count from today: Ed25519 signatures (RFC 8032) have no chance in them.
 */
import * as Crypto from "node:crypto"
import * as Der from "./der.ts"

/** A certificate and its key, in PEM; what comes after the first certificate is its chain. */
export interface Pair {
  readonly cert: string
  readonly key: string
}

export interface Subject {
  readonly commonName: string
  /** Names that it is for. */
  readonly names: ReadonlyArray<string>
  /** Days from today until it ends, at midnight UTC; negative if that was before. */
  readonly daysLeft: number
}

export interface Authority {
  /** Its own certificate, in PEM: what a client has to trust. */
  readonly cert: string
  readonly issue: (subject: Subject) => Pair
  /** As `issue`, by nobody but itself. */
  readonly selfSigned: (subject: Subject) => Pair
}

/** Days that a certificate of the lab holds in all; long enough that each of them has begun. */
const validDays = 398

export const make = (seed: number, today: Date): Authority => {
  const root = ed25519(material(seed, "authority"))
  const name = `Lab Authority ${seed}`
  const cert = certificate({
    serial: material(seed, "serial of the authority"),
    issuer: name,
    subject: name,
    notBefore: new Date("2020-01-01T00:00:00Z"),
    notAfter: new Date("2120-01-01T00:00:00Z"),
    key: root.publicKey,
    signer: root.privateKey,
    extensions: [
      extension("2.5.29.19", true, Der.sequence(Der.boolean(true))),
      // keyCertSign and cRLSign
      extension("2.5.29.15", true, Der.tagged(0x03, Buffer.of(1, 0x06)))
    ]
  })
  const midnight = Math.floor(today.getTime() / day) * day
  // One key for all: what is surveyed is the certificates.
  const leaf = p256(material(seed, "leaf"))
  const make = (subject: Subject, issuer: string, keys: Keys, signer: Crypto.KeyObject): Pair => {
    const notAfter = midnight + subject.daysLeft * day
    return {
      cert: certificate({
        serial: material(seed, `serial of ${subject.commonName} ${subject.daysLeft}`),
        issuer,
        subject: subject.commonName,
        notBefore: new Date(notAfter - validDays * day),
        notAfter: new Date(notAfter),
        key: keys.publicKey,
        signer,
        extensions: [
          extension(
            "2.5.29.17",
            false,
            Der.sequence(...subject.names.map((name) => Der.tagged(0x82, Buffer.from(name))))
          )
        ]
      }),
      key: keys.privateKey.export({ type: "pkcs8", format: "pem" }) as string
    }
  }
  return {
    cert,
    issue: (subject) => make(subject, name, leaf, root.privateKey),
    selfSigned: (subject) => {
      const own = ed25519(material(seed, subject.commonName))
      return make(subject, subject.commonName, own, own.privateKey)
    }
  }
}

const day = 86_400_000

interface Keys {
  readonly publicKey: Crypto.KeyObject
  readonly privateKey: Crypto.KeyObject
}

/** 32 octets that follow from the seed and a purpose; they begin with a zero bit, so that they are a number as they are. */
export const material = (seed: number, purpose: string): Buffer => {
  const octets = Crypto.createHash("sha256").update(`handoff lab ${seed} ${purpose}`).digest()
  octets[0] = (octets[0]! & 0x7f) | 0x01
  return octets
}

/** An Ed25519 key of its 32 octets (RFC 8410 section 7). */
export const ed25519 = (octets: Buffer): Keys => {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), octets])
  const privateKey = Crypto.createPrivateKey({ key: der, format: "der", type: "pkcs8" })
  return { privateKey, publicKey: Crypto.createPublicKey(privateKey) }
}

/** A P-256 key of its private number. */
export const p256 = (octets: Buffer): Keys => {
  const ecdh = Crypto.createECDH("prime256v1")
  ecdh.setPrivateKey(octets)
  const point = ecdh.getPublicKey()
  const privateKey = Crypto.createPrivateKey({
    key: {
      kty: "EC",
      crv: "P-256",
      d: octets.toString("base64url"),
      x: point.subarray(1, 33).toString("base64url"),
      y: point.subarray(33).toString("base64url")
    },
    format: "jwk"
  })
  return { privateKey, publicKey: Crypto.createPublicKey(privateKey) }
}

const certificate = (parts: {
  readonly serial: Buffer
  readonly issuer: string
  readonly subject: string
  readonly notBefore: Date
  readonly notAfter: Date
  readonly key: Crypto.KeyObject
  readonly signer: Crypto.KeyObject
  readonly extensions: ReadonlyArray<Buffer>
}): string => {
  const algorithm = Der.sequence(Der.oid("1.3.101.112"))
  const body = Der.sequence(
    Der.tagged(0xa0, Der.integer(Buffer.of(2))),
    Der.integer(parts.serial.subarray(0, 16)),
    algorithm,
    name(parts.issuer),
    Der.sequence(Der.time(parts.notBefore), Der.time(parts.notAfter)),
    name(parts.subject),
    parts.key.export({ type: "spki", format: "der" }),
    Der.tagged(0xa3, Der.sequence(...parts.extensions))
  )
  const der = Der.sequence(body, algorithm, Der.bitString(Crypto.sign(null, body, parts.signer)))
  const lines = der.toString("base64").replaceAll(/.{64}(?=.)/g, "$&\n")
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}

/** A name that is a common name alone. */
const name = (words: string): Buffer => Der.sequence(Der.set(Der.sequence(Der.oid("2.5.4.3"), Der.text(words))))

const extension = (oid: string, critical: boolean, value: Buffer): Buffer =>
  Der.sequence(Der.oid(oid), ...(critical ? [Der.boolean(true)] : []), Der.octetString(value))
