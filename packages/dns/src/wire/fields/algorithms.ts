import { digest } from "./digest.ts"
import { enumerated } from "./numbers.ts"

/** DNSSEC algorithm (IANA "DNS Security Algorithm Numbers"): mnemonics are read, the number is printed. */
export const algorithm = enumerated(8, {
  DELETE: 0,
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  ECC: 4,
  RSASHA1: 5,
  "DSA-NSEC3-SHA1": 6,
  DSANSEC3SHA1: 6,
  NSEC3DSA: 6,
  "RSASHA1-NSEC3-SHA1": 7,
  RSASHA1NSEC3SHA1: 7,
  NSEC3RSASHA1: 7,
  RSASHA256: 8,
  RSASHA512: 10,
  "ECC-GOST": 12,
  ECCGOST: 12,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
  SM2SM3: 17,
  "ECC-GOST12": 23,
  INDIRECT: 252,
  PRIVATEDNS: 253,
  PRIVATEOID: 254
})

const digests = { "SHA-1": 1, SHA1: 1, "SHA-256": 2, SHA256: 2, GOST: 3, "SHA-384": 4, SHA384: 4 }

/** Digest of a DS (IANA "DNSSEC Delegation Signer (DS) Resource Record (RR) Type Digest Algorithms"). */
export const digestType = enumerated(8, digests)

/** The digest itself, after its type. */
export const dsDigest = digest({ octets: { 1: 20, 2: 32, 3: 32, 4: 48 }, mnemonics: digests })
