/**
 * How many tasks go into one message: pure. The engine's cost is paid for a message (about a millisecond, over the
 * network), so tasks travel together; but a message goes to one runner, so what waits is shared out first.
 *
 * Turned down: sizing messages by the measured run time of tasks. A runner runs many at once, so run time says little of
 * how busy it is, and small messages of long tasks cost more than the balance they buy (measured: half the throughput
 * at 10 ms a task).
 */

/** Rounds in which what waits is shared out: later rounds go where earlier ones were done sooner. */
const rounds = 2

export const batchSize = (options: {
  /** Tasks that wait to be sent. */
  readonly waiting: number
  /** Partitions they may go to. */
  readonly partitions: number
  /** The largest batch allowed. */
  readonly limit: number
}): number => Math.max(1, Math.min(options.limit, Math.ceil(options.waiting / (options.partitions * rounds))))
