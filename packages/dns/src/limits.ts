/**
 * Every number of the resolver: default, range where an option changes it, unit, and why. The codec's own bounds are in
 * `wire/limits.ts`.
 */

/** The longest wait for one try, in ms (resolv.conf(5) `timeout:n`, default 5 s, at most 30 s). */
export const timeout = { default: 5_000, min: 1, max: 30_000 } as const

/**
 * Rounds of `timeout`. The life of a question is `timeout * attempts`, whatever the number of servers (resolv.conf(5)
 * `attempts:n`, default 2, at most 5). Within it there may be more tries, since a try is repeated as soon as its server is
 * later than it usually is.
 */
export const attempts = { default: 2, min: 1, max: 5 } as const

/** Sends for one question, hedges and TCP included. Our bound: 9 doublings of 50 ms outlast any `timeout * attempts`. */
export const sendsPerQuestion = 12

/** A retransmission timer is not under this, in ms (Unbound's `RTT_MIN_TIMEOUT`). */
export const minRetransmit = 50

/** The retransmission timer for a server that was never heard, in ms (Unbound's `UNKNOWN_SERVER_NICENESS`). */
export const unknownServerRetransmit = 376

/**
 * The round over all servers from which on every second one is over TCP, for want of any answer over UDP: datagrams may be
 * filtered, and TCP repeats by itself what is lost.
 */
export const tcpAfterRounds = 2

/** Extra sends by hedging, as a share of all questions; a guess that doubles no server's work. */
export const hedgeShare = { default: 0.05, min: 0, max: 1 } as const

/** Hedges that may be saved up for a burst. */
export const hedgeBurst = 20

/** No hedge sooner than this after the first send, in ms: below, the loop's own delay is what is measured. */
export const minHedgeDelay = 10

/** After so many questions every server that was never asked is asked once, so that there is something to compare. */
export const exploreAfter = 10

/** One question in so many tries a server that is not the best known, so that a better one is noticed. */
export const exploreEvery = 50

/** Timeouts in a row after which a server rests. */
export const restAfterTimeouts = 2

/** A resting server is left alone for this long, doubled at each new failure; in ms (RFC 9520 section 3.2: 1 s to 5 min). */
export const rest = { first: 1_000, most: 300_000 } as const

/** Aliases followed for one question (BIND and Unbound stop at 11 to 16). */
export const aliases = 16

/** Octets that a UDP reply may have (RFC 9715: 1232 and no fragments on any path). */
export const udpPayload = { default: 1_232, min: 512, max: 4_096 } as const

/** UDP sockets open at once for one server: each is one more port that a forger must guess among. */
export const udpSocketsPerServer = { default: 4, min: 1, max: 64 } as const

/**
 * Questions sent through one UDP socket before it is retired for one with a new random port. Opening one costs as much as
 * sending twenty; under load this many are gone in less than a tenth of a second, otherwise `udpSocketAge` decides.
 */
export const questionsPerUdpSocket = { default: 1_024, min: 1, max: 32_768 } as const

/** Age at which a UDP socket is retired although it had few questions, in ms. */
export const udpSocketAge = 10_000

/** Questions in flight that one UDP socket may hold, so that ids stay unguessable; more open more sockets. */
export const inFlightPerUdpSocket = 4_096

/**
 * With no more than so many questions in flight over UDP to a server, each leaves at once; above, those of one turn of the
 * event loop leave together at its end. A guess: a handful is too few to be worth a wait, however short.
 */
export const udpAtOnce = 4

/**
 * Questions that leave before the end of a turn of the event loop once they are half of all in flight: at least so many, for
 * fewer are not worth a system call of their own, and never more. Guesses.
 */
export const burst = { least: 16, most: 1_024 } as const

/** Questions in flight on one TCP or TLS connection; more wait in our queue for it (ids are 16 bits). */
export const inFlightPerConnection = 32_768

/** A connection without questions is closed after this, in ms (RFC 7766 section 6.2.3: seconds; the server may say less, RFC 7828). */
export const connectionIdle = { default: 10_000, min: 0, max: 600_000 } as const

/** A connection with questions on which nothing arrives for this long is given up, in ms. */
export const connectionStall = 10_000

/** Octets of unsent questions on a connection above which it is given up: its peer has stopped reading. */
export const connectionBacklog = 4 * 1024 * 1024

/** The time for a connection and its TLS handshake, in ms. */
export const connectTimeout = 5_000

/** Questions in flight at once; more are answered with `Overloaded`. About 1.5 KB each. */
export const outstanding = { default: 200_000, min: 1, max: 1_000_000 } as const

/** The cache's size in octets: what its entries hold, plus `cacheEntryOverhead` each. */
export const cacheOctets = { default: 16 * 1024 * 1024, min: 0, max: 4 * 1024 * 1024 * 1024 } as const

/** What an entry costs beside its message and name, in octets: objects, key and map slot; measured by `dns/resolver`. */
export const cacheEntryOverhead = 850

/** What each of its records costs beside, in octets. */
export const cacheRecordOverhead = 250

/** TTL limits for what is found, in seconds (RFC 8767 section 4 advises at most a week; we keep a day). */
export const cacheTtl = { min: 0, max: 86_400 } as const

/** The longest that "there is no such name or record" is kept, in seconds (RFC 2308 section 5: 1 to 3 hours). */
export const negativeTtl = { min: 0, max: 3_600 } as const

/** A failure to resolve is kept for so long, doubled while it lasts; in ms (RFC 9520 section 3.2: 1 s to 5 min). */
export const failureTtl = { first: 1_000, most: 60_000 } as const

/** How long past its TTL an answer may be served when no server answers, in seconds (RFC 8767 section 5: 1 to 3 days). */
export const staleFor = { default: 86_400, min: 0, max: 604_800 } as const

/** The TTL that a stale answer is given, in seconds (RFC 8767 section 5). */
export const staleTtl = 30

/** How long the client waits for a fresh answer before it gets the stale one, in ms (RFC 8767 section 5). */
export const staleAfter = 1_800

/** An entry that was used at least so often is fetched anew in the last tenth of its TTL. */
export const prefetch = { hits: 3, share: 0.1 } as const

/** How long the other family is waited for when one has answered, in ms (RFC 8305 section 3). */
export const resolutionDelay = 50

/** How long a server is known not to keep the case of a question, in ms. */
export const caseMemory = 86_400_000

/** Types and views at which those without answers are forgotten. */
export const shelves = 256

/** Questions of a bulk resolution in flight at once. */
export const bulkConcurrency = 1_000

/** A reply with more records than this in its answer is refused: 64 KiB hold some 5,000 that say something. */
export const recordsPerReply = 8_192

/** Ways of matching that a NAPTR rule's regexp may have to go through, or it does not apply: some 10 ms at worst. A guess. */
export const naptrWays = 2_000_000

/** NAPTR rules that are looked at: those after so many are not. ENUM and SIP have fewer than ten. */
export const naptrRules = 64
