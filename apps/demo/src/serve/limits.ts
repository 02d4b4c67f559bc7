/** Every number of `serve`: default, range, unit, reason. */

/** Where the page is; 0 for a port that is free. Nothing else is known to use this one. */
export const port = { default: 7_715, minimum: 0, maximum: 65_535 } as const

/** Milliseconds between two samples: fast enough to see a switch, slow enough to cost nothing. */
export const sampleInterval = 500

/** Rows that are shown of one sample's hosts; all of them are in the store. */
export const rowsPerSample = 25

/** Messages kept for readers that are behind: about a minute of a busy survey. */
export const messagesKept = 512

/** Milliseconds of silence after which a comment is sent, so that connections that are gone are noticed. */
export const heartbeat = 15_000

/** Milliseconds after which a browser comes back to a server that has gone. */
export const reconnect = 1_000

/** Octets of a request: a pasted list of some hundred thousand hosts. */
export const bodyOctets = 8 * 1_024 * 1_024

/** Hosts of a pasted list, all addresses of its ranges counted: they are kept in memory, for the passes. */
export const listHosts = 500_000

/** Octets of the token; 32 cannot be guessed. */
export const tokenOctets = 32

/** Runs whose findings stay in the store, and runs that are listed. */
export const runsKept = 20
export const runsListed = 50

/** Milliseconds for a survey to stop by itself before it is ended. */
export const stopMilliseconds = 5_000

/** Milliseconds for connections to end when the server stops. */
export const shutdownMilliseconds = 200
