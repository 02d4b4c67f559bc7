import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Call, type CallError, Executor, LookupHost, type LookupError, Task } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import type * as NetAddress from "effect/net/NetAddress"

describe("Task", () => {
  it("is data: what its codec encodes survives a structured clone", () => {
    const task = new LookupHost({ name: "host.example", family: "IPv4" })
    const wire = structuredClone(Schema.encodeSync(LookupHost.payload)(task))
    assert.deepStrictEqual(wire, { name: "host.example", family: "IPv4" })
    assert.strictEqual(task._tag, "LookupHost")
    assert.isTrue(Task.isTask(task))
    assert.isFalse(Task.isTask(wire))
  })

  it("carries its outcome types", () => {
    expectTypeOf<Task.Success<LookupHost>>().toEqualTypeOf<
      readonly [NetAddress.IpAddress, ...ReadonlyArray<NetAddress.IpAddress>]
    >()
    expectTypeOf<Task.Failure<LookupHost>>().toEqualTypeOf<LookupError>()
    expectTypeOf<Task.Success<Call<number>>>().toEqualTypeOf<number>()
    expectTypeOf<Task.Failure<Call<number>>>().toEqualTypeOf<CallError>()
  })
})

describe("Executor", () => {
  const counting = Executor.make<LookupHost>({
    name: "counting",
    kinds: ["LookupHost"],
    submitUnsafe: (_task, onExit) => {
      onExit(Exit.succeed([]))
      return () => {}
    },
    stats: Effect.succeed({ running: 0, queued: 0, done: 0, failed: 0, lost: 0, cancelled: 0, extra: {} })
  })

  it("that does not speak a kind cannot be handed it, as the compiler says", () => {
    expectTypeOf<Executor.Executor<LookupHost>>().not.toExtend<Executor.Executor<LookupHost | Call>>()
    expectTypeOf<Executor.Executor<LookupHost | Call>>().toExtend<Executor.Executor<LookupHost>>()
    // @ts-expect-error a Call is no LookupHost
    void counting.run(new Call({ module: "m", function: "f", args: [] }))
  })

  it.effect("that is handed one all the same, by configuration, answers Unsupported", () =>
    Effect.gen(function* () {
      const anything = counting as unknown as Executor.Executor<Call>
      const error = yield* Effect.flip(anything.run(new Call({ module: "m", function: "f", args: [] })))
      assert.strictEqual(error._tag, "Unsupported")
      assert.include(error.message, "counting does not run Call")
    })
  )
})
