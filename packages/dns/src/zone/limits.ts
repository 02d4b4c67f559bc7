/** Bounds of zones in memory. */

/** Versions back to which IXFR answers with differences; older clients get the whole zone. A guess: an hour of edits. */
export const journalVersions = 100

/** Records in the differences that are kept of one zone, some 200 octets each: signing a zone anew makes two of each signature. */
export const journalRecords = 500_000

/** Octets of one zone text, 64 MiB: about a million records. Our bound. */
export const zoneTextOctets = 64 * 1024 * 1024
