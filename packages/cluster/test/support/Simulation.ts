/**
 * A cluster of any size in virtual time: the placement of this package, the hash ring of the engine, and runners that
 * are queues. Nothing waits; the clock jumps from event to event. It answers what no machine of ours can be asked:
 * how work spreads over a thousand runners, what moves when a third of them die, what one hot key does.
 */
import * as HashRing from "effect/HashRing"
import * as PrimaryKey from "effect/PrimaryKey"
import { Placement } from "@handoff/cluster"

class Runner implements PrimaryKey.PrimaryKey {
  readonly id: number
  /** Tasks that wait or run here, by number, with their run time. */
  readonly queue: Array<Work> = []
  running = 0
  isAlive = true
  done = 0
  constructor(id: number) {
    this.id = id
  }
  [PrimaryKey.symbol](): string {
    return `runner-${this.id}`
  }
}

interface Work {
  readonly task: number
  readonly partition: number
  readonly milliseconds: number
}

interface Event {
  readonly at: number
  readonly act: () => void
}

/** A heap, earliest first. */
class Agenda {
  private readonly heap: Array<Event> = []
  push(event: Event): void {
    const { heap } = this
    heap.push(event)
    for (let i = heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1
      if (heap[parent]!.at <= heap[i]!.at) break
      ;[heap[parent], heap[i]] = [heap[i]!, heap[parent]!]
      i = parent
    }
  }
  pop(): Event | undefined {
    const { heap } = this
    const top = heap[0]
    const last = heap.pop()
    if (top === undefined || heap.length === 0) return top
    heap[0] = last!
    for (let i = 0; ;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++
      if (heap[i]!.at <= heap[child]!.at) break
      ;[heap[i], heap[child]] = [heap[child]!, heap[i]!]
      i = child
    }
    return top
  }
}

export interface Options {
  readonly runners: number
  readonly partitions: number
  /** Tasks that a runner runs at once. */
  readonly concurrency: number
  readonly tasks: number
  readonly milliseconds: number
  readonly keyOf: (task: number) => string
  /** Share of the runners that die at this moment, and how long until others take over, in milliseconds. */
  readonly loss?: {
    readonly at: number
    readonly share: number
    readonly takeover: number
    /** The dead are only cut off: their answers still arrive. A protocol that allows it answers twice. */
    readonly zombies?: boolean
  }
}

export interface Outcome {
  /** Virtual milliseconds until the last answer. */
  readonly makespan: number
  /** What it would take if work were spread perfectly over the runners that live. */
  readonly ideal: number
  readonly answers: Uint8Array
  /** Runs, which exceed tasks by those that a death cut short. */
  readonly runs: number
  /** Share of partitions whose runner changed through the loss. */
  readonly moved: number
  /** Most and mean partitions of one living runner at the end. */
  readonly busiest: number
  readonly mean: number
}

export const simulate = (options: Options): Outcome => {
  const runners = Array.from({ length: options.runners }, (_, id) => new Runner(id))
  const assign = (among: ReadonlyArray<Runner>) =>
    HashRing.getShards(HashRing.addMany(HashRing.make<Runner>(), among), options.partitions)!
  let owners = assign(runners)
  const agenda = new Agenda()
  const answers = new Uint8Array(options.tasks)
  let now = 0
  let runs = 0
  let moved = 0
  let lastAnswer = 0

  const pump = (runner: Runner): void => {
    while (runner.isAlive && runner.running < options.concurrency && runner.queue.length > 0) {
      const work = runner.queue.shift()!
      runner.running++
      runs++
      inFlight.get(runner)!.add(work)
      agenda.push({
        at: now + work.milliseconds,
        act: () => {
          runner.running--
          // The answer of a dead runner never arrives; what ran there is taken over.
          if (!runner.isAlive && options.loss?.zombies !== true) return
          inFlight.get(runner)!.delete(work)
          runner.done++
          answers[work.task]!++
          lastAnswer = now
          pump(runner)
        }
      })
    }
  }
  const inFlight = new Map(runners.map((runner) => [runner, new Set<Work>()]))

  const send = (work: Work): void => {
    const runner = owners[work.partition]!
    runner.queue.push(work)
    pump(runner)
  }

  for (let task = 0; task < options.tasks; task++) {
    send({
      task,
      partition: Placement.partitionOf(options.keyOf(task), options.partitions),
      milliseconds: options.milliseconds
    })
  }

  const { loss } = options
  if (loss !== undefined) {
    agenda.push({
      at: loss.at,
      act: () => {
        const dead = runners.slice(0, Math.floor(runners.length * loss.share))
        for (const runner of dead) runner.isAlive = false
        agenda.push({
          at: now + loss.takeover,
          act: () => {
            const before = owners
            owners = assign(runners.filter(({ isAlive }) => isAlive))
            moved = owners.filter((owner, i) => owner !== before[i]).length / options.partitions
            for (const runner of dead) {
              for (const work of [...inFlight.get(runner)!, ...runner.queue.splice(0)]) send(work)
            }
          }
        })
      }
    })
  }

  for (let event = agenda.pop(); event !== undefined; event = agenda.pop()) {
    now = event.at
    event.act()
  }

  const living = runners.filter(({ isAlive }) => isAlive)
  const share = new Map<Runner, number>()
  for (const owner of owners) share.set(owner, (share.get(owner) ?? 0) + 1)
  return {
    makespan: lastAnswer,
    ideal: (options.tasks * options.milliseconds) / (living.length * options.concurrency),
    answers,
    runs,
    moved,
    busiest: Math.max(...share.values()),
    mean: options.partitions / living.length
  }
}
