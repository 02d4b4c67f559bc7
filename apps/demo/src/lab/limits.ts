/** Every number of the lab: default, range, unit, reason. */

/** Hosts; 1 to 10,000. A few hundred are surveyed in seconds and still keep every strategy busy. */
export const hosts = { default: 300, minimum: 1, maximum: 10_000 } as const

/** Any 32-bit number; the network follows from it. */
export const seed = { default: 2005 } as const

/** Milliseconds that the name server takes to answer: a resolver in the same town. */
export const nameLatency = { default: 5, minimum: 0, maximum: 60_000 } as const

/** Port of the name server for those who are told it; 53 needs a private network. */
export const nameServerPort = { default: 5_300, minimum: 0, maximum: 65_535 } as const

/** Milliseconds that a service takes to answer, least and most: from the same rack to another continent. */
export const serviceLatency = { minimum: 2, maximum: 80 } as const

/** Milliseconds of a service that is slow on purpose: under the survey's default timeout, far over everyone else. */
export const slowLatency = 400

/** Seconds after which a service closes a connection on which nothing happens. */
export const idleSeconds = 30

/** Seconds that resolvers may keep an answer. */
export const timeToLive = 60

/**
 * Ports of the services. Above 1,023, so that nothing needs root, and the same everywhere, so that findings do not
 * depend on where the lab runs.
 */
export const ports = { ssh: 2222, smtp: 2525, http: 8080, https: 8443 } as const

/** Second octet of the lab's 127.x.0.0/16 when none is asked for: away from 127.0.0.0/16, which others use. */
export const network = "127.77"

/**
 * Shares of hosts that are broken on purpose. Together about one in nine: enough that each appears in a small lab,
 * few enough that the waiting for silent hosts does not hide the rest.
 */
export const broken = {
  /** The name does not exist. */
  missing: 0.04,
  /** The name server fails for this name. */
  serverFailure: 0.01,
  /** The name exists and nothing listens. */
  refusing: 0.03,
  /** Services accept and never say a word. */
  silent: 0.015,
  /** Services close at once. */
  closing: 0.015,
  /** Services answer late. */
  slow: 0.03
} as const

/** How many times the usual share of hosts may be broken: then about nine in ten are. */
export const mostBroken = 6

/** Percent of datagrams to the name server that may be lost. */
export const loss = { default: 0, minimum: 0, maximum: 90 } as const

/** Share of hosts whose addresses lead back to a name that is not theirs any more. */
export const stale = 0.03

/** TLS contexts kept; each takes about 50 KiB. */
export const contexts = 200

/**
 * Shares of certificates with which something is wrong. Together about one in three: a survey of a few hundred hosts
 * finds some of each.
 */
export const flaws = {
  expired: 0.06,
  /** Ends within a month: still good, but somebody should look. */
  expiring: 0.1,
  "wrong-name": 0.04,
  "self-signed": 0.04,
  /** TLS 1.1 at most. */
  "old-version": 0.04
} as const

/**
 * Listening sockets of one process; a lab that needs more has several. Half of the smallest limit of descriptors that
 * servers usually have (20,000): the other half is for the connections.
 */
export const sockets = 10_000
