// who asks while the servers are still waited for in vain gets the old answer at once

import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { dies } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make({ "192.0.2.1": dies(10) })
  yield* Scene.passes(scene.dns.resolve("x.stale.example", "A"))
  yield* Scene.rest("60 seconds")
  const first = yield* Scene.passes(scene.dns.resolve("x.stale.example", "A"))
  assert.isTrue(first.value.stale && first.elapsed >= 1_800 && first.elapsed < 1_820, `${first.elapsed} ms`)
  const second = yield* Scene.passes(scene.dns.resolve("x.stale.example", "A"))
  assert.isTrue(second.value.stale && second.elapsed <= 1, `${second.elapsed} ms`)
})
