import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Cost from "#demo/program/Cost"

describe("what work costs", () => {
  it.live("has the time and the processor of getting ready, but not the event loop's delay by it", () =>
    Effect.gen(function* () {
      const [prepared, cost] = yield* Cost.measure(
        Effect.map(Effect.sleep(20), () => {
          const end = performance.now() + 500
          while (performance.now() < end);
          return "ready"
        })
      )
      assert.strictEqual(prepared, "ready")
      // The loop is looked at when it turns.
      for (let turn = 0; turn < 10; turn++) yield* Effect.sleep(2)
      const { cpuSeconds, loopDelay, seconds } = yield* cost
      assert.isAtLeast(seconds, 0.5)
      assert.isAbove(cpuSeconds, 0.1)
      assert.isBelow(loopDelay.max, 400)
    }).pipe(Effect.scoped)
  )
})
