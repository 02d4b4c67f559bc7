/** Bounds of transfers. */

/** Octets of records in one message of a transfer, before compression: pointers reach 16 KiB, and one message is held. */
export const messageOctets = 16_000

/** Octets of a zone that is taken in, uncompressed, unless told: 256 MiB. */
export const zoneOctets = 256 * 1024 * 1024

/** Differences in one IXFR. A server that has more sends the whole zone. */
export const differences = 10_000

/** Milliseconds in which a peer that sends a zone must send the next octet. */
export const stall = 10_000

/** Milliseconds for a connection to a primary, TLS included. */
export const connect = 5_000

/** Messages read before they are asked for; then the socket is not read any more. */
export const messagesAhead = 64

/** Seconds, as in a SOA, while there is no zone that says them. */
export const withoutZone = { refresh: 60, retry: 60, expire: Infinity } as const

/** Milliseconds between looks at a primary's SOA: never less, whatever its timers say and however often it notifies. */
export const refreshFloor = 1_000
