/**
 * An executor whose tasks run on the runners of an Effect Cluster, each runner running them on a local executor of its
 * own.
 *
 * What it promises beyond the contract of every executor:
 * - Tasks of one key go to one runner at a time, in the order in which they were handed off.
 * - A durable kind is answered also when runners die in the middle: another one takes over. A task that must not run
 *   twice (`repeatable: false`) and may have begun on a dead runner is answered with `Lost`, `peer`.
 * - A volatile kind is fast and lives with the connection: repeatable tasks are sent again, others are `Lost`.
 * - Cancelling a task that was not sent yet costs nothing; one that was is cancelled on its runner too, which drops it
 *   or gives it up as its local executor does.
 *
 * Tasks that wait stay with the submitter; a partition has so many messages on their way at once, and a runner whose
 * mailbox is full is asked again later. So back-pressure reaches the submitter's `outstanding` limit, and then
 * `Overloaded`.
 */
import { Executor, type Job, Lost, Outstanding, Section, type Setting, Strategies, type Task } from "@handoff/core"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Sharding from "effect/cluster/Sharding"
import { batchSize } from "./Granularity.ts"
import { limits } from "./limits.ts"
import { entityId, partitionOf } from "./Placement.ts"
import { TaskEntity } from "./TaskEntity.ts"
import { Waiting } from "./Waiting.ts"
import { Codec, pack, type TaskClass, type TaskFrame, unpackAnswers } from "./Wire.ts"

/** The numbers of the strategy; see `limits` for their defaults and reasons. */
export interface Tuning {
  readonly partitions?: number
  readonly batch?: number
  readonly batchesInFlight?: number
  readonly outstanding?: number
  /** Milliseconds. */
  readonly retryPause?: number
}

export interface Options<T extends Task.Any> extends Tuning {
  /** Default: "cluster". */
  readonly name?: string
  /** The kinds that the runners run; the same classes as theirs. */
  readonly kinds: ReadonlyArray<TaskClass & (new (payload: any) => T)>
  /** Tasks of one key go to one runner. Default: a `Call`'s key, a lookup's name; undefined: anywhere. */
  readonly keyOf?: (task: T) => string | undefined
  /** Kinds that survive the death of a runner; they need a cluster with message storage. Default: none. */
  readonly durable?: ReadonlyArray<Task.KindOf<T>>
}

export interface Cluster<in T extends Task.Any> extends Executor.Executor<T> {}

const defaultKey = (task: Task.Any): string | undefined => {
  const { key, name } = task as { readonly key?: unknown; readonly name?: unknown }
  if (typeof key === "string") return key
  return typeof name === "string" ? name : undefined
}

/** What waits for one partition, or for any (`partition` undefined). */
interface Lane {
  readonly partition: number | undefined
  readonly isDurable: boolean
  readonly inFlightLimit: number
  readonly waiting: Waiting
  inFlight: number
  /** Set while the lane pauses because a mailbox was full. */
  isPaused: boolean
}

/** One message on its way. */
interface Batch {
  readonly number: number
  readonly lane: Lane
  readonly partition: number
  size: number
  /** What was sent and is not answered yet, by task number. */
  readonly open: Map<number, Job<any>>
  /** Whether `Start` was given: then what must not run twice may run. */
  isStarted: boolean
}

export const make = <T extends Task.Any>(
  options: Options<T>
): Effect.Effect<Cluster<T>, never, Sharding.Sharding | Scope.Scope> =>
  Effect.gen(function* () {
    const name = options.name ?? "cluster"
    const codec = new Codec(options.kinds)
    const durable = new Set<string>(options.durable)
    const keyOf: (task: T) => string | undefined = options.keyOf ?? defaultKey
    const partitions = options.partitions ?? limits.partitions.default
    const batchLimit = options.batch ?? limits.batch.default
    const perPartition = options.batchesInFlight ?? limits.batchesInFlight.default
    const retryPause = options.retryPause ?? limits.retryPause.default
    const submitter = crypto.randomUUID()
    const clientOf = yield* TaskEntity.client
    const context = yield* Effect.context<Sharding.Sharding>()
    const runFork = Effect.runForkWith(context)
    const fibers = new Set<Fiber.Fiber<unknown, unknown>>()
    const outstanding = new Outstanding<T>(name, {
      limit: options.outstanding ?? limits.outstanding.default
    })

    let isClosed = false
    let nextTask = 0
    let nextBatch = 0
    let nextPartition = 0
    let batches = 0
    let sent = 0
    const lanes = new Map<string, Lane>()
    const dirty = new Set<Lane>()

    /** Tasks on their way to each partition. */
    const load = new Uint32Array(partitions)

    /** Where tasks that may go anywhere go: so a runner that is quicker gets more. Ties go round in turn. */
    const leastLoaded = (): number => {
      let best = nextPartition++ % partitions
      for (let i = 1; i < partitions && load[best]! > 0; i++) {
        const other = (nextPartition + i) % partitions
        if (load[other]! < load[best]!) best = other
      }
      return best
    }

    const launch = (effect: Effect.Effect<unknown, unknown>) => {
      if (isClosed) return
      const fiber = runFork(effect)
      if (fiber.pollUnsafe() !== undefined) return
      fibers.add(fiber)
      fiber.addObserver(() => fibers.delete(fiber))
    }

    const laneOf = (task: T): Lane => {
      const key = keyOf(task)
      const partition = key === undefined ? undefined : partitionOf(key, partitions)
      const isDurable = durable.has(task._tag)
      const id = `${partition ?? "any"}${isDurable ? " durable" : ""}`
      let lane = lanes.get(id)
      if (lane === undefined) {
        lane = {
          partition,
          isDurable,
          inFlightLimit: partition === undefined ? perPartition * partitions : perPartition,
          waiting: new Waiting(),
          inFlight: 0,
          isPaused: false
        }
        lanes.set(id, lane)
      }
      return lane
    }

    /** All that is handed off in one turn of the loop is packed together. */
    const schedule = (lane: Lane) => {
      if (dirty.size === 0) setImmediate(pumpAll)
      dirty.add(lane)
    }

    const pumpAll = () => {
      const all = [...dirty]
      dirty.clear()
      for (const lane of all) pump(lane)
    }

    const pump = (lane: Lane) => {
      if (lane.isPaused || isClosed) return
      while (lane.inFlight < lane.inFlightLimit && lane.waiting.size > 0) {
        const size = batchSize({
          waiting: lane.waiting.size,
          partitions: lane.partition === undefined ? partitions : 1,
          limit: batchLimit
        })
        const jobs = lane.waiting.take(size)
        if (jobs.length > 0) send(lane, jobs)
      }
    }

    const send = (lane: Lane, jobs: ReadonlyArray<Job<any>>) => {
      const partition = lane.partition ?? leastLoaded()
      const batch: Batch = { number: nextBatch++, lane, partition, size: 0, open: new Map(), isStarted: false }
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
        batch.open.set(id, job)
        job.release = () => cancelSent(batch, id)
      }
      if (frames.length === 0) return
      batch.size = frames.length
      let octets: Uint8Array
      try {
        octets = pack(frames)
      } catch (error) {
        // One task that cannot be cloned must not take its neighbours with it: find it by packing one by one.
        for (const job of batch.open.values()) {
          job.requeue()
          job.release = undefined
        }
        if (jobs.length === 1) jobs[0]!.answer(Exit.die(error))
        else for (const job of jobs) if (job.isOpen) send(lane, [job])
        return
      }
      lane.inFlight++
      load[partition]! += frames.length
      batches++
      sent += frames.length
      const payload = { submitter, batch: batch.number, octets }
      const client = clientOf(entityId(partition))
      launch(
        Effect.onExit(
          lane.isDurable
            ? Effect.flatMap(client.RunDurable(payload), (answer) =>
                Effect.suspend(() => {
                  arrived(batch, answer)
                  return client.Forget({ submitter, batch: batch.number }, { discard: true })
                })
              )
            : Stream.runForEach(client.Run(payload), (chunk) =>
                chunk.ready === undefined ? Effect.sync(() => arrived(batch, chunk)) : permit(batch, chunk.ready)
              ),
          (exit) => Effect.sync(() => ended(batch, exit))
        )
      )
    }

    const arrived = (batch: Batch, chunk: { readonly octets: Uint8Array }) => {
      const answers = unpackAnswers(chunk.octets)
      for (const frame of answers) {
        const job = batch.open.get(frame[0])
        if (job === undefined) continue
        batch.open.delete(frame[0])
        job.answer(codec.decodeAnswer(frame, job.task._tag))
      }
    }

    /** A runner asks whether it may start what must not run twice: yes, once in the batch's life. */
    const permit = (batch: Batch, token: string): Effect.Effect<void> => {
      if (batch.isStarted) {
        return Effect.sync(() => {
          for (const [id, job] of batch.open) {
            if (isRepeatable(job)) continue
            job.answer(lost(job, "its runner went away in the middle"))
            cancelSent(batch, id)
          }
        })
      }
      batch.isStarted = true
      return clientOf(entityId(batch.partition))
        .Start({ token })
        .pipe(
          Effect.map((isKnown) => {
            // The runner that asked is gone and never started; the one that comes next may ask again.
            if (!isKnown) batch.isStarted = false
          }),
          Effect.ignore
        )
    }

    const isRepeatable = (job: Job<any>): boolean => codec.kinds.get(job.task._tag)!.definition.repeatable

    const lost = (job: Job<any>, detail: string) =>
      Exit.fail(new Lost({ executor: name, kind: job.task._tag, how: "peer", detail }))

    const ended = (batch: Batch, exit: Exit.Exit<unknown, { readonly _tag: string }>) => {
      const { lane } = batch
      lane.inFlight--
      load[batch.partition]! -= batch.size
      const isFull =
        Exit.isFailure(exit) &&
        exit.cause.reasons.some((reason) => reason._tag === "Fail" && reason.error._tag === "MailboxFull")
      const again: Array<Job<any>> = []
      for (const job of batch.open.values()) {
        if (!job.isOpen) continue
        job.release = undefined
        if (isFull || isRepeatable(job) || !batch.isStarted) {
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

    /** Tasks given up that their runners do not know of yet, by partition. */
    const givenUp = new Map<number, Array<number>>()
    const cancelSent = (batch: Batch, id: number) => {
      batch.open.delete(id)
      const tasks = givenUp.get(batch.partition)
      if (tasks !== undefined) {
        tasks.push(id)
        return
      }
      const first = [id]
      givenUp.set(batch.partition, first)
      setImmediate(() => {
        givenUp.delete(batch.partition)
        launch(clientOf(entityId(batch.partition)).Cancel({ submitter, tasks: first }, { discard: true }))
      })
    }

    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        outstanding.close()
        isClosed = true
        return Fiber.interruptAll(fibers)
      })
    )

    return Executor.make<T>({
      name,
      kinds: (kind) => codec.kinds.has(kind),
      submitUnsafe: (task, onExit, _caller, watch) => {
        const job = outstanding.admit(task, onExit, watch)
        if (job === undefined) return Executor.nothingToCancel
        const lane = laneOf(task)
        lane.waiting.push(job)
        schedule(lane)
        return job.cancel
      },
      stats: outstanding.statsEffect(() => ({
        batches,
        tasksPerBatch: batches === 0 ? 0 : sent / batches,
        lanes: lanes.size
      }))
    })
  })

/** What `make` needs: the engine, and a scope. */
export type Requirements = Sharding.Sharding | Scope.Scope

/** The cluster of an app, as a service. */
export class ClusterExecutor extends Context.Service<ClusterExecutor, Cluster<any>>()(
  "@handoff/cluster/ClusterExecutor"
) {}

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

const { batch, batchesInFlight, outstanding, partitions, retryPause } = limits

/** The numbers of the strategy as settings, under `cluster`. */
export const section: Section.Section<{ readonly [K in keyof Tuning]-?: Setting.Setting<number> }, "cluster"> =
  Section.define("cluster", Section.ofLimits({ partitions, batch, batchesInFlight, outstanding, retryPause }))

/** The cluster in one configuration with other strategies, for core's `Strategies.make`; the engine is in the context. */
export const strategy = <T extends Task.Any>(
  options: Omit<Options<T>, keyof Tuning>
): Strategies.Strategy<T, never, Requirements, (typeof section)["fields"]> =>
  Strategies.define(section, (values) => make<T>({ ...options, ...values }))
