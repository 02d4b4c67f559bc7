/** Random lives of a completion queue: whatever happens in whatever order, every ticket is reported exactly once. */
import { assert, describe, it } from "@effect/vitest"
import { type Call, CompletionQueue } from "@handoff/core"
import { Random, Stepper } from "@handoff/testing"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { answer, samples } from "./samples.ts"

type Seen = CompletionQueue.Completion<Call<any>, number>

/** Time for what is woken in microtasks, and for what that wakes. */
const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

const live = Effect.fnUntraced(function* (seed: number) {
  const random = Random.make(seed)
  const capacity = 1 + random.below(12)
  const own = yield* Scope.make()
  const stepper = yield* Scope.provide(Stepper.make<Call<any>>({ kinds: ["Call"], answer }), own)
  const order = random.pick(["finish", "input"] as const)
  const queue = yield* CompletionQueue.make<Call<any>, number>(stepper.executor, { capacity, order })
  const tickets = new Map<number, CompletionQueue.Ticket>()
  const seen: Array<Seen> = []
  const submitters: Array<Fiber.Fiber<unknown, unknown>> = []
  const takers: Array<Fiber.Fiber<unknown, unknown>> = []
  let tag = 0

  const submit = Effect.suspend(() => {
    const mine = tag++
    // Not interruptible between the hand-off and the note of it, or the model would lose count.
    return Effect.uninterruptibleMask((restore) =>
      Effect.tap(restore(queue.submit(samples.succeed(mine).task, mine)), (ticket) =>
        Effect.sync(() => tickets.set(mine, ticket))
      )
    )
  })
  const take = Effect.uninterruptibleMask((restore) =>
    Effect.tap(restore(queue.take), (completion) => Effect.sync(() => seen.push(completion)))
  )
  const fork = (effect: Effect.Effect<unknown, unknown>) =>
    Effect.forkChild(Effect.exit(effect), { startImmediately: true })

  const moves: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
    Effect.tap(fork(submit), (fiber) => Effect.sync(() => submitters.push(fiber))),
    Effect.tap(fork(submit), (fiber) => Effect.sync(() => submitters.push(fiber))),
    Effect.tap(fork(take), (fiber) => Effect.sync(() => takers.push(fiber))),
    Effect.map(queue.poll, (one) => Option.isSome(one) && seen.push(one.value)),
    turn,
    Effect.sync(() => stepper.stepAny(random)),
    Effect.sync(() => stepper.stepAny(random)),
    Effect.sync(() => stepper.waiting[0]?.lose("crash")),
    Effect.suspend(() => (tickets.size === 0 ? Effect.void : queue.cancel(random.pick([...tickets.values()])))),
    Effect.suspend(() => {
      const waiting = random.below(2) === 0 ? submitters : takers
      return waiting.length === 0 ? Effect.void : Fiber.interrupt(random.pick(waiting))
    }),
    Effect.yieldNow
  ]
  for (let i = 0; i < 200; i++) {
    yield* Effect.exit(random.pick(moves))
    const { finished, outstanding } = yield* queue.stats
    assert.isAtMost(outstanding + finished, capacity)
    if (i % 10 === 0) {
      yield* turn
      const { finished, outstanding, waitingToSubmit, waitingToTake } = yield* queue.stats
      if (waitingToSubmit > 0) assert.strictEqual(outstanding + finished, capacity, "one waits although there is room")
      if (waitingToTake > 0 && order === "finish")
        assert.strictEqual(finished, 0, "one waits although there is something")
    }
    if (random.below(150) === 0) yield* Scope.close(own, Exit.void)
  }
  // The end: by close, by drain, or by the executor's close.
  const end = random.pick(["close", "drain", "executor"] as const)
  if (end === "executor") yield* Scope.close(own, Exit.void)
  const ended = yield* fork(end === "close" ? queue.close : queue.drain)
  while (stepper.waiting.length > 0) stepper.stepAny(random)
  yield* Effect.forEach(submitters, Fiber.await)
  const rest = yield* Effect.exit(Effect.forever(take))
  assert.isTrue(Exit.isFailure(rest))
  yield* Fiber.await(ended)
  yield* Effect.forEach(takers, Fiber.await)
  return { order, seen, tickets }
})

describe("a completion queue", () => {
  for (let seed = 1; seed <= 40; seed++) {
    it.effect(`reports every ticket once, in a life of its own (seed ${seed})`, () =>
      Effect.gen(function* () {
        const { order, seen, tickets } = yield* live(seed)
        const reported = seen.map((one) => one.ticket.number)
        assert.sameMembers(
          reported,
          [...tickets.values()].map((ticket) => ticket.number)
        )
        assert.strictEqual(new Set(reported).size, reported.length)
        if (order === "input")
          assert.deepStrictEqual(
            reported,
            reported.toSorted((a, b) => a - b)
          )
        for (const one of seen) {
          if (Exit.isSuccess(one.exit)) assert.strictEqual(one.exit.value, one.tag * 2)
        }
      })
    )
  }
})
