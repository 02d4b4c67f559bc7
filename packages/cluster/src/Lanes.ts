/**
 * Which tasks travel together, to which partition, and how many messages at once: the decisions of a submitter, apart
 * from its messages. The simulation of a thousand runners makes them with this very code.
 */
import { batchSize } from "./Granularity.ts"
import { limits } from "./limits.ts"
import { Load, type Sources } from "./Load.ts"
import { partitionOf } from "./Placement.ts"
import { Waiting, type Waits } from "./Waiting.ts"

export interface Bounds {
  readonly partitions?: number | undefined
  readonly batch?: number | undefined
  readonly durableBatch?: number | undefined
  readonly batchesInFlight?: number | undefined
}

/** What waits for one partition, or for any (`partition` undefined). */
export interface Lane<J extends Waits> {
  readonly partition: number | undefined
  readonly isDurable: boolean
  /** Messages on their way at once. */
  readonly limit: number
  readonly waiting: Waiting<J>
  inFlight: number
  /** Set while the lane pauses because a message could not be delivered. */
  isPaused: boolean
}

export class Lanes<J extends Waits> {
  readonly load: Load
  private readonly partitions: number
  private readonly batch: number
  private readonly durableBatch: number
  private readonly perPartition: number
  private readonly lanes = new Map<string, Lane<J>>()

  constructor(bounds: Bounds, sources: Sources) {
    this.partitions = bounds.partitions ?? limits.partitions.default
    this.batch = bounds.batch ?? limits.batch.default
    this.durableBatch = bounds.durableBatch ?? bounds.batch ?? limits.durableBatch.default
    this.perPartition = bounds.batchesInFlight ?? limits.batchesInFlight.default
    this.load = new Load(this.partitions, sources)
  }

  get size(): number {
    return this.lanes.size
  }

  /** The lane of a key; of no key: one whose messages may go anywhere. */
  of(key: string | undefined, isDurable: boolean): Lane<J> {
    const partition = key === undefined ? undefined : partitionOf(key, this.partitions)
    const id = `${partition ?? "any"}${isDurable ? " durable" : ""}`
    let lane = this.lanes.get(id)
    if (lane === undefined) {
      lane = {
        partition,
        isDurable,
        limit: partition === undefined ? this.perPartition * this.partitions : this.perPartition,
        waiting: new Waiting(),
        inFlight: 0,
        isPaused: false
      }
      this.lanes.set(id, lane)
    }
    return lane
  }

  /** Gives out what should leave now, a message at a time; `send` calls `began` if it does send it. */
  pump(lane: Lane<J>, send: (jobs: ReadonlyArray<J>) => void): void {
    if (lane.isPaused) return
    // One size for all that is sent now: nothing is learnt between two messages of one turn.
    const size = batchSize({
      waiting: lane.waiting.size,
      runners: lane.partition === undefined ? this.load.runners : 1,
      limit: lane.isDurable ? this.durableBatch : this.batch
    })
    while (lane.inFlight < lane.limit && lane.waiting.size > 0) send(lane.waiting.take(size))
  }

  /** Where a message of the lane goes. */
  partitionFor(lane: Lane<J>): number {
    return lane.partition ?? this.load.least()
  }

  /** A message of so many tasks is on its way. */
  began(lane: Lane<J>, partition: number, tasks: number): void {
    lane.inFlight++
    this.load.add(partition, tasks)
  }

  /** So many of its tasks are done. */
  answered(partition: number, tasks: number): void {
    this.load.add(partition, -tasks)
  }

  /** The message is done with, so many of its tasks are not. */
  ended(lane: Lane<J>, partition: number, tasks: number): void {
    lane.inFlight--
    this.load.add(partition, -tasks)
  }
}
