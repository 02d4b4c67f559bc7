/** Every bound of the codec: what it is, its unit, and where it comes from. None can be raised: they are the protocol's. */

/** Octets of a name on the wire, length octets and root included (RFC 1035 2.3.4). */
export const nameOctets = 255

/** Octets of a label (RFC 1035 2.3.4). */
export const labelOctets = 63

/** Octets of a character string (RFC 1035 3.3). */
export const stringOctets = 255

/** Octets of a message: what the two octet length of TCP can say (RFC 1035 4.2.2). */
export const messageOctets = 65_535

/** Octets of the fixed header (RFC 1035 4.1.1). */
export const headerOctets = 12

/** Octets of the shortest record: the root, type, class, TTL and no data (RFC 1035 4.1.3). */
export const recordOctets = 11

/** Highest offset that a compression pointer can name, plus one (RFC 1035 4.1.4: 14 bits). */
export const pointerReach = 0x4000

/**
 * Compression pointers followed for one name. A name has at most 127 labels, so one that needs more has pointers to
 * pointers. Our own bound: no encoder comes near it.
 */
export const pointersPerName = 127

/**
 * Labels and pointers looked at while one message is checked. The most that an honest 64 KB of records needs is some
 * 170,000 (reverse names of IPv6, 34 labels behind one pointer, 16 octets a record); without this bound 64 KB of pointers
 * to one long name costs 4 million. Our own bound, so that time stays linear.
 */
export const stepsPerMessage = 300_000

/**
 * Characters that one `$GENERATE` may write. A usual one writes some 60 a record, 4 million for the most records allowed.
 * Our own bound: a line of 50 KB would otherwise ask for gigabytes.
 */
export const generatedCharacters = 16_777_216
