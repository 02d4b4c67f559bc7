import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { a } from "../../support/ScriptedServer.ts"

export const after =
  (millis: number): Scene.Script =>
  (asked) => [Scene.served(asked, { answers: [a(asked.name, "192.0.2.7", 0)] }, millis)]
export const ask = (scene: Scene.Scene, count: number) =>
  Effect.gen(function* () {
    const times: Array<number> = []
    for (let i = 0; i < count; i++) {
      times.push((yield* Scene.passes(scene.dns.resolve(`n${i}-${scene.asked.length}.hedging.example`, "A"))).elapsed)
    }
    return times
  })

export const slowOnce = (millis: number): Scene.Script => {
  return (asked) => after(asked.index === 30 ? millis : 5)(asked)
}

export const longest = (hedgeShare: number) =>
  Effect.gen(function* () {
    const scene = yield* Scene.make({ "192.0.2.1": slowOnce(400), "192.0.2.2": after(8) }, { hedgeShare })
    const times = yield* ask(scene, 40)
    return { scene, most: Math.max(...times) }
  })

/** For real servers. */
export const zones = { "hedging.example": Scene.zone("* 0 A 192.0.2.7") }
