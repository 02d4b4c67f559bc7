/** Every number of the strategy: default, range, unit, reason. */
import type { Setting } from "@handoff/core"

export const limits = {
  /** Entities that tasks are spread over. */
  partitions: {
    default: 64,
    min: 1,
    max: 65_536,
    unit: "entities",
    reason:
      "several for each runner, so that losing one spreads its work evenly; each costs memory on its runner while it is busy"
  },
  /** Tasks in one message of volatile kinds. */
  batch: {
    default: 256,
    min: 1,
    max: 4_096,
    unit: "tasks",
    reason:
      "a message of one task costs about a millisecond, both ends together; of empty tasks 1,024 cost 0.7 of what 256 do, but four times as many then wait with runners, where no other can take them"
  },
  /** Tasks in one message of durable kinds. */
  durableBatch: {
    default: 64,
    min: 1,
    max: 4_096,
    unit: "tasks",
    reason: "its answers come all together, and when its runner dies all of it is run again; so less than `batch`"
  },
  /** Octets of one message; a task that is larger by itself is `Unsupported`. */
  messageOctets: {
    default: 16_777_216,
    min: 65_536,
    max: 25_165_824,
    unit: "octets",
    reason: "a message is in memory at both ends, several at once; the engine's reader refuses frames of 32 MiB"
  },
  /** Messages of one partition that are on their way or running at once. */
  batchesInFlight: {
    default: 2,
    min: 1,
    max: 256,
    unit: "messages",
    reason:
      "keeps a runner busy while answers travel; what waits stays with the submitter, where it can still be cancelled for nothing"
  },
  /** Tasks that an executor takes at most; beyond, `Overloaded`. */
  outstanding: {
    default: 100_000,
    min: 1,
    max: 10_000_000,
    unit: "tasks",
    reason: "a bound on memory: about a kilobyte for each task that waits"
  },
  /** Tasks that one runner hands to its local executor at once. */
  runnerConcurrency: {
    default: 1_024,
    min: 1,
    max: 1_000_000,
    unit: "tasks",
    reason: "enough to keep any local strategy busy; the local executor's own limits apply below it"
  },
  /** How long an answer waits for others of its message, so that they travel in one chunk. */
  answerPause: {
    default: 2,
    min: 0,
    max: 1_000,
    unit: "ms",
    reason: "the engine acknowledges every chunk, which costs about as much again as sending it"
  },
  /** How long closing waits until runners know what they need not finish, and that answers have arrived. */
  closePause: {
    default: 2_000,
    min: 0,
    max: 60_000,
    unit: "ms",
    reason: "a runner or a database that is there hears of it in milliseconds; one that is away must not keep a program"
  },
  /** Pause before a message is sent again to a runner whose mailbox was full. */
  retryPause: {
    default: 50,
    min: 1,
    max: 60_000,
    unit: "ms",
    reason: "half the engine's own send interval; a full mailbox empties within a batch"
  }
} as const satisfies Record<string, Setting.Limit>
