/** Every number of multicast DNS. */

/** IPv4 group and port (RFC 6762 3). */
export const group = "224.0.0.251"
/** The port of multicast DNS (RFC 6762 section 2). */
export const port = 5_353

/** Milliseconds that answers are waited for; a responder with a shared record waits up to 120 ms (RFC 6762 6). */
export const wait = { default: 1_000, min: 10, max: 60_000 } as const

/** Milliseconds until the question is asked again, doubled each time (RFC 6762 5.2: at least one second apart). */
export const interval = 1_000

/** Octets of a question with the answers that are known: one datagram on any link (RFC 6762 17 wants it within the link's MTU). */
export const questionOctets = 1_232

/** Records kept of one question's answers: any host on the link may answer. */
export const records = 1_000
