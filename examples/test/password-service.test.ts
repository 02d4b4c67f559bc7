import { assert, it } from "@effect/vitest"
import { NodeHttpServer } from "@effect/platform-node"
import { Threads } from "@handoff/threads"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { HttpBody, HttpClient, HttpRouter } from "effect/http"
import { gunzipSync } from "node:zlib"
import { routes } from "../password-service/service.ts"

const service = HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
  Layer.provideMerge(NodeHttpServer.layerTest),
  Layer.provideMerge(Threads.layer({ maxThreads: 2 }))
)

const post = (url: string, body: HttpBody.HttpBody) => HttpClient.post(url, { body })

it.live(
  "the password service hashes, checks and shrinks off its loop",
  () =>
    Effect.gen(function* () {
      const hashes = yield* Effect.forEach(
        ["correct horse", "battery staple"],
        (password) => Effect.flatMap(post("/passwords", HttpBody.text(password)), (response) => response.text),
        { concurrency: "unbounded" }
      )
      const check = (password: string, hash: string) =>
        Effect.flatMap(
          post(`/passwords/check?hash=${encodeURIComponent(hash)}`, HttpBody.text(password)),
          (response) => response.text
        )
      assert.strictEqual(yield* check("correct horse", hashes[0]!), "yes")
      assert.strictEqual(yield* check("correct horse", hashes[1]!), "no")
      assert.strictEqual((yield* post("/passwords/check?hash=nonsense", HttpBody.text("x"))).status, 400)

      const image = yield* post("/thumbnails?width=4", HttpBody.uint8Array(new Uint8Array(16).fill(8)))
      assert.deepStrictEqual(
        new Uint8Array(gunzipSync(new Uint8Array(yield* image.arrayBuffer))),
        new Uint8Array(4).fill(8)
      )
    }).pipe(Effect.provide(service)),
  30_000
)
