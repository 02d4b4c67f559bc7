/**
 * SSH's first packets (RFC 4253 sections 6, 7 and 8), before anything is encrypted: what both ends of a key exchange
 * need. Pure.
 */
import * as Crypto from "node:crypto"

/** Message numbers (RFC 4250 section 4.1.2). */
export const message = {
  disconnect: 1,
  ignore: 2,
  debug: 4,
  kexInit: 20,
  newKeys: 21,
  kexdhInit: 30,
  kexdhReply: 31
} as const

const uint32 = (value: number): Buffer => {
  const octets = Buffer.alloc(4)
  octets.writeUInt32BE(value)
  return octets
}

export const string = (octets: Uint8Array | string): Buffer => {
  const data = Buffer.from(octets as Uint8Array)
  return Buffer.concat([uint32(data.length), data])
}

/** A natural number: without leading zeros, but with one where the first bit would make it negative (RFC 4251 section 5). */
export const mpint = (octets: Uint8Array): Buffer => {
  let start = 0
  while (start < octets.length && octets[start] === 0) start++
  const digits = octets.subarray(start)
  return string(digits.length > 0 && digits[0]! >= 128 ? Buffer.concat([Buffer.of(0), digits]) : digits)
}

/** A payload as a packet: padded to a multiple of eight octets, at least four of them padding. */
export const packet = (payload: Uint8Array): Buffer => {
  const padding = 4 + ((8 - ((payload.length + 9) % 8)) % 8)
  return Buffer.concat([uint32(payload.length + padding + 1), Buffer.of(padding), payload, Crypto.randomBytes(padding)])
}

/** Reads a payload in order; throws `RangeError` where it ends too early. */
export class Reader {
  private at: number
  private readonly octets: Buffer

  constructor(octets: Buffer, at = 0) {
    this.octets = octets
    this.at = at
  }

  string(): Buffer {
    const length = this.octets.readUInt32BE(this.at)
    const end = this.at + 4 + length
    if (end > this.octets.length) throw new RangeError(`a string of ${length} octets does not fit`)
    const string = this.octets.subarray(this.at + 4, end)
    this.at = end
    return string
  }

  names(): ReadonlyArray<string> {
    return this.string().toString("latin1").split(",")
  }
}

/** What an end can do, the best first; the lists of both directions are the same. */
export interface Offer {
  readonly kex: ReadonlyArray<string>
  readonly hostKeys: ReadonlyArray<string>
}

/** Nothing is ever encrypted here, but a server wants to hear what it could be. */
const ciphers =
  "chacha20-poly1305@openssh.com,aes128-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-cbc,3des-cbc"
const macs = "hmac-sha2-256-etm@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1"

export const kexInit = ({ hostKeys, kex }: Offer): Buffer =>
  Buffer.concat([
    Buffer.of(message.kexInit),
    Crypto.randomBytes(16),
    ...[kex.join(","), hostKeys.join(","), ciphers, ciphers, macs, macs, "none", "none", "", ""].map(string),
    Buffer.of(0),
    uint32(0)
  ])

/** The offer in a KEXINIT. */
export const readOffer = (payload: Buffer): Offer => {
  const reader = new Reader(payload, 17)
  return { kex: reader.names(), hostKeys: reader.names() }
}

/** The first of the client's that the server has (RFC 4253 section 7.1). */
export const agree = (client: ReadonlyArray<string>, server: ReadonlyArray<string>): string | undefined =>
  client.find((name) => server.includes(name))

/** An end's half of an exchange of keys: what it shows, and what both have once it has seen the other's. */
export interface Half {
  /** As it stands in KEXDH_INIT and KEXDH_REPLY: a string or an mpint, with its length. */
  readonly shown: Buffer
  readonly hash: string
  /** The shared secret as an mpint; throws where the other half is nonsense. */
  readonly secret: (other: Buffer) => Buffer
  /** The other half as it goes into the exchange hash. */
  readonly written: (other: Buffer) => Buffer
}

/** Methods of key exchange, the best first (RFC 8731, RFC 5656, RFC 8268, RFC 4253 section 8). */
export const exchanges: Readonly<Record<string, () => Half>> = {
  "curve25519-sha256": () => x25519(),
  "curve25519-sha256@libssh.org": () => x25519(),
  "ecdh-sha2-nistp256": () => ecdh("prime256v1", "sha256"),
  "ecdh-sha2-nistp384": () => ecdh("secp384r1", "sha384"),
  "ecdh-sha2-nistp521": () => ecdh("secp521r1", "sha512"),
  "diffie-hellman-group16-sha512": () => modp("modp16", "sha512"),
  "diffie-hellman-group14-sha256": () => modp("modp14", "sha256"),
  "diffie-hellman-group14-sha1": () => modp("modp14", "sha1")
}

const x25519 = (): Half => {
  const { privateKey, publicKey } = Crypto.generateKeyPairSync("x25519")
  const raw = (publicKey.export({ format: "der", type: "spki" }) as Buffer).subarray(-32)
  return {
    shown: string(raw),
    hash: "sha256",
    secret: (other) => mpint(Crypto.diffieHellman({ privateKey, publicKey: x25519Key(other) })),
    written: string
  }
}

const x25519Key = (raw: Buffer): Crypto.KeyObject => {
  if (raw.length !== 32) throw new RangeError(`an X25519 key of ${raw.length} octets`)
  return Crypto.createPublicKey({ key: { kty: "OKP", crv: "X25519", x: raw.toString("base64url") }, format: "jwk" })
}

const ecdh = (curve: string, hash: string): Half => {
  const keys = Crypto.createECDH(curve)
  return {
    shown: string(keys.generateKeys()),
    hash,
    secret: (other) => mpint(keys.computeSecret(other)),
    written: string
  }
}

const modp = (group: string, hash: string): Half => {
  const keys = Crypto.getDiffieHellman(group)
  return {
    shown: mpint(keys.generateKeys()),
    hash,
    secret: (other) => mpint(keys.computeSecret(other)),
    written: mpint
  }
}

/** What the server signs: all that both have said, and the secret (RFC 4253 section 8). */
export const exchangeHash = (said: {
  readonly hash: string
  readonly clientVersion: string
  readonly serverVersion: string
  readonly clientInit: Buffer
  readonly serverInit: Buffer
  readonly hostKey: Buffer
  /** With their lengths. */
  readonly clientShown: Buffer
  readonly serverShown: Buffer
  readonly secret: Buffer
}): Buffer =>
  Crypto.createHash(said.hash)
    .update(string(said.clientVersion))
    .update(string(said.serverVersion))
    .update(string(said.clientInit))
    .update(string(said.serverInit))
    .update(string(said.hostKey))
    .update(said.clientShown)
    .update(said.serverShown)
    .update(said.secret)
    .digest()
