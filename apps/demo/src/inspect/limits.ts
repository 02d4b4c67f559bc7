/** Every number of inspections: unit, reason. */

/** Octets that a peer may say in all: key exchanges, pages up to their title and chains of certificates are far smaller. */
export const octets = 262_144

/** Octets of a line of a greeting; RFC 5321 section 4.5.3.1.5 has 512, RFC 4253 section 4.2 has 255. */
export const lineOctets = 4_096

/** Lines of one answer, or before the version of an SSH server. */
export const lines = 100

/** Octets of a page that are searched for its title. */
export const pageOctets = 65_536

/** Characters of a title that are kept. */
export const titleCharacters = 200

/** Names of a certificate that are kept; some have hundreds. */
export const certificateNames = 50

/** Octets of an SSH packet (RFC 4253 section 6.1). */
export const packetOctets = 35_000

/** How many times the timeout of one wait a whole conversation may take. */
export const waits = 4
