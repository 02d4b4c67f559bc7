/** What the page is told, and shows, of a cluster: its runners and their shards. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Message, Sample } from "#demo/serve/shared/Event"
import { start, until } from "./support/command.ts"
import * as Browsers from "./support/browser.ts"
import * as Databases from "./support/database.ts"
import { type Serving, serve, silence } from "./support/serving.ts"

for (const absent of [Browsers.absent, Databases.absent]) if (absent !== undefined) console.log(`not run: ${absent}`)

const patience = 60_000

/** Surveys a port that never answers, so that there is something to see for as long as it takes. */
const survey = (serving: Serving, port: number) =>
  Effect.promise(() =>
    serving.post("/api/survey", {
      source: "list",
      list: `127.0.0.1 ${port}`,
      executor: "cluster",
      timeout: "60000"
    })
  )

/** The first sample with so many runners. */
const sampleWith = async (serving: Serving, runners: number): Promise<Sample> => {
  const abort = new AbortController()
  const response = await serving.ask("/api/events", { signal: abort.signal })
  let text = ""
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    text += piece
    const blocks = text.split("\n\n")
    text = blocks.pop()!
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1]
      const message = data === undefined ? undefined : (JSON.parse(data) as Message)
      if (message?._tag !== "Sample" || message.sample.strategies.every(({ members }) => members.length !== runners))
        continue
      abort.abort()
      return message.sample
    }
  }
  throw new Error("the stream of events ended")
}

describe("a survey on a cluster", () => {
  it.live(
    "tells the page its runners, their shards and the tasks on their way to them",
    () =>
      Effect.gen(function* () {
        const serving = yield* serve()
        assert.strictEqual((yield* survey(serving, yield* silence)).status, 202)
        const { strategies } = yield* Effect.promise(() => sampleWith(serving, 1))
        const cluster = strategies.find(({ name }) => name === "cluster")!
        assert.deepInclude(cluster.figures, { runners: 1, runnersAway: 0, shards: 300 })
        assert.deepStrictEqual(
          cluster.members.map(({ figures, kind }) => [kind, figures["shards"]]),
          [["runner", 300]]
        )
        yield* Effect.promise(() => serving.post("/api/stop"))
      }),
    patience
  )

  it.live.skipIf(Databases.absent !== undefined)(
    "tells the page two runners that share the shards, and who has them when one ends",
    () =>
      Effect.gen(function* () {
        const env = { HANDOFF_DATABASE: yield* Databases.database }
        const runner = Effect.gen(function* () {
          const port = yield* Databases.freePort
          const running = yield* Effect.acquireRelease(
            Effect.sync(() => start(["runner", "--port", String(port)], env)),
            ({ child, ended }) =>
              Effect.promise(() => {
                child.kill("SIGKILL")
                return ended
              })
          )
          yield* until(running, ({ stdout }) => stdout().includes("runs tasks on"))
          return { ...running, address: `127.0.0.1:${port}` }
        })
        const [first, second] = yield* Effect.all([runner, runner], { concurrency: 2 })
        const serving = yield* serve({ env })
        assert.strictEqual((yield* survey(serving, yield* silence)).status, 202)
        const shared = yield* Effect.promise(() => sampleWith(serving, 2))
        const shards = new Map(
          shared.strategies
            .find(({ name }) => name === "cluster")!
            .members.map(({ figures, id }) => [id, figures["shards"]!])
        )
        assert.sameMembers([...shards.keys()], [first.address, second.address])
        assert.strictEqual(shards.get(first.address)! + shards.get(second.address)!, 300)
        assert.isAbove(Math.min(...shards.values()), 75)
        first.child.kill("SIGINT")
        const alone = yield* Effect.promise(() => sampleWith(serving, 1))
        assert.deepStrictEqual(
          alone.strategies
            .find(({ name }) => name === "cluster")!
            .members.map(({ figures, id }) => [id, figures["shards"]]),
          [[second.address, 300]]
        )
        yield* Effect.promise(() => serving.post("/api/stop"))
      }),
    2 * patience
  )

  it.live.skipIf(Browsers.absent !== undefined)(
    "is shown with a row for each runner",
    () =>
      Effect.gen(function* () {
        const serving = yield* serve()
        assert.strictEqual((yield* survey(serving, yield* silence)).status, 202)
        const browser = yield* Effect.acquireRelease(
          Effect.promise(() => Browsers.launch()),
          (browser) => Effect.promise(() => browser.close())
        )
        const shown = yield* Effect.promise(async () => {
          const page = await browser.newPage()
          await page.goto(`${serving.origin}/?token=${serving.token}`)
          const table = page.getByRole("table", { name: "Each runner of cluster" })
          await table.waitFor({ timeout: patience - 10_000 })
          return table.innerText()
        })
        assert.match(shown, /runner.*shards/is)
        assert.match(shown, /localhost:34431.*300/s)
      }),
    patience
  )
})
