/**
 * Every number of the server.
 *
 * | name | default | range | unit | reason |
 * |---|---|---|---|---|
 * | `udpPayload` | 1,232 | 512 to 4,096 | octets | never fragmented: DNS flag day 2020, RFC 9715 |
 * | `connections` | 1,000 | 1 to 100,000 | | file descriptors |
 * | `connectionIdle` | 10,000 | 0 to 600,000 | ms | RFC 7766 6.2.3: a few seconds |
 * | `responsesPerSecond` | 0 (off) | 0 to 1,000,000 | | for each client network and answer |
 */
export const udpPayload = { default: 1_232, min: 512, max: 4_096 } as const

/** Connections at once. */
export const connections = { default: 1_000, min: 1, max: 100_000 } as const

/** Milliseconds that a connection without a question stays open. */
export const connectionIdle = { default: 10_000, min: 0, max: 600_000 } as const

/** Milliseconds from the first octet of a request over TCP or TLS to its last; then the connection is closed. A guess. */
export const messageTime = 10_000

/** Octets waiting to be read by a TCP peer above which no further query of it is answered, until it has read. */
export const connectionBacklog = 1024 * 1024

/** Milliseconds a peer may leave such a backlog unread before its connection is closed. */
export const connectionStall = 10_000

/** Equal answers to one network in a second. */
export const responsesPerSecond = { default: 0, min: 0, max: 1_000_000 } as const

/** Buckets of the rate limiter; the oldest is forgotten. 100,000 are about 10 MB. A guess. */
export const rateBuckets = 100_000

/** One in so many limited answers is sent truncated instead of dropped, so that a real client can come by TCP (BIND's `slip`). */
export const rateSlip = 2

/** Aliases followed inside one answer. BIND follows 16. */
export const aliases = 16

/** Additional records beside required glue: enough for 13 servers with two addresses each. */
export const additionals = 26

/** Seconds for which a cookie holds, and seconds that it may be ahead (RFC 9018 4.3: an hour, five minutes). */
export const cookieAge = 3_600
/** Seconds that a cookie may be ahead of this clock (RFC 9018 4.3: five minutes). */
export const cookieFuture = 300

/** Responses over TLS are padded to a multiple of so many octets for who pads its queries (RFC 8467 4.1). */
export const padding = 468

/**
 * Further iterations of NSEC3 above which a zone's denials are not made: each takes three hashes or more of as many. 150 is above what
 * BIND 9.18 does not load a zone; RFC 9276 3.1 wants 0.
 */
export const nsec3Iterations = { default: 150, min: 0, max: 65_535 } as const
