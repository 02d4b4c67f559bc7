/** What the compiler must refuse: an executor that does not speak a kind cannot be handed it where that is known. */
import { assert, expectTypeOf, it } from "@effect/vitest"
import {
  Call,
  type CompletionQueue,
  Direct,
  type DnsBridge,
  type Executor,
  type Exchange,
  LookupAddress,
  LookupHost,
  type ExecutorError,
  type LookupError,
  Router,
  type Shared,
  type Task
} from "@handoff/core"
import * as Effect from "effect/Effect"
import type * as NetAddress from "effect/net/NetAddress"

declare const lookups: Executor.Executor<LookupHost | LookupAddress>
declare const shared: Executor.Executor<Shared>
declare const exchange: Exchange
declare const queue: CompletionQueue.CompletionQueue<LookupHost, string>

/** Compiled, never run. */
export const refused = () => [
  // @ts-expect-error an executor of lookups takes no Call
  lookups.run(new Call({ module: "", function: "", args: [] })),
  // @ts-expect-error nor an Exchange by the callback
  lookups.submitUnsafe(exchange, () => {}),
  // @ts-expect-error one that speaks less is not one that speaks more
  lookups satisfies Executor.Executor<Shared>,
  // @ts-expect-error a Dns needs all three lookups
  lookups satisfies Executor.Executor<DnsBridge.Lookups>,
  // @ts-expect-error a queue of lookups takes no Call
  queue.submit(new Call({ module: "", function: "", args: [] }), "tag"),
  // @ts-expect-error the tag has its type
  queue.submit(new LookupHost({ name: "a" }), 1),
  // @ts-expect-error a handler answers with its kind's success type
  Direct.handle(LookupHost, () => Effect.succeed("not addresses"))
]

export const accepted = () => [
  shared satisfies Executor.Executor<LookupHost>,
  shared satisfies Executor.Executor<DnsBridge.Lookups>,
  lookups.run(new LookupHost({ name: "a" })) satisfies Effect.Effect<
    readonly [NetAddress.IpAddress, ...Array<NetAddress.IpAddress>],
    LookupError | ExecutorError
  >
]

expectTypeOf<Executor.Tasks<typeof lookups>>().toEqualTypeOf<LookupHost | LookupAddress>()
expectTypeOf<Task.Success<Call<number>>>().toEqualTypeOf<number>()
expectTypeOf<Task.Failure<LookupHost>>().toEqualTypeOf<LookupError>()

it("a router of two takes what either takes, and runs it", async () => {
  const program = Effect.gen(function* () {
    const calls = yield* Direct.make([Direct.handle(Call, () => Effect.succeed(1))], { name: "calls" })
    const names = yield* Direct.make([Direct.handle(LookupAddress, () => Effect.die("not asked"))], { name: "names" })
    const router = yield* Router.make([calls, names])
    expectTypeOf(router).toExtend<Executor.Executor<Call | LookupAddress>>()
    expectTypeOf(router).not.toExtend<Executor.Executor<LookupHost>>()
    return yield* router.run(new Call<number>({ module: "", function: "", args: [] }))
  })
  assert.strictEqual(await Effect.runPromise(Effect.scoped(program)), 1)
})
