/** Bounds of signed transactions. */

/** Seconds that the clocks of two peers may differ (RFC 8945 10 recommends 300). */
export const tsigFudge = 300

/** Messages without a TSIG between two with one (RFC 8945 5.3.1: at least every 100th has one). */
export const unsignedMessages = 99

/** Seconds a SIG(0) is valid before and after it was made: as much as TSIG's. */
export const sig0Window = 300
