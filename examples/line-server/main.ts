/**
 * `npm run line-server -w examples`: the server on loopback, until it is told to end. Talk to it with `nc 127.0.0.1 7007`:
 * `set a 1`, `get a`, `count`, `quit`. `PORT` chooses another port, 0 a free one.
 */
import { NodeRuntime } from "@effect/platform-node"
import * as Effect from "effect/Effect"
import { serve } from "./server.ts"

const program = Effect.gen(function* () {
  const { port } = yield* serve(Number(process.env["PORT"] ?? 7007))
  console.log(`listening on 127.0.0.1:${port}`)
  yield* Effect.never
})

NodeRuntime.runMain(Effect.scoped(program))
