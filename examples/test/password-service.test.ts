import { assert, describe, it } from "@effect/vitest"
import { NodeHttpServer } from "@effect/platform-node"
import { Threads } from "@handoff/threads"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { HttpBody, HttpClient, HttpRouter } from "effect/http"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { deflateSync } from "node:zlib"
import * as Png from "../password-service/Png.ts"
import { routes } from "../password-service/service.ts"

const service = (options: Threads.Options = {}) =>
  HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provideMerge(NodeHttpServer.layerTest),
    Layer.provideMerge(Threads.layer({ maxThreads: 2, ...options }))
  )

const post = (url: string, body: HttpBody.HttpBody) => HttpClient.post(url, { body })
const hash = (password: string) => post("/passwords", HttpBody.text(password))

/** A picture of four flat quarters. */
const quarters = (width: number, height: number, channels: number): Png.Image => ({
  width,
  height,
  channels,
  pixels: Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const pixel = Math.floor(i / channels)
    return ((pixel % width < width / 2 ? 10 : 90) + (pixel < (width * height) / 2 ? 0 : 100)) & 0xff
  })
})

describe("the password service", () => {
  it.live("hashes and checks", () =>
    Effect.gen(function* () {
      const hashes = yield* Effect.forEach(
        ["correct horse", "battery staple"],
        (password) => Effect.flatMap(hash(password), (response) => response.text),
        { concurrency: "unbounded" }
      )
      const check = (password: string, stored: string) =>
        Effect.flatMap(
          post(`/passwords/check?hash=${encodeURIComponent(stored)}`, HttpBody.text(password)),
          (response) => response.text
        )
      assert.strictEqual(yield* check("correct horse", hashes[0]!), "yes")
      assert.strictEqual(yield* check("correct horse", hashes[1]!), "no")
      assert.strictEqual((yield* post("/passwords/check?hash=nonsense", HttpBody.text("x"))).status, 400)
      assert.strictEqual((yield* hash("x".repeat(2000))).status, 413)
    }).pipe(Effect.provide(service()))
  )

  it.live("resizes a PNG, and refuses what is none", () =>
    Effect.gen(function* () {
      for (const channels of [1, 2, 3, 4]) {
        const image = Png.encode(quarters(64, 32, channels))
        const response = yield* post("/thumbnails?width=2", HttpBody.uint8Array(image))
        assert.strictEqual(response.headers["content-type"], "image/png")
        const small = Png.decode(new Uint8Array(yield* response.arrayBuffer))
        assert.deepStrictEqual({ ...small }, { ...Png.resize(quarters(64, 32, channels), 2) })
        assert.deepStrictEqual(
          [...small.pixels.subarray(0, channels)],
          Array.from({ length: channels }, () => 60)
        )
      }
      assert.strictEqual((yield* post("/thumbnails?width=2", HttpBody.text("GIF89a"))).status, 400)
      const larger = Png.encode(quarters(8, 8, 3))
      assert.strictEqual((yield* post("/thumbnails?width=9", HttpBody.uint8Array(larger))).status, 400)
    }).pipe(Effect.provide(service()))
  )

  it.live("goes on with its loop while both work, and says 503 when the pool is full", () =>
    Effect.gen(function* () {
      const image = Png.encode(quarters(2000, 1500, 3))
      yield* Effect.all([hash("warm"), post("/thumbnails?width=100", HttpBody.uint8Array(image))])
      const loop = monitorEventLoopDelay({ resolution: 5 })
      loop.enable()
      const answers = yield* Effect.all(
        [
          ...Array.from({ length: 2 }, () => post("/thumbnails?width=200", HttpBody.uint8Array(image))),
          ...Array.from({ length: 12 }, (_, i) => hash(`password ${i}`))
        ],
        { concurrency: "unbounded" }
      )
      loop.disable()
      const statuses = answers.map(({ status }) => status)
      assert.isAbove(statuses.filter((status) => status === 200).length, 2, String(statuses))
      assert.include(statuses, 503)
      // One resize or hash alone takes longer than the loop ever stood still; the median is not moved by a busy machine.
      assert.isBelow(loop.percentile(50) / 1e6, 20)
    }).pipe(Effect.provide(service({ queueLimit: 4, whenFull: "reject" })))
  )
})

describe("its PNGs", () => {
  it("are read with every filter", () => {
    const { height, pixels, width } = quarters(5, 10, 3)
    const stride = width * 3
    const rows: Array<number> = []
    for (let y = 0; y < height; y++) {
      const filter = y % 5
      rows.push(filter)
      for (let x = 0; x < stride; x++) {
        const left = x < 3 ? 0 : pixels[y * stride + x - 3]!
        const up = y === 0 ? 0 : pixels[(y - 1) * stride + x]!
        const corner = x < 3 || y === 0 ? 0 : pixels[(y - 1) * stride + x - 3]!
        const p = left + up - corner
        const nearest = [left, up, corner].reduce((a, b) => (Math.abs(p - b) < Math.abs(p - a) ? b : a))
        rows.push(pixels[y * stride + x]! - [0, left, up, (left + up) >> 1, nearest][filter]!)
      }
    }
    // The file of another filter: our own, with its rows replaced.
    const plain = Buffer.from(Png.encode(quarters(5, 10, 3)))
    const start = plain.indexOf("IDAT") - 4
    const data = deflateSync(Uint8Array.from(rows))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(data.length)
    const file = Buffer.concat([plain.subarray(0, start), length, Buffer.from("IDAT"), data, Buffer.alloc(4)])
    assert.deepStrictEqual(Png.decode(file).pixels, pixels)
  })

  it("are refused when they are cut off, too large, or of a kind it does not read", () => {
    const file = Buffer.from(Png.encode(quarters(8, 8, 3)))
    assert.throws(() => Png.decode(file.subarray(0, 50)))
    const huge = Buffer.from(file)
    huge.writeUInt32BE(1_000_000, 16)
    huge.writeUInt32BE(1_000_000, 20)
    assert.throws(() => Png.decode(huge), /too large/)
    const palette = Buffer.from(file)
    palette[25] = 3
    assert.throws(() => Png.decode(palette), /palette/)
  })
})
