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
/** The most that may be asked for: a thread's share of shared memory is made for so many. */
export const callsPerThreadLimit = 4_096

/** Calls waiting to start, at most. 65,536 waiting small calls hold about 20 MB. Range 0 to Infinity. */
export const queueLimit = 65_536

/** Milliseconds that a thread above the minimum stays without work. Guess, as Java's usual minute but shorter. */
export const idleTimeout = 30_000

/** Milliseconds between two looks for idle threads, at least: with an `idleTimeout` of 0 the pool would do nothing else. */
export const idleTimeoutLeast = 10

/** Calls after which a thread is replaced by a fresh one. Infinity: never. Range 1 to Infinity. */
export const recycleAfter = Infinity

/**
 * Milliseconds for a thread to start and for its start hook, before it is terminated and counts as one that did not
 * start. Guess: long enough for a slow database, short enough that calls which wait for it hear of it.
 */
export const startTimeout = 60_000

/** Milliseconds for a thread to finish its calls and its stop hook when it is retired, before it is terminated. */
export const stopTimeout = 5_000

/** Descriptor of the pipe between a worker process and its pool: the first after the standard three. */
export const childPipe = 3

/** Milliseconds for the last messages of a process that has ended: they are in the pipe already. Guess. */
export const lastWords = 1_000

/** Failed starts in a row, with no thread alive, after which waiting calls are answered `Lost` instead of kept. */
export const startAttempts = 3

/** First delay of the back-off of a crash loop, in milliseconds; it doubles. The first crash is replaced at once. */
export const backoffBase = 100

/** Longest delay of the back-off of a crash loop, in milliseconds. */
export const backoffMost = 10_000

/** Milliseconds of waiting that one unit of priority is worth: this is what keeps low priorities from starving. */
export const priorityWorth = 1_000

/** Priority at most, either way: eleven days of waiting. More would never have its turn, or never leave one to others. */
export const priorityMost = 1_000_000

/** Milliseconds between two publications of a pool's figures, at least. Guess. */
export const metricsEveryLeast = 10

/** Keys whose thread is remembered when keys are pinned; the least recently used is forgotten first. */
export const pinnedKeys = 65_536

/** Items of a streamed result that may be on their way before the consumer asks for more. Guess. */
export const streamWindow = 64

/** Chunks per thread into which `map` cuts an array when no chunk size is given: enough to even out slow ones. */
export const chunksPerThread = 8

/**
 * Calls that can be in shared memory at once, per pool; more wait in the pool's own queue. A power of two. Twice as many
 * as the threads may have started, if that is more, up to `ringSlotsMost`: 140 MB of addresses, of memory only what is used.
 */
export const ringSlots = 2_048
/** What `ringSlots` may grow to with many threads and calls per thread. */
export const ringSlotsMost = 65_536

/** Calls of pinned keys that a thread is given ahead of need: as many as it runs before its event loop gets a turn. */
export const inboxMost = 64

/**
 * Octets of arguments, or of a result, that travel in shared memory; larger ones travel by message. Chosen so that a
 * kilobyte fits. Memory is touched only as far as it is used: an idle pool does not pay 2,048 times this.
 */
export const payloadOctets = 2_048

/**
 * Octets of a buffer from which it is copied once and the copy moved, where a structured clone would copy it twice: below,
 * moving costs as much as copying.
 */
export const copiedOctets = 65_536

/** Milliseconds between two looks of a worker at the size of its heap: each costs it a few microseconds. */
export const heapEvery = 250

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

/**
 * Milliseconds within one turn of the main loop in which a worker that has gone to sleep again is not woken for one more
 * call: the calls of a burst come faster than that, and two threads on one core would switch for each of them.
 */
export const wakePause = 0.1

/** Calls queued at which it is woken all the same. Guess. */
export const worthWakingAnew = 16

/**
 * Calls that may be handed off before the main loop starts to look for completions, where a completion comes too late
 * for looking on to pay: then a message wakes it. More of them are a burst. Guess.
 */
export const callsUnseen = 4

/** Times that the main loop looks for more completions, after the last that it found, before it ends its turn. */
export const looksPerTurn = 24

/** Times that looking on may be in vain, more often than it pays, before it is given up (`Patience.ts`). Guess. */
export const patienceCredit = 4

/** Once given up, looking on is tried again every so many times: it then costs less than a microsecond a time. */
export const patienceRests = 64
