/**
 * A cluster of any size in virtual time: the decisions of this package (`Lanes`, `Assignments`) and of the engine (its
 * hash of entities to shards, its ring of shards to runners), and runners that are queues. Nothing waits; the clock
 * jumps from event to event. It answers what no machine of ours can be asked: how work spreads over a thousand runners,
 * what moves when a third of them die, what one hot key does.
 */
import { Assignments, limits } from "@handoff/cluster"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as EntityId from "effect/cluster/EntityId"
import * as MessageStorage from "effect/cluster/MessageStorage"
import * as RunnerView from "effect/cluster/Runner"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as Runners from "effect/cluster/Runners"
import * as Sharding from "effect/cluster/Sharding"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import { type Lane, Lanes } from "#src/Lanes"
import { entityId } from "#src/Placement"

interface Work {
  readonly task: number
  readonly key: string | undefined
  readonly isOpen: boolean
}

/** Tasks that travel together, wherever they are. */
interface Message {
  readonly lane: Lane<Work>
  readonly partition: number
  readonly open: Set<Work>
}

class Runner {
  isAlive = true
  readonly messages = new Set<Message>()
  readonly queue: Array<readonly [Message, Work]> = []
  running = 0
  done = 0
  readonly registered: RunnerView.Runner
  constructor(id: number) {
    this.registered = RunnerView.make({
      address: RunnerAddress.make(`10.0.${id >> 8}.${id & 255}`, 7001),
      groups: ["default"],
      weight: 1
    })
  }
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
  /** Default: the package's. */
  readonly partitions?: number
  /** Default: the engine's. */
  readonly shards?: number
  /** Tasks that a runner runs at once. */
  readonly concurrency: number
  readonly tasks: number
  readonly milliseconds: number
  readonly keyOf: (task: number) => string | undefined
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
  /** What it would take if work were spread perfectly over the runners that live at the end. */
  readonly ideal: number
  readonly answers: Uint8Array
  /** Virtual milliseconds until nine of ten tasks were answered. */
  readonly most: number
  /** Runs, which exceed tasks by those that a death cut short. */
  readonly runs: number
  /** Runners that answered any task. */
  readonly used: number
  /** Most tasks that one runner answered, by the mean of those that live. */
  readonly busiest: number
  /** Share of shards whose runner changed through the loss. */
  readonly moved: number
}

/** Milliseconds that a message travels. */
const travel = 1

/** The engine's own hash of entities to so many shards. */
const shardIds = (shards: number) =>
  Effect.map(
    Layer.build(
      Sharding.layer.pipe(
        Layer.provide(Runners.layerNoop),
        Layer.provide([MessageStorage.layerNoop, RunnerStorage.layerMemory, RunnerHealth.layerNoop]),
        Layer.provide(ShardingConfig.layer({ runnerAddress: Option.none(), shardsPerGroup: shards }))
      )
    ),
    (context) => {
      const sharding = Effect.runSync(Effect.provideContext(Sharding.Sharding, context))
      return (partition: number) => sharding.getShardId(EntityId.make(entityId(partition)), "default").id - 1
    }
  )

export const simulate = Effect.fnUntraced(function* (options: Options) {
  const { loss } = options
  const shards = options.shards ?? ShardingConfig.defaults.shardsPerGroup
  const shardOf = yield* shardIds(shards)
  const runners = Array.from({ length: options.runners }, (_, id) => new Runner(id))
  const byAddress = new Map(runners.map((runner) => [`${runner.registered.address.host}:7001`, runner]))
  const look = () =>
    Assignments.viewOf(
      runners.map((runner) => [runner.registered, runner.isAlive] as const),
      shards
    )
  let view = look()
  const ownerOf = (partition: number): Runner => byAddress.get(view.runners[view.owners[shardOf(partition)]!]!.address)!

  const agenda = new Agenda()
  const after = (milliseconds: number, act: () => void) => agenda.push({ at: now + milliseconds, act })
  const answers = new Uint8Array(options.tasks)
  const lanes = new Lanes<Work>({ partitions: options.partitions }, { view: () => view, shardOf })
  let now = 0
  let runs = 0
  let moved = 0
  let lastAnswer = 0
  let answersSoFar = 0
  let most = 0
  let handedOff = 0

  const run = (runner: Runner): void => {
    while (runner.isAlive && runner.running < options.concurrency && runner.queue.length > 0) {
      const [message, work] = runner.queue.shift()!
      runner.running++
      runs++
      after(options.milliseconds, () => {
        runner.running--
        // The answer of a dead runner never arrives; what ran there is taken over.
        if (runner.isAlive || loss?.zombies === true) after(travel, () => answered(runner, message, work))
        run(runner)
      })
    }
  }

  const answered = (runner: Runner, message: Message, work: Work): void => {
    if (!runner.isAlive && loss?.zombies !== true) return
    runner.done++
    answers[work.task]!++
    lastAnswer = now
    if (++answersSoFar <= 0.9 * options.tasks) most = now
    if (!message.open.delete(work)) return
    lanes.answered(message.partition, 1)
    handOff()
    if (message.open.size > 0) return
    runner.messages.delete(message)
    lanes.ended(message.lane, message.partition, 0)
    pump(message.lane)
  }

  /** To whoever owns the partition when it leaves; what is sent to the dead lies there until it is taken over. */
  const deliver = (message: Message): void => {
    const runner = ownerOf(message.partition)
    runner.messages.add(message)
    after(travel, () => {
      for (const work of message.open) runner.queue.push([message, work])
      run(runner)
    })
  }

  /** All that changes at one moment is packed together, as in one turn of the loop. */
  const dirty = new Set<Lane<Work>>()
  const pump = (lane: Lane<Work>): void => {
    if (dirty.size === 0) {
      after(0, () => {
        const all = [...dirty]
        dirty.clear()
        for (const one of all) {
          lanes.pump(one, (works) => {
            const message = { lane: one, partition: lanes.partitionFor(one), open: new Set(works) }
            lanes.began(one, message.partition, works.length)
            deliver(message)
          })
        }
      })
    }
    dirty.add(lane)
  }

  const handOff = (): void => {
    if (handedOff === options.tasks) return
    const task = handedOff++
    const key = options.keyOf(task)
    const lane = lanes.of(key, false)
    lane.waiting.push({ task, key, isOpen: true })
    pump(lane)
  }
  while (handedOff < Math.min(options.tasks, limits.outstanding.default)) handOff()

  if (loss !== undefined) {
    after(loss.at, () => {
      const dead = runners.slice(0, Math.floor(runners.length * loss.share))
      for (const runner of dead) runner.isAlive = false
      after(loss.takeover, () => {
        const before = view
        view = look()
        const names = (one: Assignments.View) => one.owners.map((owner) => one.runners[owner]!.address)
        const [old, young] = [names(before), names(view)]
        moved = young.filter((address, shard) => address !== old[shard]).length / shards
        for (const runner of dead) for (const message of runner.messages) deliver(message)
      })
    })
  }

  for (let event = agenda.pop(); event !== undefined; event = agenda.pop()) {
    now = event.at
    event.act()
  }

  const living = runners.filter(({ isAlive }) => isAlive)
  return {
    makespan: lastAnswer,
    ideal: (options.tasks * options.milliseconds) / (living.length * options.concurrency),
    answers,
    most,
    runs,
    used: runners.filter(({ done }) => done > 0).length,
    busiest: (Math.max(...living.map(({ done }) => done)) * living.length) / options.tasks,
    moved
  } satisfies Outcome
})
