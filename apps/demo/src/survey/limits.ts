/** Every number of the survey: default, range, unit, reason. */

/** Hosts in work at once; 1 to 10,000. Enough to hide latency, far below a usual limit of 1,024 descriptors. */
export const concurrency = { default: 64, minimum: 1, maximum: 10_000 } as const

/** Milliseconds for a connection, and for each silence in it; 1 to 600,000. Loopback and near networks need far less. */
export const timeout = { default: 2_000, minimum: 1, maximum: 600_000 } as const

/** Octets of one line of a hosts file. A name has at most 253; the rest is ports and comments. */
export const lineOctets = 4_096

/** Octets of a name without its last dot (RFC 1035 section 2.3.4: 255 in wire form). */
export const nameOctets = 253

/** Octets of a label (RFC 1035 section 2.3.4). */
export const labelOctets = 63

/** Characters of a nonsense line that an error message shows. */
export const excerptCharacters = 60

/** Addresses of one host that are reverse-resolved; more are named in the finding but not asked for. */
export const reversed = 8

/** Octets of a greeting or status line; RFC 4253 section 4.2 allows 255, mail servers a few hundred. */
export const greetingOctets = 2_048

/** Octets of a page that are read to find its title; who says more is asked for the status alone. */
export const pageOctets = 262_144

/** Connections to one host at once, and records of it that are asked for at once; 1 to 64. */
export const perHost = { default: 4, minimum: 1, maximum: 64 } as const

/** How often a task is handed off again to an executor that was full, and the milliseconds before the first time. */
export const overloaded = { times: 8, wait: 5 } as const

/**
 * scrypt (RFC 7914) with N = 2^13, r = 8: 8 MiB of memory and roughly 20 ms on a small server. Large enough that doing
 * it inline is felt, small enough that a few hundred hosts take seconds.
 */
export const scrypt = { N: 8_192, r: 8, p: 1 } as const

/** Octets of a fingerprint: among a million different ones, two that are equal by chance are one in 10^27. */
export const fingerprintOctets = 16

/** How a survey is paced: see `Pace`. */
export const pace = {
  /**
   * Milliseconds of a turn of the event loop. A turn that had more to do than `busy` starts one task only; another
   * starts tasks for `starting`. Together they are half of the 20 that a program may well be late; what comes of those
   * that have been started wants the rest.
   */
  turn: { busy: 6, starting: 3 },
  /** Milliseconds that a host is thought to cost the loop before any has ended; a guess. */
  hostMilliseconds: 2,
  /** Hosts that end between two looks at what they cost. */
  measured: 20,
  /** The share of the loop's time that hosts may take; the rest is for the garbage collector and for others. */
  share: 0.9
} as const

/** Findings written to a store at once: a transaction of 100 takes about a millisecond. */
export const batch = 100

/** Milliseconds that a store which another process is writing to is waited for; a transaction takes a few. */
export const storeBusy = 5_000

/** Milliseconds after which a run's holder on another machine, who says every second that it is there, is gone. */
export const holderSilent = 60_000

/** Addresses that a range such as 192.0.2.0/24 may have: an IPv4 /8, an IPv6 /104. More takes months, and is a slip. */
export const rangeAddresses = 16_777_216

/** Octets of a zone file: read whole. */
export const zoneOctets = 268_435_456

/** Seconds, for records of a zone file that state no TTL; a survey does not look at it. */
export const zoneTtl = 3_600

/** Days before its end from which on a certificate is said to expire soon; 0 to 3,650. */
export const soon = { default: 30, minimum: 0, maximum: 3_650 } as const

/** How often a task that failed for now (timeout, try again) is tried again; 0 to 10. */
export const retries = { default: 0, minimum: 0, maximum: 10 } as const
