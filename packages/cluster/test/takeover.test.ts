/** What becomes of tasks whose runner dies, or whose messages are lost, at the moments that matter. */
import { assert, describe, it } from "@effect/vitest"
import { Cluster, Journal } from "@handoff/cluster"
import { Direct, isExecutorError, Task } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Schema from "effect/Schema"
import { Engine, persistenceError } from "./support/Engine.ts"

/** May run again. */
class Again extends Task.make("Again", { payload: { n: Schema.Int }, success: Schema.String, repeatable: true }) {}
/** Must not run twice. */
class Once extends Task.make("Once", { payload: { n: Schema.Int }, success: Schema.String }) {}
type Tasks = Again | Once

/** Runners whose tasks wait until they are let go, and which note what began and what was given up. */
const runner = (name: string) =>
  Effect.gen(function* () {
    const began: Array<string> = []
    const gaveUp: Array<string> = []
    const letGo = new Set<number>()
    const work = (task: Tasks) =>
      Effect.sync(() => began.push(`${task._tag} ${task.n}`)).pipe(
        Effect.andThen(Effect.repeat(Effect.yieldNow, { until: () => letGo.has(task.n) })),
        Effect.as(`${task.n} on ${name}`),
        Effect.onInterrupt(() => Effect.sync(() => gaveUp.push(`${task._tag} ${task.n}`)))
      )
    const executor = yield* Direct.make([Direct.handle(Again, work), Direct.handle(Once, work)])
    return { began, gaveUp, letGo, options: { kinds: [Again, Once], executor } }
  })

const setting = (options?: Partial<Cluster.Options<Tasks>>) =>
  Effect.gen(function* () {
    const engine = new Engine()
    const [first, second] = [yield* runner("first"), yield* runner("second")]
    yield* engine.start(first.options)
    const executor = yield* Cluster.make<Tasks>({
      kinds: [Again, Once],
      partitions: 1,
      batchesInFlight: 2,
      retryPause: 1,
      ...options
    }).pipe(Effect.provide(engine.layer))
    const journal = yield* Journal.Journal
    const move = Effect.provideService(engine.start(second.options), Journal.Journal, journal)
    const takeOver = Effect.andThen(engine.crash, move)
    return { engine, executor, first, move, second, takeOver }
  })

/** Waits for what happens by itself, turn by turn. */
const until = (condition: () => boolean) => Effect.repeat(Effect.yieldNow, { until: condition })

const isLost = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) &&
  exit.cause.reasons.some(
    ({ _tag, ...rest }: any) =>
      _tag === "Fail" && isExecutorError(rest.error) && rest.error._tag === "Lost" && rest.error.how === "peer"
  )

const all = [1, 2, 3]

const scenario = (name: string, effect: () => Effect.Effect<void, any, Journal.Journal | Scope.Scope>) =>
  it.live(name, () => Effect.scoped(Effect.provide(effect(), Journal.layerMemory)), 10_000)

describe("a volatile task that must not run twice", () => {
  scenario("is Lost when its runner dies between its start and the word that it started", () =>
    Effect.gen(function* () {
      const { engine, executor, first, second, takeOver } = yield* setting()
      let deaths = 0
      engine.after.Start = () => (deaths++ === 0 ? takeOver : Effect.void)
      second.letGo.add(1)
      const exit = yield* Effect.exit(executor.run(new Once({ n: 1 })))
      assert.deepStrictEqual(first.began, ["Once 1"])
      assert.deepStrictEqual(second.began, [])
      assert.isTrue(isLost(exit), String(exit))
    })
  )

  scenario("is Lost when its runner dies once it runs", () =>
    Effect.gen(function* () {
      const { executor, first, second, takeOver } = yield* setting()
      const fiber = yield* Effect.forkChild(Effect.exit(executor.run(new Once({ n: 1 }))))
      yield* until(() => first.began.length === 1)
      yield* takeOver
      assert.isTrue(isLost(yield* Fiber.join(fiber)))
      assert.deepStrictEqual(second.began, [])
    })
  )

  scenario("is Lost when it moves to another runner before the first has heard that it may start, and makes room", () =>
    Effect.gen(function* () {
      const { engine, executor, first, move, second } = yield* setting({ batchesInFlight: 1 })
      let moves = 0
      engine.before.Start = () => (moves++ === 0 ? move : Effect.void)
      for (const { letGo } of [first, second]) for (const n of [1, 9]) letGo.add(n)
      assert.isTrue(isLost(yield* Effect.exit(executor.run(new Once({ n: 1 })))))
      assert.deepStrictEqual([first.began, second.began], [[], []])
      assert.strictEqual(yield* executor.run(new Once({ n: 9 })), "9 on second")
    })
  )

  scenario("is Lost while others of its message run again", () =>
    Effect.gen(function* () {
      const { executor, first, second, takeOver } = yield* setting()
      const once = yield* Effect.forkChild(Effect.exit(executor.run(new Once({ n: 1 }))))
      // Two messages of two tasks each.
      const fibers = yield* Effect.forEach([2, 3, 4], (n) => Effect.forkChild(executor.run(new Again({ n }))))
      yield* until(() => first.began.length === 4)
      for (const n of [1, 2, 3, 4]) second.letGo.add(n)
      yield* takeOver
      assert.isTrue(isLost(yield* Fiber.join(once)))
      assert.deepStrictEqual(yield* Fiber.joinAll(fibers), ["2 on second", "3 on second", "4 on second"])
      assert.sameMembers(second.began, ["Again 2", "Again 3", "Again 4"])
    })
  )

  scenario("runs on another runner when the first dies before it is asked to start", () =>
    Effect.gen(function* () {
      const { engine, executor, first, second, takeOver } = yield* setting()
      let deaths = 0
      engine.before.Run = () => (deaths++ === 0 ? takeOver : Effect.void)
      second.letGo.add(1)
      assert.strictEqual(yield* executor.run(new Once({ n: 1 })), "1 on second")
      assert.deepStrictEqual(first.began, [])
    })
  )

  scenario("starts later when the runner's mailbox was full at that moment", () =>
    Effect.gen(function* () {
      const { engine, executor, first } = yield* setting()
      let refusals = 0
      engine.before.Start = () => (refusals++ < 3 ? Effect.fail({ _tag: "MailboxFull" }) : Effect.void)
      first.letGo.add(1)
      assert.strictEqual(yield* executor.run(new Once({ n: 1 })), "1 on first")
    })
  )

  scenario("is Lost, and not sent again, when the next runner's mailbox is full", () =>
    Effect.gen(function* () {
      const { engine, executor, first, second, takeOver } = yield* setting()
      const fiber = yield* Effect.forkChild(Effect.exit(executor.run(new Once({ n: 1 }))))
      yield* until(() => first.began.length === 1)
      let refusals = 0
      engine.before.Run = () => (refusals++ === 0 ? Effect.fail({ _tag: "MailboxFull" }) : Effect.void)
      second.letGo.add(1)
      yield* takeOver
      assert.isTrue(isLost(yield* Fiber.join(fiber)))
      assert.deepStrictEqual(second.began, [])
    })
  )
})

describe("a message whose runner died", () => {
  scenario("makes room for the next one, though part of it was answered and part given up", () =>
    Effect.gen(function* () {
      const { executor, first, second, takeOver } = yield* setting()
      const fibers = yield* Effect.forEach(all, (n) => Effect.forkChild(Effect.exit(executor.run(new Once({ n })))))
      yield* until(() => first.began.length === 3)
      first.letGo.add(1)
      assert.deepStrictEqual(yield* Fiber.join(fibers[0]!), Exit.succeed("1 on first"))
      yield* Fiber.interrupt(fibers[1]!)
      yield* takeOver
      assert.isTrue(isLost(yield* Fiber.join(fibers[2]!)))
      // One hangs in each of the other messages that may be on their way, so this one needs the room of the first.
      yield* Effect.forkChild(executor.run(new Again({ n: 8 })))
      yield* until(() => second.began.includes("Again 8"))
      second.letGo.add(9)
      assert.strictEqual(yield* executor.run(new Again({ n: 9 })), "9 on second")
    })
  )

  scenario("is sent again without what was answered or given up meanwhile", () =>
    Effect.gen(function* () {
      const { executor, first, second, takeOver } = yield* setting()
      // Two messages of three tasks each.
      const fibers = yield* Effect.forEach([1, 2, 3, 4, 5, 6], (n) => Effect.forkChild(executor.run(new Again({ n }))))
      yield* until(() => first.began.length === 6)
      first.letGo.add(1)
      yield* Fiber.join(fibers[0]!)
      yield* Fiber.interrupt(fibers[1]!)
      yield* until(() => first.gaveUp.length === 1)
      for (const n of [3, 4, 5, 6]) second.letGo.add(n)
      yield* takeOver
      assert.strictEqual(yield* Fiber.join(fibers[2]!), "3 on second")
      yield* Fiber.joinAll(fibers.slice(3))
      assert.sameMembers(second.began, ["Again 3", "Again 4", "Again 5", "Again 6"])
    })
  )

  scenario("is not sent again at all once everything in it was given up", () =>
    Effect.gen(function* () {
      const { executor, first, second, takeOver } = yield* setting()
      const fibers = yield* Effect.forEach(all, (n) => Effect.forkChild(executor.run(new Again({ n }))))
      yield* until(() => first.began.length === 3)
      yield* Fiber.interruptAll(fibers)
      yield* takeOver
      second.letGo.add(9)
      assert.strictEqual(yield* executor.run(new Again({ n: 9 })), "9 on second")
      assert.deepStrictEqual(second.began, ["Again 9"])
    })
  )
})

describe("a durable task", () => {
  const durable = { durable: ["Again", "Once"] as const }

  scenario("that was given up is not run again by the runner that takes over", () =>
    Effect.gen(function* () {
      const { engine, executor, first, second, takeOver } = yield* setting(durable)
      const fibers = yield* Effect.forEach(all, (n) => Effect.forkChild(executor.run(new Again({ n }))))
      yield* until(() => first.began.length === 3)
      yield* Fiber.interrupt(fibers[0]!)
      yield* until(() => first.gaveUp.length === 1 && engine.given.Cancel === 1)
      for (const n of [2, 3]) second.letGo.add(n)
      yield* takeOver
      assert.deepStrictEqual(yield* Fiber.joinAll(fibers.slice(1)), ["2 on second", "3 on second"])
      assert.deepStrictEqual(second.began, ["Again 2", "Again 3"])
    })
  )

  for (const [when, journal] of [
    ["before the task itself", {}],
    ["before the task itself, and the journal is slow to note it", { giveUp: () => Effect.never }],
    ["while the journal is asked", { enter: "after Cancel" }]
  ] as const) {
    scenario(`that was given up does not run when the word of that comes ${when}`, () =>
      Effect.gen(function* () {
        const kept = yield* Journal.Journal
        const told = until(() => engine.given.Cancel === 1)
        const isLate = "enter" in journal
        const slow = Journal.Journal.of({
          ...kept,
          ...("giveUp" in journal && { giveUp: journal.giveUp }),
          ...(isLate && { enter: (batch, tasks) => Effect.tap(kept.enter(batch, tasks), () => told) })
        })
        const setUp = Effect.provideService(setting(durable), Journal.Journal, slow)
        const { engine, executor, first } = yield* setUp
        // The runner reads the batch from storage only after the word of the submitter has come by wire.
        if (!isLate) engine.before.RunDurable = () => told
        for (const n of [1, 2, 3, 4]) first.letGo.add(n)
        // Two messages of two tasks each.
        const fibers = yield* Effect.forEach([1, 2, 3, 4], (n) => Effect.forkChild(executor.run(new Again({ n }))))
        yield* until(() => engine.saved.size === 2 && (!isLate || engine.given.RunDurable === 2))
        yield* Fiber.interrupt(fibers[0]!)
        assert.strictEqual(yield* Fiber.join(fibers[1]!), "2 on first")
        yield* Fiber.joinAll(fibers.slice(2))
        assert.sameMembers(first.began, ["Again 2", "Again 3", "Again 4"])
      })
    )
  }

  scenario("that must not run twice is Lost when the engine ends its message without an answer", () =>
    Effect.gen(function* () {
      const { engine, executor, first } = yield* setting(durable)
      first.letGo.add(1)
      engine.after.RunDurable = (saved) => Effect.sync(() => void (saved.reply = Exit.interrupt()))
      assert.isTrue(isLost(yield* Effect.exit(executor.run(new Once({ n: 1 })))))
      assert.deepStrictEqual(first.began, ["Once 1"])
    })
  )

  scenario("runs once when the database saved its message and the word of that was lost", () =>
    Effect.gen(function* () {
      const { engine, executor, first } = yield* setting(durable)
      let losses = 0
      engine.afterSave = () => (losses++ === 0 ? Effect.fail(persistenceError) : Effect.void)
      first.letGo.add(1)
      assert.strictEqual(yield* executor.run(new Once({ n: 1 })), "1 on first")
      assert.deepStrictEqual(first.began, ["Once 1"])
      assert.strictEqual(engine.saved.size, 1)
    })
  )

  scenario("that must not run twice is Lost when its runner died with it, and its neighbour runs again", () =>
    Effect.gen(function* () {
      const { executor, first, second, takeOver } = yield* setting(durable)
      const once = yield* Effect.forkChild(Effect.exit(executor.run(new Once({ n: 1 }))))
      const again = yield* Effect.forkChild(executor.run(new Again({ n: 2 })))
      yield* until(() => first.began.length === 2)
      second.letGo.add(2)
      yield* takeOver
      assert.strictEqual(yield* Fiber.join(again), "2 on second")
      assert.isTrue(isLost(yield* Fiber.join(once)))
      assert.deepStrictEqual(second.began, ["Again 2"])
    })
  )
})
