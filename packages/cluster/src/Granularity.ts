/**
 * How many tasks go into one message: pure. The engine's cost is paid for a message, so small tasks travel together;
 * but tasks that take long are better spread, since a message goes to one runner.
 */

/** Milliseconds of work that one message should carry: a hundred times what the engine spends on it. */
export const targetMillis = 20

export const batchSize = (options: {
  /** Tasks that wait to be sent. */
  readonly waiting: number
  readonly partitions: number
  /** The largest batch allowed. */
  readonly limit: number
  /** Measured run time of a task on a runner, in milliseconds; undefined before the first answer. */
  readonly taskMillis: number | undefined
}): number => {
  const { limit, partitions, taskMillis, waiting } = options
  const spread = Math.ceil(waiting / partitions)
  const wanted =
    taskMillis === undefined ? spread : Math.max(spread, Math.floor(targetMillis / Math.max(taskMillis, 0.01)))
  return Math.max(1, Math.min(limit, waiting, taskMillis === undefined || taskMillis < targetMillis ? wanted : spread))
}

/** A running mean that follows within some dozen answers. */
export const follow = (mean: number | undefined, sample: number): number =>
  mean === undefined ? sample : mean + (sample - mean) / 8
