/** A secret shared with a peer, for TSIG (RFC 8945). */
import { Name } from "../wire/index.ts"

/** The name of a hash, as in the record. */
export type Algorithm = "hmac-md5" | "hmac-sha1" | "hmac-sha224" | "hmac-sha256" | "hmac-sha384" | "hmac-sha512"

export interface TsigKey {
  readonly name: Name.Name
  readonly algorithm: Algorithm
  readonly secret: Uint8Array
}

/** What Node calls the digest, and the octets of a whole MAC. */
export const digests: { readonly [A in Algorithm]: { readonly digest: string; readonly octets: number } } = {
  "hmac-md5": { digest: "md5", octets: 16 },
  "hmac-sha1": { digest: "sha1", octets: 20 },
  "hmac-sha224": { digest: "sha224", octets: 28 },
  "hmac-sha256": { digest: "sha256", octets: 32 },
  "hmac-sha384": { digest: "sha384", octets: 48 },
  "hmac-sha512": { digest: "sha512", octets: 64 }
}

/** The name that stands for an algorithm in messages (RFC 8945 6). */
export const algorithmNames: { readonly [A in Algorithm]: Name.Name } = {
  "hmac-md5": Name.fromText("hmac-md5.sig-alg.reg.int."),
  "hmac-sha1": Name.fromText("hmac-sha1."),
  "hmac-sha224": Name.fromText("hmac-sha224."),
  "hmac-sha256": Name.fromText("hmac-sha256."),
  "hmac-sha384": Name.fromText("hmac-sha384."),
  "hmac-sha512": Name.fromText("hmac-sha512.")
}

/** A key; the secret may be base64 text, as in BIND's configuration. HMAC-SHA256 unless told. */
export const make = (fields: {
  readonly name: Name.Name | string
  readonly algorithm?: Algorithm
  readonly secret: Uint8Array | string
}): TsigKey => ({
  name: typeof fields.name === "string" ? Name.fromText(fields.name) : fields.name,
  algorithm: fields.algorithm ?? "hmac-sha256",
  secret: typeof fields.secret === "string" ? new Uint8Array(Buffer.from(fields.secret, "base64")) : fields.secret
})
