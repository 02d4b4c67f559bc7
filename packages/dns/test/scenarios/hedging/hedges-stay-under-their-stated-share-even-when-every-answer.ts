// hedges stay under their stated share even when every answer is late
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { after, ask } from "./support.ts"

export default Effect.gen(function* () {
  const scene = yield* Scene.make(
    { "192.0.2.1": (asked) => after(asked.index < 20 ? 5 : 45)(asked), "192.0.2.2": after(60) },
    { hedgeShare: 0.05 }
  )
  yield* ask(scene, 300)
  const { hedges, questions } = scene.dns.resolver.counters
  assert.isTrue(hedges <= 1 + 0.05 * questions, `${hedges} hedges of ${questions} questions`)
})
