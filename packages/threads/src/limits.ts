/**
 * Every number of the pool: its default, its range, its unit and the reason. A number marked "guess" was chosen by
 * judgement, not by measurement.
 */

/** Threads at most. Default: one per core that this process may use; more compute no faster. Range 1 to 511. */
export const maxThreadsLimit = 511

/** Threads kept even when idle. 1: the next call after a pause does not pay the 30 ms of a start. Range 0 to max. */
export const minThreads = 1

/**
 * Calls that one thread may have started at a time; more than 1 helps asynchronous functions only. Range 1 to 4,096.
 */
export const callsPerThread = 1

/** Calls waiting to start, at most. 65,536 waiting small calls hold about 20 MB. Range 0 to Infinity. */
export const queueLimit = 65_536

/** Milliseconds that a thread above the minimum stays without work. Guess, as Java's usual minute but shorter. */
export const idleTimeout = 30_000

/** Calls after which a thread is replaced by a fresh one. Infinity: never. Range 1 to Infinity. */
export const recycleAfter = Infinity

/** Milliseconds for a thread to finish its calls and its stop hook when it is retired, before it is terminated. */
export const stopTimeout = 5_000

/** Failed starts in a row, with no thread alive, after which waiting calls are answered `Lost` instead of kept. */
export const startAttempts = 3

/** First delay of the back-off of a crash loop, in milliseconds; it doubles. The first crash is replaced at once. */
export const backoffBase = 100

/** Longest delay of the back-off of a crash loop, in milliseconds. */
export const backoffMost = 10_000

/** Milliseconds of waiting that one unit of priority is worth: this is what keeps low priorities from starving. */
export const priorityWorth = 1_000

/** Keys whose thread is remembered when keys are pinned; the least recently used is forgotten first. */
export const pinnedKeys = 65_536

/** Items of a streamed result that may be on their way before the consumer asks for more. Guess. */
export const streamWindow = 64

/** Chunks per thread into which `map` cuts an array when no chunk size is given: enough to even out slow ones. */
export const chunksPerThread = 8

/** Calls that can be in shared memory at once, per pool; more wait in the pool's own queue. A power of two. */
export const ringSlots = 2_048

/**
 * Octets of arguments, or of a result, that travel in shared memory; larger ones travel by message. Chosen so that a
 * kilobyte fits. Memory is touched only as far as it is used: an idle pool does not pay 2,048 times this.
 */
export const payloadOctets = 2_048

/** Microseconds that one worker at a time looks for the next call before it lets its core go. */
export const spinMicroseconds = 50

/** Microseconds that the main loop keeps turning for the next completion before it may fall asleep. */
export const lingerMicroseconds = 50

/**
 * Milliseconds that an idle thread blocks before it returns to its event loop: waking it is quicker there than from the
 * event loop, and timers or sockets of the user's module wait no longer than this.
 */
export const blockMilliseconds = 5

/** Calls that a thread runs before its event loop gets a turn. */
export const callsPerTurn = 64

/** Completions that the main loop takes in before other events get a turn. */
export const completionsPerTurn = 1_024

/** Calls queued above which another thread is woken although those awake keep up: then it pays for its wake-up. */
export const worthWaking = 128

/** Times that the main loop looks for more completions, after the last that it found, before it ends its turn. */
export const looksPerTurn = 24

/** Times that looking on may be in vain, more often than it pays, before it is given up (`Patience.ts`). Guess. */
export const patienceCredit = 4

/** Once given up, looking on is tried again every so many times: it then costs less than a microsecond a time. */
export const patienceRests = 64
