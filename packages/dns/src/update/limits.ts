/** Bounds of signed transactions. */

/** Seconds that the clocks of two peers may differ (RFC 8945 10 recommends 300). */
export const tsigFudge = 300

/** Messages without a TSIG between two with one (RFC 8945 5.3.1: at least every 100th has one). */
export const unsignedMessages = 99

/** Seconds a SIG(0) is valid before and after it was made: as much as TSIG's. */
export const sig0Window = 300
/** Keys with one tag tried for one SIG(0). */
export const sig0Keys = 4

/** Milliseconds until an unanswered NOTIFY is sent again, doubled each time (RFC 1996 3.6 says 60 s; servers use less). */
export const notifyTimeout = 1_000

/** Times a NOTIFY is sent (RFC 1996 3.6: 5). */
export const notifyAttempts = 5
