import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Choice from "#demo/compare/Choice"
import * as Spread from "#demo/compare/Spread"
import { handoff } from "./command.ts"
import { aNetwork } from "./network.ts"

describe("a spread", () => {
  it("is the median, the least and the most", () => {
    assert.deepStrictEqual(Spread.of([3, 1, 2]), { median: 2, min: 1, max: 3 })
    assert.deepStrictEqual(Spread.of([10, 2, 4, 1]), { median: 3, min: 1, max: 10 })
    assert.strictEqual(Spread.format(Spread.of([3, 1, 2]), 1), "2.0 (1.0 to 3.0)")
  })
})

describe("a choice", () => {
  it("is a list of strategies, then kinds", () => {
    assert.deepStrictEqual(Choice.parse("dns,reactor+call=threads").flags, ["--executor=dns,reactor", "--call=threads"])
  })
})

describe("handoff compare", () => {
  it.live(
    "alternates choices, prints medians and spread, and writes a page and every figure",
    () =>
      Effect.gen(function* () {
        const folder = yield* Effect.acquireRelease(
          Effect.promise(() => Fs.mkdtemp(Path.join(Os.tmpdir(), "handoff-test-"))),
          (folder) => Effect.promise(() => Fs.rm(folder, { recursive: true }))
        )
        const [html, json] = [Path.join(folder, "c.html"), Path.join(folder, "c.json")]
        const args = [
          "compare",
          "--hosts",
          "5",
          "--rounds",
          "2",
          "--network",
          aNetwork(),
          "--html",
          html,
          "--json",
          json
        ]
        const end = yield* handoff([...args, "--choices", "reactor dns,reactor+call=reactor"])
        assert.strictEqual(end.code, 0, end.stderr)
        assert.deepStrictEqual(
          end.stderr.split("\n").filter((line) => line.startsWith("round")),
          [1, 2].flatMap((round) =>
            ["reactor", "dns,reactor+call=reactor"].map((choice) => `round ${round} of 2: ${choice}`)
          )
        )
        assert.notInclude(end.stderr, "still open")
        assert.match(end.stdout, /^reactor +reactor +\d+ +\d+ +[\d.]+ /m)
        const { files, surveys } = JSON.parse(yield* Effect.promise(() => Fs.readFile(json, "utf8")))
        assert.strictEqual(surveys.length, 2)
        for (const { done, failed, seconds } of surveys) {
          assert.strictEqual(done + failed, 5)
          assert.isAtMost(seconds.min, seconds.median)
          assert.isAtMost(seconds.median, seconds.max)
        }
        assert.strictEqual(files.length, 5)
        const page = yield* Effect.promise(() => Fs.readFile(html, "utf8"))
        assert.include(page, "<svg")
        assert.notInclude(page, "<script")
      }).pipe(Effect.scoped),
    90_000
  )
})
