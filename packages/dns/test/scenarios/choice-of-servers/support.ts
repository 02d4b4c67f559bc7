import * as Effect from "effect/Effect"
import * as Scene from "../../support/Scene.ts"
import { a } from "../../support/ScriptedServer.ts"

export const after =
  (millis: number): Scene.Script =>
  (asked) => [Scene.served(asked, { answers: [a(asked.name, "192.0.2.7", 0)] }, millis)]
export const rcode =
  (rcode: number): Scene.Script =>
  (asked) => [{ message: Scene.reply(asked, { rcode }) }]

export const ask = (scene: Scene.Scene, count: number) =>
  Effect.gen(function* () {
    const times: Array<number> = []
    for (let i = 0; i < count; i++) {
      times.push((yield* Scene.passes(scene.dns.resolve(`n${i}-${scene.asked.length}.choice.example`, "A"))).elapsed)
    }
    return times
  })

export const share = (scene: Scene.Scene, server: string): number =>
  scene.asked.filter((one) => one.server === server).length / scene.asked.length

/** For real servers. */
export const zones = { "choice.example": Scene.zone("* 0 A 192.0.2.7") }
