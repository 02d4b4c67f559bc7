/** Every number of the iterative resolver: what it is, its unit, and where it comes from. */

/** Queries sent for one question, those for the addresses of servers included (Unbound's `max-sent-count` is 32 a name). */
export const queriesPerQuestion = 120

/**
 * Queries sent for one question in all: its proofs, and what is asked again when they fail, included (BIND's `max-query-count` is
 * 200). With it a zone that leads on and on (NXNSAttack and its kin) costs others no more than that for a question.
 */
export const queriesInAll = 250

/** Names of servers looked up within one another: a server's address that needs a server's address (BIND's 7). */
export const depth = 6

/** Names of servers of one zone that are looked up when no address is known (NXNSAttack, CVE-2020-12667; Unbound's 5). */
export const serverNamesPerZone = 5

/** Servers asked for one step, retries included. */
export const asksPerStep = 10

/** Times that one server is asked for one step while it is silent (RFC 9520 3.1: no more than three). */
export const asksPerServer = 3

/** Aliases followed (BIND and Unbound stop at 11 to 16). */
export const aliases = 16

/** Labels that are given one by one (RFC 9156 2.3: `MAX_MINIMISE_COUNT`). */
export const minimisedSteps = 10

/** Records of one referral that are looked at: 13 servers with two addresses each, and some. */
export const recordsPerReferral = 64

/** Milliseconds waited for a server that was never heard (Unbound's `UNKNOWN_SERVER_NICENESS`). */
export const unknownTimeout = 376

/** Least and most milliseconds waited for one answer. */
export const timeout = { min: 150, max: 2_000 } as const

/** Milliseconds that the answer of a server never heard is waited for after an ICMP error about it. A guess. */
export const icmpPatience = 50

/** Milliseconds for which a question is worked on. */
export const questionTimeout = { default: 15_000, min: 100, max: 120_000 } as const

/** Milliseconds for which a server that failed for a zone is asked last (BIND's `lame-ttl` was 10 minutes; we try sooner). */
export const lameFor = 60_000

/** Delegations kept, about 1 KB each, the oldest forgotten. */
export const delegations = 10_000

/** Servers whose times and sockets are kept; the longest unused is forgotten. */
export const servers = 2_000

/** Seconds a delegation is kept at most (RFC 2181 gives no bound; a day, as Unbound's `cache-max-ttl`). */
export const delegationTtl = 86_400

/** How often an answer that fails validation is asked for again, from other servers. */
export const retriesWhenBogus = 2

/** Milliseconds from the start to the first look at the anchors' keys. A guess. */
export const anchorDelay = 60_000

/** Milliseconds until the root is asked again who serves it, when it did not say (RFC 9609 3). */
export const primingRetry = 60_000

/** Questions, and zones, whose failure is remembered: half a KB each. For how long, the resolver's `failureTtl` says (RFC 9520 3.2). */
export const failures = 10_000
