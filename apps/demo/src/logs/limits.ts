/** Every number of `logs`: default, range, unit, reason. */

/**
 * Lookups on their way at once; 1 to 100,000. Linux gives a socket 212,992 octets for what was not read yet and counts
 * at least 768 for a small datagram, so a name server that left its sockets as they were holds 277 questions that come at
 * once, and drops the rest: each is then waited for until it is asked again. With a name server 5 ms away, 256 allow
 * 51,200 a second, more than a process reads answers.
 */
export const lookups = { default: 256, minimum: 1, maximum: 100_000 } as const

/** Octets read at once. */
export const blockOctets = 262_144

/** Blocks read ahead of the one to be written next: while its names are awaited, theirs are asked for. 16 MiB in all. */
export const blocksAhead = 64

/** Octets of a line that are kept to find its address in; the rest of a longer line passes through as it is. */
export const lineOctets = 16_777_216

/** Addresses whose names are remembered; about 150 octets each. The oldest is forgotten first. */
export const remembered = 1_000_000

/** The field with the address, from 1; 1 in every log format of the web servers that we know. */
export const field = { default: 1, minimum: 1, maximum: 1_000 } as const
