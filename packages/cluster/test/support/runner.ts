/** A runner process for tests and benches: `runner.ts <database url> <port> [concurrency]`; prints "ready" once it serves. */
import { NodeRuntime } from "@effect/platform-node"
import type { Runner } from "@handoff/cluster"
import { layerRunner } from "@handoff/cluster/postgres"
import { Direct } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { appendFileSync } from "node:fs"
import { Wait, WaitOnce } from "./kinds.ts"

const [, , url, port, concurrency = "1024"] = process.argv
const { pid } = process

const program = Effect.gen(function* () {
  const executor = yield* Direct.make([
    Direct.handle(Wait, ({ milliseconds, n }) => Effect.as(Effect.sleep(milliseconds), { n, pid })),
    Direct.handle(WaitOnce, ({ file, milliseconds, n }) =>
      Effect.sync(() => appendFileSync(file, `${n}\n`)).pipe(
        Effect.andThen(Effect.sleep(milliseconds)),
        Effect.as({ n, pid })
      )
    )
  ])
  const kinds: Runner.Options["kinds"] = [Wait, WaitOnce]
  yield* Layer.build(
    layerRunner({ url: url!, host: "127.0.0.1", port: Number(port), kinds, executor, concurrency: Number(concurrency) })
  )
  yield* Effect.sync(() => console.log("ready"))
  return yield* Effect.never
})

NodeRuntime.runMain(Effect.scoped(program), { disableErrorReporting: false })
