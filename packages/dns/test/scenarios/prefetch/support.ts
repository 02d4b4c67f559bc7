import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { a } from "../../support/ScriptedServer.ts"

export const found =
  (ttl: number): Scene.Script =>
  (asked) => [Scene.served(asked, { answers: [a(asked.name, "192.0.2.7", ttl)] })]
export const hot = (prefetch: boolean) =>
  Effect.gen(function* () {
    const scene = yield* Scene.make({ "192.0.2.1": found(100) }, { cache: { prefetch } })
    for (let i = 0; i < 5; i++) yield* Scene.passes(scene.dns.resolve("x.prefetch.example", "A"))
    yield* Scene.rest("95 seconds")
    yield* Scene.passes(scene.dns.resolve("x.prefetch.example", "A"))
    yield* Scene.rest("10 seconds")
    const { elapsed } = yield* Scene.passes(scene.dns.resolve("x.prefetch.example", "A"))
    return { elapsed, questions: scene.asked.length }
  })

/** For real servers. */
export const zones = { "prefetch.example": Scene.zone("* 100 A 192.0.2.7") }
