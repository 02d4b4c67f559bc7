/**
 * An executor whose tasks run on the runners of an Effect Cluster, each runner running them on a local executor of its
 * own.
 *
 * What it promises beyond the contract of every executor:
 * - Tasks of one key go to one runner at a time; it hands them to its local executor as they come. In which order they
 *   run is the local executor's business, and messages of one key may overtake each other where one is sent again.
 * - A durable kind is answered also when runners die in the middle: another one takes over. A task that must not run
 *   twice (`repeatable: false`) and may have begun on a dead runner is answered with `Lost`, `peer`.
 * - A volatile kind is fast and lives with the connection: repeatable tasks are sent again, others that may have begun
 *   are `Lost`.
 * - Cancelling a task that was not sent yet costs nothing; one that was is cancelled on its runner too, which drops it
 *   or gives it up as its local executor does, and no other runner takes it up.
 *
 * Tasks that wait stay with the submitter; a partition has so many messages on their way at once, and a runner whose
 * mailbox is full is asked again later. So back-pressure reaches the submitter's `outstanding` limit, and then
 * `Overloaded`.
 */
import {
  Executor,
  type Job,
  Lost,
  Outstanding,
  Section,
  type Setting,
  Strategies,
  type Task,
  Unsupported
} from "@handoff/core"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as EntityId from "effect/cluster/EntityId"
import * as Sharding from "effect/cluster/Sharding"
import { Assignments } from "./Assignments.ts"
import { type Lane, Lanes } from "./Lanes.ts"
import { limits } from "./limits.ts"
import { Parcel } from "./Parcel.ts"
import { entityId } from "./Placement.ts"
import { TaskEntity } from "./TaskEntity.ts"
import { Codec, pack, messageOf, RemoteDefect, type TaskClass, type TaskFrame, unpackAnswers } from "./Wire.ts"

/** The numbers of the strategy; see `limits` for their defaults and reasons. */
export interface Tuning {
  readonly partitions?: number
  readonly batch?: number
  readonly durableBatch?: number
  /** Octets. */
  readonly messageOctets?: number
  readonly batchesInFlight?: number
  readonly outstanding?: number
  /** Milliseconds. */
  readonly retryPause?: number
}

/** What a cluster's executor needs to know: the kinds, how they are shared out, and its bounds. */
export interface Options<T extends Task.Any> extends Tuning {
  /** Default: "cluster". */
  readonly name?: string
  /** The kinds that the runners run; the same classes as theirs. */
  readonly kinds: ReadonlyArray<TaskClass & (new (payload: any) => T)>
  /**
   * Tasks of one key go to one runner; undefined: anywhere. Default: a `Call`'s key. What has a key travels with its
   * partition's tasks only, in smaller messages than what may go anywhere.
   */
  readonly keyOf?: (task: T) => string | undefined
  /** Kinds that survive the death of a runner; they need a cluster with message storage. Default: none. */
  readonly durable?: ReadonlyArray<Task.KindOf<T>>
}

export interface Cluster<in T extends Task.Any> extends Executor.Executor<T> {}

/** What the engine fails with. */
interface Refusal {
  readonly _tag: string
}

const defaultKey = (task: Task.Any): string | undefined => {
  const { key } = task as { readonly key?: unknown }
  return typeof key === "string" ? key : undefined
}

/** One message on its way. */
interface Batch {
  readonly number: number
  readonly lane: Lane<Job<any>>
  readonly partition: number
  /** Tasks in it that the runner has not answered. */
  size: number
  /** What was sent and still waits for its answer, by task number. */
  readonly open: Map<number, Job<any>>
  /** Whether `Start` was given: then what must not run twice may have run, for good. */
  isStarted: boolean
  /** Has the engine end it, and tell the runner. */
  interrupt: () => void
}

/** An executor over the runners of the cluster in the environment. Closing its scope answers what is outstanding. */
export const make = <T extends Task.Any>(
  options: Options<T>
): Effect.Effect<Cluster<T>, never, Sharding.Sharding | Scope.Scope> =>
  Effect.gen(function* () {
    const name = options.name ?? "cluster"
    const codec = new Codec(options.kinds)
    const durable = new Set<string>(options.durable)
    const keyOf: (task: T) => string | undefined = options.keyOf ?? defaultKey
    const messageOctets = options.messageOctets ?? limits.messageOctets.default
    const retryPause = options.retryPause ?? limits.retryPause.default
    const submitter = crypto.randomUUID()
    const clientOf = yield* TaskEntity.client
    const context = yield* Effect.context<Sharding.Sharding>()
    const sharding = yield* Sharding.Sharding
    const assignments = yield* Effect.serviceOption(Assignments)
    const runFork = Effect.runForkWith(context)
    const fibers = new Set<Fiber.Fiber<unknown, unknown>>()
    /** What tells runners that answers have arrived. */
    const farewells = new Set<Fiber.Fiber<unknown, unknown>>()
    const outstanding = new Outstanding<T>(name, {
      limit: options.outstanding ?? limits.outstanding.default
    })

    let isClosed = false
    let nextTask = 0
    let nextBatch = 0
    let batches = 0
    let sent = 0
    const dirty = new Set<Lane<Job<any>>>()
    const lanes = new Lanes<Job<any>>(options, {
      view: Option.isSome(assignments) ? assignments.value.view : undefined,
      shardOf: (partition) => sharding.getShardId(EntityId.make(entityId(partition)), "default").id - 1
    })

    const launch = (effect: Effect.Effect<unknown, unknown>, among = fibers): (() => void) => {
      if (isClosed) return () => {}
      const fiber = runFork(effect)
      if (fiber.pollUnsafe() === undefined) {
        among.add(fiber)
        fiber.addObserver(() => among.delete(fiber))
      }
      return () => fiber.interruptUnsafe()
    }

    /** All that is handed off in one turn of the loop is packed together. */
    const schedule = (lane: Lane<Job<any>>) => {
      if (dirty.size === 0) setImmediate(pumpAll)
      dirty.add(lane)
    }

    const pumpAll = () => {
      const all = [...dirty]
      dirty.clear()
      if (!isClosed) for (const lane of all) lanes.pump(lane, (jobs) => send(lane, jobs))
    }

    const send = (lane: Lane<Job<any>>, jobs: ReadonlyArray<Job<any>>) => {
      const partition = lanes.partitionFor(lane)
      const open = new Map<number, Job<any>>()
      const frames: Array<TaskFrame> = []
      for (const job of jobs) {
        const id = nextTask++
        try {
          frames.push(codec.encodeTask(id, job.task))
        } catch (error) {
          job.answer(Exit.die(error))
          continue
        }
        job.start()
        open.set(id, job)
      }
      if (frames.length === 0) return
      const octets = packed(frames)
      if (!(octets instanceof Uint8Array)) {
        // One task that cannot be sent must not take its neighbours with it: halve until it is alone.
        const unsent = [...open.values()]
        for (const job of unsent) job.requeue()
        if (unsent.length === 1) unsent[0]!.answer(octets(unsent[0]!.task._tag))
        else {
          const middle = unsent.length >> 1
          send(lane, unsent.slice(0, middle))
          send(lane, unsent.slice(middle))
        }
        return
      }
      const batch: Batch = {
        number: nextBatch++,
        lane,
        partition,
        size: frames.length,
        open,
        isStarted: false,
        interrupt: () => {}
      }
      for (const [id, job] of open) job.release = () => cancelSent(batch, id)
      lanes.began(lane, partition, frames.length)
      batches++
      sent += frames.length
      const exchange = lane.isDurable ? askDurably(batch, octets) : ask(batch, octets)
      batch.interrupt = launch(Effect.onExit(exchange, (exit) => Effect.sync(() => ended(batch, exit))))
    }

    const ask = (batch: Batch, octets: Uint8Array): Effect.Effect<void, Refusal> => {
      let packedTasks = batch.size
      const tasks = new Parcel(() => {
        // A runner died, and the engine sends it again.
        if (batch.open.size < packedTasks) {
          packedTasks = batch.open.size
          octets = pack([...batch.open].map(([id, job]) => codec.encodeTask(id, job.task)))
        }
        return octets
      })
      return Stream.runForEach(
        clientOf(entityId(batch.partition)).Run({ submitter, batch: batch.number, tasks }),
        (chunk) => (chunk.ready === undefined ? Effect.sync(() => arrived(batch, chunk)) : permit(batch, chunk.ready))
      )
    }

    /**
     * Asks under one name until there is an answer: the database may have saved the message though the word of that was
     * lost, and then the engine knows it by its name and does not run it twice.
     */
    const askDurably = (batch: Batch, octets: Uint8Array): Effect.Effect<void, Refusal> => {
      const client = clientOf(entityId(batch.partition))
      const name = { submitter, batch: batch.number }
      return client.RunDurable({ ...name, tasks: new Parcel(() => octets) }).pipe(
        Effect.retry({ while: () => batch.open.size > 0, schedule: patience }),
        Effect.map((answer) => {
          launch(client.Forget(name, { discard: true }), farewells)
          arrived(batch, answer)
        })
      )
    }
    const patience = Schedule.min([Schedule.exponential(retryPause), Schedule.spaced("2 seconds")])

    /** The octets; or how to answer a task that is alone in them and cannot be sent. */
    const packed = (
      frames: ReadonlyArray<TaskFrame>
    ): Uint8Array | ((kind: string) => Exit.Exit<never, Unsupported>) => {
      let octets: Uint8Array
      try {
        octets = pack(frames)
      } catch (error) {
        return () => Exit.die(error)
      }
      if (octets.length <= messageOctets) return octets
      const detail = `its ${octets.length} octets are over ${messageOctets}: raise messageOctets, or leave what is large where runners can read it`
      return (kind) => Exit.fail(new Unsupported({ executor: name, kind, supportedBy: [], detail }))
    }

    const arrived = (batch: Batch, chunk: { readonly octets: Uint8Array }) => {
      const answers = unpackAnswers(chunk.octets)
      for (const frame of answers) {
        const job = batch.open.get(frame[0])
        if (job === undefined) continue
        batch.open.delete(frame[0])
        batch.size--
        lanes.answered(batch.partition, 1)
        job.answer(codec.decodeAnswer(frame, job.task._tag))
      }
    }

    /** A runner asks whether it may start what must not run twice: yes, once in the batch's life. */
    const permit = (batch: Batch, token: string): Effect.Effect<void> =>
      Effect.suspend(() => {
        const wasStarted = batch.isStarted
        batch.isStarted = true
        if (wasStarted) loseStarted(batch)
        const tasks = [...batch.open].filter(([, job]) => !isRepeatable(job)).map(([id]) => id)
        return clientOf(entityId(batch.partition))
          .Start({ token, tasks })
          .pipe(
            // The one refusal after which it is sure that nothing started.
            Effect.retry({
              while: (error: Refusal) => error._tag === "MailboxFull",
              schedule: Schedule.spaced(retryPause)
            }),
            Effect.orElseSucceed(() => false),
            Effect.map((isKnown) => {
              // Who asked is gone. It may have heard the answer and begun; the next one must not.
              if (!isKnown) loseStarted(batch)
            })
          )
      })

    /** Answers what must not run twice and may have begun on a runner that is gone. */
    const loseStarted = (batch: Batch) => {
      for (const [id, job] of batch.open) {
        if (isRepeatable(job)) continue
        job.answer(lost(job, "its runner went away in the middle"))
        // Whoever has it now must not wait for permission.
        cancelSent(batch, id)
      }
    }

    const isRepeatable = (job: Job<any>): boolean => codec.kinds.get(job.task._tag)!.definition.repeatable

    const lost = (job: Job<any>, detail: string) =>
      Exit.fail(new Lost({ executor: name, kind: job.task._tag, how: "peer", detail }))

    const ended = (batch: Batch, exit: Exit.Exit<unknown, { readonly _tag: string }>) => {
      const { lane } = batch
      lanes.ended(lane, batch.partition, batch.size)
      const defect = Exit.isFailure(exit) ? exit.cause.reasons.find((reason) => reason._tag === "Die") : undefined
      const again: Array<Job<any>> = []
      for (const job of batch.open.values()) {
        if (!job.isOpen) continue
        job.release = lane.waiting.release
        if (defect !== undefined) {
          // The runner cannot read the message, or the engine is at its end: it would be so again.
          job.answer(Exit.die(new RemoteDefect({ kind: job.task._tag, detail: messageOf(defect.defect) })))
        } else if (isRepeatable(job) || !(lane.isDurable || batch.isStarted)) {
          job.requeue()
          again.push(job)
        } else {
          job.answer(lost(job, Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "its runner ended without an answer"))
        }
      }
      batch.open.clear()
      if (again.length > 0) {
        lane.waiting.putBack(again)
        lane.isPaused = true
        launch(
          Effect.map(Effect.sleep(retryPause), () => {
            lane.isPaused = false
            schedule(lane)
          })
        )
      } else schedule(lane)
    }

    /** Tasks given up that their runners do not know of yet. */
    const givenUp = new Map<Batch, Array<number>>()
    const cancelSent = (batch: Batch, id: number) => {
      batch.open.delete(id)
      // Nobody waits for any of it: the engine tells the runner, and sends it to no other.
      if (batch.open.size === 0 && !batch.lane.isDurable) return batch.interrupt()
      const known = givenUp.get(batch)
      if (known !== undefined) {
        known.push(id)
        return
      }
      const tasks = [id]
      givenUp.set(batch, tasks)
      setImmediate(() => {
        givenUp.delete(batch)
        if (batch.open.size === 0 && !batch.lane.isDurable) return
        const { isDurable } = batch.lane
        const cancel = { submitter, batch: batch.number, isDurable, tasks }
        launch(clientOf(entityId(batch.partition)).Cancel(cancel, { discard: true }))
      })
    }

    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        outstanding.close()
        isClosed = true
        // A fiber of its own, which can be left alone: interrupting waits until the engine has sent word of it.
        const telling = runFork(Effect.andThen(Fiber.interruptAll(fibers), Fiber.awaitAll(farewells)))
        return Fiber.await(telling).pipe(
          Effect.timeoutOption(limits.closePause.default),
          Effect.interruptible,
          Effect.andThen(
            Effect.sync(() => {
              for (const fiber of [telling, ...farewells]) fiber.interruptUnsafe()
            })
          )
        )
      })
    )

    return Executor.make<T>({
      name,
      kinds: (kind) => codec.kinds.has(kind),
      submitUnsafe: (task, onExit, _caller, watch) => {
        const job = outstanding.admit(task, onExit, watch)
        if (job === undefined) return Executor.nothingToCancel
        const lane = lanes.of(keyOf(task), durable.has(task._tag))
        job.release = lane.waiting.release
        lane.waiting.push(job)
        schedule(lane)
        return job.cancel
      },
      stats: outstanding.statsEffect(() => ({
        batches,
        tasksPerBatch: batches === 0 ? 0 : sent / batches,
        lanes: lanes.size,
        ...lanes.load.stats()
      }))
    })
  })

/** What `make` needs: the engine, and a scope. */
export type Requirements = Sharding.Sharding | Scope.Scope

/** The cluster of an app, as a service. */
export class ClusterExecutor extends Context.Service<ClusterExecutor, Cluster<any>>()(
  "@handoff/cluster/ClusterExecutor"
) {}

/** `make` as a layer: the executor as a service. */
export const layer = <T extends Task.Any>(
  options: Options<T>
): Layer.Layer<ClusterExecutor, never, Sharding.Sharding> => Layer.effect(ClusterExecutor, make(options))

/** As `layer`, with the numbers read from configuration; kinds and keys are code. */
export const layerConfig = <T extends Task.Any>(
  options: Omit<Options<T>, keyof Tuning>,
  tuning: Config.Wrap<Tuning>
): Layer.Layer<ClusterExecutor, Config.ConfigError, Sharding.Sharding> =>
  Layer.effect(
    ClusterExecutor,
    Effect.flatMap(Config.unwrap(tuning), (read) => make<T>({ ...options, ...read }))
  )

const { batch, batchesInFlight, durableBatch, messageOctets, outstanding, partitions, retryPause } = limits

/** The numbers of the strategy as settings, under `cluster`. */
export const section: Section.Section<{ readonly [K in keyof Tuning]-?: Setting.Setting<number> }, "cluster"> =
  Section.define(
    "cluster",
    Section.ofLimits({ partitions, batch, durableBatch, messageOctets, batchesInFlight, outstanding, retryPause })
  )

/** The cluster in one configuration with other strategies, for core's `Strategies.make`; the engine is in the context. */
export const strategy = <T extends Task.Any>(
  options: Omit<Options<T>, keyof Tuning>
): Strategies.Strategy<T, never, Requirements, (typeof section)["fields"]> =>
  Strategies.define(section, (values) => make<T>({ ...options, ...values }))
