/**
 * How many tasks go into one message: pure. The engine's cost is paid for a message (about a millisecond for one of a single
 * task), so tasks travel together; but a message goes to one runner, so what waits is shared out over the runners first.
 *
 * Turned down: sharing out over partitions, of which there are many more than runners: a thousand waiting tasks then
 * travelled three to a message. Turned down too: sizing messages by the measured run time of tasks. A runner runs many at
 * once, so run time says little of how busy it is, and small messages of long tasks cost more than the balance they buy.
 */

/** Messages for each runner of what waits: several, so that a quicker runner gets more and answers overlap with work. */
const rounds = 2

export const batchSize = (options: {
  /** Tasks that wait to be sent. */
  readonly waiting: number
  /** Runners they may go to. */
  readonly runners: number
  /** The largest batch allowed. */
  readonly limit: number
}): number => Math.max(1, Math.min(options.limit, Math.ceil(options.waiting / (options.runners * rounds))))
