import { assert, describe, it } from "@effect/vitest"
import { type Bench, Markdown, Report, Runner } from "@handoff/bench"
import { fileURLToPath } from "node:url"

const measured = (work: string, subject: string, ...values: ReadonlyArray<number>): ReadonlyArray<Report.Measurement> =>
  values.map((value, round) => ({ work, subject, round, figures: { "calls/s": value } }))

describe("a bench report", () => {
  const all = [
    ...measured("w", "ours", 60, 100, 80),
    ...measured("w", "slow", 1, 1, 1),
    ...measured("w", "fast", 10, 20, 8)
  ]
  const goal: Bench.Goal = { work: "w", metric: "calls/s", subject: "ours", against: "best peer", atLeast: 6 }

  it("gives median and spread of every metric", () => {
    assert.deepStrictEqual(Report.rows(all)[0], {
      work: "w",
      subject: "ours",
      metric: "calls/s",
      unit: "calls/s",
      median: 80,
      min: 60,
      max: 100,
      runs: 3
    })
  })

  it("holds ours against the best peer, round by round", () => {
    assert.deepStrictEqual(Report.judge(all, goal), {
      work: "w",
      metric: "calls/s",
      subject: "ours",
      against: "fast",
      ratio: 6,
      reach: 6,
      sense: "at least",
      met: true
    })
    assert.isFalse(Report.judge(all, { ...goal, atLeast: 6.1 }).met)
  })

  it("holds ours against a figure, and the best peer is the lowest where less is better", () => {
    const { atLeast: _, ...atMost } = { ...goal, atMost: 1, against: 100 }
    assert.deepInclude(Report.judge(all, atMost), { ratio: 0.8, met: true, reach: 1, sense: "at most" })
    assert.strictEqual(Report.judge(all, { ...atMost, against: "best peer" }).against, "slow")
  })

  it("is a page that begins with the ratios, and draws figures as bars", () => {
    const run: Report.Run = { work: "w", date: "2026-11-28T20:15Z", mode: "full", load: 0.1, machine: { node: "Node" } }
    const missed = { ...goal, atLeast: 7 }
    const report = Report.make({ name: "a/b", works: [], goals: [goal, missed] }, [run], all, [])
    const page = Markdown.format([report], { order: 4 })
    assert.include(page, "order: 4")
    assert.include(page, "1 of 2 goals are met")
    assert.include(page, "Measured on Node.")
    assert.include(page, "Full rounds on 2026-11-28 at 20:15 UTC, load 0.1.")
    assert.isBelow(page.indexOf("**missed**"), page.indexOf("## a/b"))
    assert.isBelow(page.lastIndexOf("| ratio |"), page.indexOf("| ours | 80.0"))
    assert.strictEqual(Markdown.bar(10, 10), "█".repeat(24))
    assert.strictEqual(Markdown.bar(5, 10), "█".repeat(12))
    assert.strictEqual(Markdown.bar(0, 10), "")
  })

  it("does not call a goal met that was not measured", () => {
    assert.deepInclude(Report.judge(all, { ...goal, against: "absent" }), { ratio: null, met: false })
  })

  it("is made of fresh processes, and a wrong result is reported instead of timed", { timeout: 30_000 }, async () => {
    const lines: Array<string> = []
    const report = await Runner.run(fileURLToPath(new URL("./fixtures/sample.ts", import.meta.url)), {
      quick: true,
      rounds: 2,
      log: (line) => lines.push(line)
    })
    const pids = report.rows.find((row) => row.subject === "right")!
    assert.strictEqual(pids.runs, 2)
    assert.notStrictEqual(pids.min, pids.max)
    assert.deepStrictEqual(
      report.absent.map(({ subject }) => subject),
      ["wrong", "unchecked", "missing"]
    )
  })
})
