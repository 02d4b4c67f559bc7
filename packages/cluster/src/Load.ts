/**
 * Tasks on their way to each partition and so to each runner: where a task that may go anywhere goes, and what a page
 * shows of it. A runner that is quicker has fewer on their way, and so gets more.
 */
import type { View } from "./Assignments.ts"

export interface Sources {
  /** Who serves what; undefined where the engine was made without `Assignments`, then partitions stand for runners. */
  readonly view: (() => View) | undefined
  /** The place of a partition's shard among the view's owners. */
  readonly shardOf: (partition: number) => number
}

/** What partitions have in common: their runner, or themselves where runners are not known. */
interface Group {
  readonly address: string | undefined
  /** Share of the work that it should get, relative to others. */
  readonly weight: number
  readonly partitions: Array<number>
  tasks: number
}

/** Runners beyond this are counted, not named: a page of a thousand figures helps nobody. */
const namedRunners = 32

export class Load {
  private readonly tasks: Int32Array
  private readonly sources: Sources
  private readonly shards: ReadonlyArray<number>
  private seen: View | undefined
  private groups: ReadonlyArray<Group> = []
  private readonly groupOf: Array<Group> = []
  private turn = 0

  constructor(partitions: number, sources: Sources) {
    this.tasks = new Int32Array(partitions)
    this.sources = sources
    this.shards = sources.view === undefined ? [] : Array.from({ length: partitions }, (_, i) => sources.shardOf(i))
    this.regroup([...this.tasks.keys()].map((partition) => group(undefined, 1, [partition])))
  }

  /** Runners that work can be shared out over; at least 1. */
  get runners(): number {
    this.look()
    return this.groups.length
  }

  add(partition: number, tasks: number): void {
    this.tasks[partition]! += tasks
    this.groupOf[partition]!.tasks += tasks
  }

  /** The partition to send to: of the runner with the least on its way, that with the least. Ties go round in turn. */
  least(): number {
    this.look()
    const turn = this.turn++
    let best: Group | undefined
    for (let i = 0; i < this.groups.length; i++) {
      const one = this.groups[(turn + i) % this.groups.length]!
      if (best === undefined || one.tasks * best.weight < best.tasks * one.weight) best = one
      if (best.tasks === 0) break
    }
    const { partitions } = best!
    let least = partitions[turn % partitions.length]!
    for (let i = 1; i < partitions.length && this.tasks[least]! > 0; i++) {
      const other = partitions[(turn + i) % partitions.length]!
      if (this.tasks[other]! < this.tasks[least]!) least = other
    }
    return least
  }

  /** Runners, their shards, and the tasks on their way to each: for `stats`. */
  stats(): Readonly<Record<string, number>> {
    this.look()
    if (this.seen === undefined) return {}
    const { owners, runners } = this.seen
    const healthy = runners.filter(({ isHealthy }) => isHealthy).length
    const figures: Record<string, number> = {
      runners: healthy,
      runnersAway: runners.length - healthy,
      shards: owners.length
    }
    for (const { address, shards } of runners.slice(0, namedRunners)) {
      const group = this.groups.find((one) => one.address === address)
      figures[`runner ${address} shards`] = shards
      figures[`runner ${address} partitions`] = group?.partitions.length ?? 0
      figures[`runner ${address} tasks`] = group?.tasks ?? 0
    }
    return figures
  }

  private look(): void {
    const view = this.sources.view?.()
    if (view === undefined || view === this.seen) return
    this.seen = view
    const byOwner = new Map<number, Group>()
    this.shards.forEach((shard, partition) => {
      const owner = view.owners[shard]
      if (owner === undefined) return
      const { address, shards } = view.runners[owner]!
      const known = byOwner.get(owner)
      if (known === undefined) byOwner.set(owner, group(address, shards, [partition]))
      else known.partitions.push(partition)
    })
    // Nobody is there to serve them: whoever comes first will, so partitions stand for themselves until then.
    if (byOwner.size > 0) this.regroup([...byOwner.values()])
  }

  private regroup(groups: ReadonlyArray<Group>): void {
    this.groups = groups
    for (const one of groups) {
      for (const partition of one.partitions) {
        this.groupOf[partition] = one
        one.tasks += this.tasks[partition]!
      }
    }
  }
}

const group = (address: string | undefined, weight: number, partitions: Array<number>): Group => ({
  address,
  weight,
  partitions,
  tasks: 0
})
