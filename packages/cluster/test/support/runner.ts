/** A runner process for tests and benches: `runner.ts <database url> <port> [concurrency]`; prints "ready" once it serves. */
import { NodeRuntime } from "@effect/platform-node"
import type { Runner } from "@handoff/cluster"
import { layerRunner } from "@handoff/cluster/postgres"
import { Call, Direct } from "@handoff/core"
import { Threads } from "@handoff/threads"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { appendFileSync, existsSync } from "node:fs"
import { Wait, WaitOnce } from "./kinds.ts"

const [, , url, port, concurrency = "1024"] = process.argv
const { pid } = process

/** Looks for the file until it is there. */
const there = (file: string | undefined) =>
  file === undefined
    ? Effect.void
    : Effect.repeat(
        Effect.sync(() => existsSync(file)),
        { until: (is) => is, schedule: Schedule.spaced("20 millis") }
      )

/** An empty task costs no timer. */
const pause = (milliseconds: number) => (milliseconds === 0 ? Effect.void : Effect.sleep(milliseconds))

const program = Effect.gen(function* () {
  const threads = yield* Threads.make({ minThreads: 0, maxThreads: 1 })
  const executor = yield* Direct.make([
    Direct.handle(Wait, ({ milliseconds, n, until }) =>
      Effect.as(Effect.andThen(there(until), pause(milliseconds)), { n, pid })
    ),
    // Not on this loop: while it computes, the engine's connections go unanswered, and a runner counts as dead after 5.5 s.
    Direct.handle(Call, (call) => threads.run(call)),
    Direct.handle(WaitOnce, ({ file, milliseconds, n, until }) =>
      Effect.sync(() => appendFileSync(file, `${n} ${pid}\n`)).pipe(
        Effect.andThen(there(until)),
        Effect.andThen(pause(milliseconds)),
        Effect.tap(() => Effect.sync(() => until !== undefined && appendFileSync(file, `done ${n}\n`))),
        Effect.onInterrupt(() => Effect.sync(() => appendFileSync(file, `interrupted ${n}\n`))),
        Effect.as({ n, pid })
      )
    )
  ])
  const kinds: Runner.Options["kinds"] = [Wait, WaitOnce, Call]
  yield* Layer.build(
    layerRunner({ url: url!, host: "127.0.0.1", port: Number(port), kinds, executor, concurrency: Number(concurrency) })
  )
  yield* Effect.sync(() => console.log("ready"))
  return yield* Effect.never
})

NodeRuntime.runMain(Effect.scoped(program), { disableErrorReporting: false })
