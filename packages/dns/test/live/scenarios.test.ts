/**
 * The scenarios of `../scenarios` once more, the very same files, with real name servers (`Peers.ts`) behind real sockets:
 * what a script says is served comes from the server, which must say what the script claims, and what else happens on the
 * network is done by a proxy between us and it (`RealStage.ts`). So a scenario that passes in memory passes for what servers
 * really say. Each server is started once for all.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { afterAll, beforeAll } from "vitest"
import * as Peers from "../support/Peers.ts"
import * as RealStage from "../support/RealStage.ts"
import * as Scenarios from "../support/scenarios.ts"
import { Stage } from "../support/Scene.ts"
import * as leftOut from "./leftOut.ts"

let running: Peers.Running
beforeAll(async () => {
  running = await Peers.start({ zones: await Scenarios.zones(), probe: "ns.lab", cookies: false })
}, 60_000)
afterAll(() => running.stop(), 20_000)

const scenarios = (await Promise.all(Scenarios.folders.map(Scenarios.read))).flat()
const files = new Set(scenarios.map(({ file, folder }) => `${folder}/${file}`))

it("what is left out is there, and stands on one list only", () => {
  for (const list of [leftOut.everywhere, ...Object.values(leftOut.by)]) {
    for (const file of Object.keys(list)) assert.isTrue(files.has(file), `${file} is no scenario`)
  }
  for (const list of Object.values(leftOut.by)) {
    for (const file of Object.keys(list)) assert.notProperty(leftOut.everywhere, file)
  }
})

for (const peer of Peers.all) {
  describe.skipIf(Peers.absent(peer) !== undefined)(`with ${peer.name}`, () => {
    let server: RealStage.RealServer
    const answers = new Map<string, number>()
    let played = 0

    beforeAll(() => {
      server = new RealStage.RealServer(running.ports.get(peer.name)!)
    })
    afterAll(() => {
      server.close()
      console.log(`${peer.name}: ${played} scenarios of ${answers.size} files, ${server.answers} answers of its own`)
    })

    for (const { effect, file, folder, sentence } of scenarios) {
      const place = `${folder}/${file}`
      if (place in leftOut.everywhere || place in (leftOut.by[peer.name] ?? {})) continue
      it.effect(`${folder}: ${sentence}`, () => {
        const stage = RealStage.make(server)
        const before = server.answers
        return effect.pipe(
          Effect.scoped,
          Effect.provideService(Stage, stage),
          Effect.ensuring(
            Effect.sync(() => {
              played++
              answers.set(place, (answers.get(place) ?? 0) + server.answers - before)
              assert.deepStrictEqual(stage.faults, [])
            })
          )
        )
      })
    }

    it("every file has had answers of the server's own", () => {
      assert.deepStrictEqual(
        [...answers].filter(([, count]) => count === 0).map(([place]) => place),
        []
      )
    })
  })
}
