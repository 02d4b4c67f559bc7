/**
 * What the engine promises, without the engine: messages to the runner that owns the entities, sent again to the next
 * owner when it crashes; durable ones saved first, each key once, and handled until one reply is saved. A test says when a
 * runner crashes: before a message, or after it was handled and before its reply is heard.
 *
 * Payloads are encoded each time they are sent, and decoded by whoever gets them, as over a wire.
 */
import { type Journal, Runner } from "@handoff/cluster"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as ClusterError from "effect/cluster/ClusterError"
import * as Entity from "effect/cluster/Entity"
import * as EntityAddress from "effect/cluster/EntityAddress"
import * as EntityId from "effect/cluster/EntityId"
import * as EntityType from "effect/cluster/EntityType"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as ShardId from "effect/cluster/ShardId"
import * as Sharding from "effect/cluster/Sharding"
import { TaskEntity } from "#src/TaskEntity"

type Tag = "Run" | "Start" | "RunDurable" | "Cancel" | "Forget"
type Hook = (payload: any) => Effect.Effect<void, any>
type Handlers = Record<Tag, (request: { readonly payload: any }) => any>

/** A runner process, as long as it lives. */
class Host {
  isAlive = true
  readonly fibers = new Set<Fiber.Fiber<unknown, unknown>>()
  readonly entities = new Map<string, Effect.Effect<Handlers>>()
  readonly build: (entityId: string) => Effect.Effect<Handlers>
  constructor(build: (entityId: string) => Effect.Effect<Handlers>) {
    this.build = build
  }
  handlers(entityId: string): Effect.Effect<Handlers> {
    let one = this.entities.get(entityId)
    if (one === undefined) {
      one = Effect.runSync(Effect.cached(this.build(entityId)))
      this.entities.set(entityId, one)
    }
    return one
  }
}

interface Saved {
  readonly entityId: string
  readonly encoded: unknown
  reply: Exit.Exit<any, any> | undefined
  isInterrupted: boolean
}

export class Engine {
  private owner: Host | undefined
  /** Saved and not forgotten durable messages, by key. */
  readonly saved = new Map<string, Saved>()
  /** Run before a message is given to its runner; may crash it, or fail as the engine would. */
  readonly before: Partial<Record<Tag, Hook>> = {}
  /** Run when it was handled, before its reply is heard. */
  readonly after: Partial<Record<Tag, Hook>> = {}
  /** Run when a durable message was saved, before its sender hears that it was; may fail. */
  afterSave: Hook = () => Effect.void
  /** How often each message was given to a runner. */
  readonly given: Record<Tag, number> = { Run: 0, Start: 0, RunDurable: 0, Cancel: 0, Forget: 0 }

  /**
   * Starts a runner, which owns all entities from now on. One that owned them and lives finishes what it has, as it does
   * when the engine moves an entity.
   */
  start(options: Runner.Options): Effect.Effect<void, never, Journal.Journal> {
    return Effect.gen({ self: this }, function* () {
      let build!: (entityId: string) => Effect.Effect<Handlers>
      const registering = Sharding.Sharding.of({
        registerEntity: (_entity: unknown, handlers: Effect.Effect<Handlers, never, any>) =>
          Effect.map(Effect.context<any>(), (context) => {
            build = (entityId) =>
              handlers.pipe(
                Effect.provideService(Entity.CurrentAddress, address(entityId)),
                Effect.provideService(Entity.CurrentRunnerAddress, RunnerAddress.make("127.0.0.1", 1)),
                Effect.provideContext(context)
              )
          })
      } as never)
      yield* Effect.scoped(
        Layer.build(Layer.provide(Runner.layer(options), Layer.succeed(Sharding.Sharding, registering)))
      )
      this.owner = new Host(build)
    })
  }

  /** The owner is gone at once, with all that it did; nobody owns anything until another is started. */
  readonly crash: Effect.Effect<void> = Effect.suspend(() => {
    const { owner } = this
    if (owner === undefined) return Effect.void
    owner.isAlive = false
    this.owner = undefined
    for (const fiber of owner.fibers) fiber.interruptUnsafe()
    return Effect.void
  })

  /** What a submitter is given. */
  readonly layer = Layer.sync(Sharding.Sharding, () =>
    Sharding.Sharding.of({
      getShardId: () => ShardId.make("default", 1),
      makeClient: () => Effect.succeed((entityId: string) => this.client(entityId))
    } as never)
  )

  private client(entityId: string) {
    const call = (tag: Tag) => (payload: any) => this.call(tag, entityId, payload)
    return {
      Run: (payload: any) => this.run(entityId, payload),
      RunDurable: (payload: any) => this.runDurable(entityId, payload),
      Start: call("Start"),
      Cancel: call("Cancel"),
      Forget: call("Forget")
    }
  }

  private readonly someOwner: Effect.Effect<Host> = Effect.suspend(() =>
    Effect.as(Effect.repeat(Effect.yieldNow, { until: () => this.owner !== undefined }), undefined)
  ).pipe(Effect.map(() => this.owner!))

  /** Runs an effect on a host; `undefined` if that died first. */
  private on<A, E>(host: Host, effect: Effect.Effect<A, E>): Effect.Effect<Exit.Exit<A, E> | undefined> {
    return Effect.callback((resume) => {
      if (!host.isAlive) return resume(Effect.succeed(undefined))
      const fiber = Effect.runFork(effect)
      host.fibers.add(fiber)
      fiber.addObserver((exit) => {
        host.fibers.delete(fiber)
        resume(Effect.succeed(host.isAlive ? exit : undefined))
      })
      return Fiber.interrupt(fiber)
    })
  }

  private call(tag: Tag, entityId: string, payload: any): Effect.Effect<any, any> {
    return Effect.gen({ self: this }, function* () {
      for (;;) {
        const host = yield* this.someOwner
        yield* this.before[tag]?.(payload) ?? Effect.void
        if (host !== this.owner) continue
        const arrived = decode(tag, encode(tag, payload))
        this.given[tag]++
        const handlers = yield* host.handlers(entityId)
        const exit = yield* this.on(
          host,
          Effect.suspend(() => handlers[tag]({ payload: arrived }) as Effect.Effect<any, any>)
        )
        yield* this.after[tag]?.(payload) ?? Effect.void
        if (exit !== undefined && host.isAlive) return yield* exit
      }
    })
  }

  private run(entityId: string, payload: any): Stream.Stream<any, any> {
    return Stream.callback<any, any>(
      (queue) =>
        Effect.gen({ self: this }, function* () {
          for (;;) {
            const host = yield* this.someOwner
            yield* this.before.Run?.(payload) ?? Effect.void
            if (host !== this.owner) continue
            const arrived = decode("Run", encode("Run", payload))
            this.given.Run++
            const handlers = yield* host.handlers(entityId)
            const exit = yield* this.on(
              host,
              Effect.suspend(() =>
                Stream.runForEach(handlers.Run({ payload: arrived }) as Stream.Stream<any>, (chunk) =>
                  Effect.sync(() => {
                    if (host.isAlive) Queue.offerUnsafe(queue, chunk)
                  })
                )
              )
            )
            if (exit === undefined) continue
            return yield* Exit.isSuccess(exit)
              ? Queue.end(queue)
              : Queue.failCause(queue, exit.cause as Cause.Cause<any>)
          }
        }).pipe(Effect.catchCause((cause) => Queue.failCause(queue, cause))) as Effect.Effect<void>
    )
  }

  private runDurable(entityId: string, payload: any): Effect.Effect<any, any> {
    return Effect.gen({ self: this }, function* () {
      const key = `${payload.submitter}/${payload.batch}`
      let saved = this.saved.get(key)
      if (saved === undefined) {
        saved = { entityId, encoded: encode("RunDurable", payload), reply: undefined, isInterrupted: false }
        this.saved.set(key, saved)
        Effect.runFork(this.handle(saved))
      }
      const kept = saved
      yield* this.afterSave(payload)
      yield* Effect.repeat(Effect.yieldNow, { until: () => kept.reply !== undefined })
      return yield* kept.reply!
    })
  }

  /** Until one owner has handled it and its reply is saved. */
  private handle(saved: Saved): Effect.Effect<void, any> {
    return Effect.gen({ self: this }, function* () {
      for (;;) {
        const host = yield* this.someOwner
        yield* this.before.RunDurable?.(saved) ?? Effect.void
        if (host !== this.owner) continue
        this.given.RunDurable++
        const handlers = yield* host.handlers(saved.entityId)
        const arrived = decode("RunDurable", saved.encoded)
        const exit = yield* this.on(
          host,
          Effect.suspend(() => handlers.RunDurable({ payload: arrived }) as Effect.Effect<any>)
        )
        yield* this.after.RunDurable?.(saved) ?? Effect.void
        if (exit === undefined || !host.isAlive) continue
        saved.reply ??= exit
        return
      }
    })
  }
}

/** A connection that broke in the middle of a statement. */
export const persistenceError = new ClusterError.PersistenceError({
  cause: Cause.die(new Error("the connection ended"))
})

const address = (entityId: string) =>
  EntityAddress.make({
    shardId: ShardId.make("default", 1),
    entityType: EntityType.make("HandoffTasks"),
    entityId: EntityId.make(entityId)
  })

const codecOf = (tag: Tag): Schema.Codec<any, any> =>
  Schema.toCodecJson((TaskEntity.protocol.requests.get(tag) as any).payloadSchema) as unknown as Schema.Codec<any, any>
const encode = (tag: Tag, payload: any): unknown => {
  const { payloadSchema } = TaskEntity.protocol.requests.get(tag) as any
  return Schema.encodeSync(codecOf(tag))(payloadSchema.make(payload))
}
const decode = (tag: Tag, encoded: unknown): any => Schema.decodeUnknownSync(codecOf(tag))(encoded)
