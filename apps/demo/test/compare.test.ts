import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import * as Choice from "#demo/compare/Choice"
import * as Spread from "#demo/compare/Spread"
import { handoff } from "./support/command.ts"
import { aNetwork } from "./support/network.ts"
import { folder } from "./support/folder.ts"

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
        const inside = yield* folder
        const [html, json] = [Path.join(inside, "c.html"), Path.join(inside, "c.json")]
        const args = [
          "compare",
          "--hosts",
          "5",
          "--rounds",
          "2",
          "--network",
          aNetwork(),
          "--span",
          "200",
          "--html",
          html,
          "--json",
          json
        ]
        const end = yield* handoff([...args, "--choices", "reactor dns,reactor+call=reactor"])
        assert.strictEqual(end.code, 0, end.stderr)
        assert.deepStrictEqual(
          end.stderr.split("\n").filter((line) => /^round \d of 2: (?!files)/.test(line)),
          [1, 2].flatMap((round) =>
            ["reactor", "dns,reactor+call=reactor"].map((choice) => `round ${round} of 2: ${choice}`)
          )
        )
        assert.notInclude(end.stderr, "still open")
        assert.match(
          end.stdout,
          /^choice +strategies +done +failed +seconds +processor, s +memory, MiB +loop delay p99, ms$/m
        )
        // Two rounds may cost the same to the last digit; then there is nothing between them to be shown.
        const whole = String.raw`\d+(?: \(\d+ to \d+\))?`
        const tenths = String.raw`\d+\.\d(?: \(\d+\.\d to \d+\.\d\))?`
        const figures = [tenths, tenths, whole, tenths].join(" +")
        for (const row of ["reactor +reactor", "dns,reactor\\+call=reactor +dns,reactor \\(call: reactor\\)"]) {
          assert.match(end.stdout, new RegExp(`^${row} +\\d+ +\\d+ +${figures}$`, "m"))
        }
        const { files, surveys } = JSON.parse(yield* Effect.promise(() => Fs.readFile(json, "utf8")))
        assert.strictEqual(surveys.length, 2)
        for (const { done, failed, ...row } of surveys) {
          assert.strictEqual(done + failed, 5)
          for (const figure of ["seconds", "cpuSeconds", "memoryMiB", "delayP99"]) {
            const { max, median, min } = row[figure]
            assert.isAbove(min, 0, figure)
            assert.isAtMost(min, median, figure)
            assert.isAtMost(median, max, figure)
          }
        }
        assert.deepStrictEqual(
          files.map(({ source }: any) => source),
          ["nobody", "dns.lookup", "dns.lookup, one thread", "threads", "reactor", "dns"]
        )
        const of = (source: string) => files.find((row: any) => row.source === source)
        // 32 names at a time, each answered after 50 ms: with half of four threads they queue, with ours they do not.
        assert.isAbove(of("dns.lookup").name.median, 3 * of("dns").name.median)
        // The only thread is in a name for 50 ms at a time.
        assert.isAbove(of("dns.lookup, one thread").file.median, 50)
        const page = yield* Effect.promise(() => Fs.readFile(html, "utf8"))
        assert.include(page, "<svg")
        assert.notInclude(page, "<script")
      }).pipe(Effect.scoped),
    // Sixteen processes, one after the other.
    240_000
  )
})
