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

/** Ports of one host that are talked to at once. */
export const portsAtOnce = 4

/** How often a task is handed off again to an executor that was full, and the milliseconds before the first time. */
export const overloaded = { times: 8, wait: 5 } as const

/**
 * scrypt (RFC 7914) with N = 2^13, r = 8: 8 MiB of memory and roughly 20 ms on a small server. Large enough that doing
 * it inline is felt, small enough that a few hundred hosts take seconds.
 */
export const scrypt = { N: 8_192, r: 8, p: 1, octets: 16 } as const

/** Findings written to a store at once: a transaction of 100 takes about a millisecond. */
export const batch = 100

/** Addresses that a range such as 192.0.2.0/24 may have; more is likely a slip of the pen. */
export const rangeAddresses = 65_536

/** How often a task that failed for now (timeout, try again) is tried again; 0 to 10. */
export const retries = { default: 0, minimum: 0, maximum: 10 } as const
