/**
 * Every number of validation: what it is, its unit, and where it comes from. Together they bound the work that one answer
 * can cause: see "KeyTrap" (CVE-2023-50387) and the NSEC3 bomb (CVE-2023-50868).
 */

/** Signatures checked for one record set (Unbound's `MAX_VALIDATE_RRSIGS`). */
export const signaturesPerSet = 8

/** Keys tried for one signature: more with one tag do not happen by chance (BIND allows 1 collision, Unbound 4 failures). */
export const keysPerSignature = 4

/** Signatures checked for one question, all zones of its chain together. A chain of 20 zones needs some 60. Our bound. */
export const signaturesPerQuestion = 128

/** DS records tried for one delegation (Unbound's `MAX_DS_MATCH_FAILURES` is 4 failures). */
export const dsPerZone = 8

/** Hashes of NSEC3, iterations counted, for one question: 16 names of 150 iterations. Our bound. */
export const hashesPerQuestion = 2_500

/**
 * Further iterations of NSEC3 above which a zone counts as insecure (RFC 9276 3.2; 150 is what BIND 9.18 and Unbound 1.17
 * took; later releases of BIND take 50).
 */
export const nsec3Iterations = { default: 150, min: 0, max: 2_500 } as const

/** Octets of an RSA modulus: 512 (RFC 3110) to 4,096 bits. */
export const rsaModulusOctets = { min: 64, max: 512 } as const

/** Octets of an RSA exponent. Work grows with it; 65,537 has 3, no key in use has more than 4. */
export const rsaExponentOctets = 8

/** NSEC or NSEC3 records looked at in one message. A denial needs 3; 8 sets of our own bound. */
export const denialsPerMessage = 16

/** Zones whose keys are kept. About 2 KB each. */
export const zonesKept = 10_000

/** Public keys kept ready for use. */
export const keysKept = 4_096

/** Seconds for which a secure or insecure finding is kept at most: a day. */
export const findingTtl = 86_400

/** Seconds for which a bogus finding is kept (RFC 9520: a failure is remembered for some seconds). */
export const bogusTtl = 5

/** Aliases followed in one answer. */
export const aliases = 16

/** Denials kept for aggressive use (RFC 8198), the oldest forgotten. */
export const aggressiveDenials = 10_000

/** RFC 5011 2.4.1: a new key is trusted after having been seen for 30 days. In seconds. */
export const addHoldDown = 30 * 86_400

/** RFC 5011 2.4.2: a revoked key is forgotten after 30 days. In seconds. */
export const removeHoldDown = 30 * 86_400

/** Signatures remembered to hold: 100 octets each, so 5 MB. */
export const signaturesKept = 50_000
