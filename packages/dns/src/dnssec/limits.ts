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

/** Keys of one zone. More are hostile: no zone has a dozen (BIND's `max-records-per-type` is 100 records of any type). */
export const keysPerZone = 100

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

/** Denials and wildcards kept for aggressive use (RFC 8198), the oldest forgotten. */
export const aggressiveDenials = 10_000

/** Octets of a wildcard's set above which it is not kept for aggressive use: with the bound above 20 MB at most. */
export const aggressiveSetOctets = 2_048

/** RFC 5011 2.4.1: a new key is trusted after having been seen for 30 days. In seconds. */
export const addHoldDown = 30 * 86_400

/** RFC 5011 2.4.2: a revoked key is forgotten after 30 days. In seconds. */
export const removeHoldDown = 30 * 86_400

/** Signatures remembered to hold: 100 octets each, so 5 MB. */
export const signaturesKept = 50_000

/** Seconds for which a signature is made: two weeks, as BIND and Knot have it. */
export const signatureValidity = 14 * 86_400

/** Seconds that signatures begin in the past, since clocks differ. */
export const inceptionOffset = 3_600

/** Seconds between looks at an anchor's keys, and after one that failed (RFC 5011 2.3). */
export const anchorQuery = { min: 3_600, max: 15 * 86_400 } as const
/** Seconds until an anchor whose keys did not come is looked at again (RFC 5011 2.3). */
export const anchorRetry = { min: 3_600, max: 86_400 } as const

/** Iterations of NSEC3 above which a denial is not used again: each look-up hashes every label. RFC 9276 3.1 wants 0. */
export const aggressiveIterations = 10

/**
 * Signatures of a zone that are made or checked at once on libuv's pool. Measured with two processors: 64 give 43,000 of P-256 made and 45,000
 * of RSA checked a second, 256 give 63,000 and 71,000, more no more: the loop is woken once for many. Others wait 10 ms for the pool.
 */
export const inFlight = 256
