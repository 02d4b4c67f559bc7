/** Every number of multicast DNS. */

/** The group of IPv4 (RFC 6762 3). */
export const group = "224.0.0.251"
/** The group of IPv6, on each link (RFC 6762 3). */
export const group6 = "ff02::fb"
/** The port of multicast DNS (RFC 6762 section 2). */
export const port = 5_353

/** Milliseconds that answers are waited for; a responder with a shared record waits up to 120 ms (RFC 6762 6). */
export const wait = { default: 1_000, min: 10, max: 60_000 } as const

/** Milliseconds until the question is asked again, doubled each time (RFC 6762 5.2: at least one second apart). */
export const interval = 1_000

/** Records kept of one question's answers: any host on the link may answer. */
export const records = 1_000

/** Interfaces and families asked at once, each by a socket of its own. A guess: a machine of many containers has more. */
export const links = 64
