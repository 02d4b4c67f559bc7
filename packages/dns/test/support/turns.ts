/** Turns of the event loop, so that sockets get on while no time passes. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"

export const turns = (count: number) =>
  Effect.promise(async () => {
    for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
  })

/** Turns until it is so; fails when it never is. */
export const until = (test: () => boolean) =>
  Effect.gen(function* () {
    for (let i = 0; i < 20_000 && !test(); i++) yield* turns(1)
    assert.isTrue(test())
  })
