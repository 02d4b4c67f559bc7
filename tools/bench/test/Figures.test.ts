/** Figures that are measured piece by piece, and the page of the documentation that is made of them. */
import { assert, describe, it } from "@effect/vitest"
import { Argument, type Bench, Figures, Markdown, Readme, Report, Runner } from "@handoff/bench"
import { execFileSync, spawnSync } from "node:child_process"
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../../", import.meta.url))

const run = (work: string, date: string, mode: Report.Run["mode"] = "full"): Report.Run => ({
  work,
  date,
  mode,
  load: 0,
  machine: { node: "Node" }
})

/** A bench of works "a" and "b", in which only these were measured, ours as large as told. */
const measured = (date: string, figures: Readonly<Record<string, number>>, works = ["a", "b"]): Report.Report =>
  Report.make(
    {
      name: "p/bench",
      works: [],
      goals: works.map((work) => ({ work, metric: "m", subject: "ours", against: "theirs", atLeast: 1 }))
    },
    Object.keys(figures).map((work) => run(work, date)),
    Object.entries(figures).flatMap(([work, value]) => [
      { work, subject: "ours", round: 0, figures: { m: value } },
      { work, subject: "theirs", round: 0, figures: { m: 10 } }
    ]),
    []
  )

const ratios = ({ goals }: Report.Report) => goals.map(({ ratio }) => ratio)

describe("figures", () => {
  it("of one work take the place of its earlier ones, and the others keep theirs with their date", () => {
    const first = measured("2026-01-01T00:00Z", { a: 10, b: 20 })
    const both = Figures.merge(first, measured("2026-02-02T00:00Z", { a: 30 }), ["a", "b"])
    assert.deepStrictEqual(ratios(both), [3, 2])
    assert.deepStrictEqual(
      both.runs.map(({ date, work }) => [work, date.slice(0, 4 + 3)]),
      [
        ["a", "2026-02"],
        ["b", "2026-01"]
      ]
    )
    assert.deepStrictEqual(
      both.rows.filter(({ subject }) => subject === "ours").map(({ median }) => median),
      [30, 20]
    )
  })

  it("of works and goals that the bench has no more are dropped", () => {
    const first = measured("2026-01-01T00:00Z", { a: 10, gone: 20 }, ["a", "gone"])
    const now = Figures.merge(first, measured("2026-02-02T00:00Z", { b: 10 }), ["a", "b"])
    assert.deepStrictEqual(
      now.runs.map(({ work }) => work),
      ["a", "b"]
    )
    assert.deepStrictEqual(ratios(now), [1, 1])
  })

  it("of two goals that differ only in the peer are not mixed up", () => {
    const goals = ["theirs", "others"].map((against): Bench.Goal => ({
      work: "a",
      metric: "m",
      subject: "ours",
      against,
      atLeast: 1
    }))
    const all = [
      { subject: "ours", value: 12 },
      { subject: "theirs", value: 4 },
      { subject: "others", value: 3 }
    ].map(({ subject, value }) => ({ work: "a", subject, round: 0, figures: { m: value } }))
    const definition = { name: "p/bench", works: [], goals }
    const first = Report.make(definition, [run("a", "2026-01-01T00:00Z")], all, [])
    assert.deepStrictEqual(ratios(Figures.merge(first, Report.make(definition, [], [], []), ["a"])), [3, 4])
  })

  it("of one bench leave the other benches in the file as they are", () => {
    const one = measured("2026-01-01T00:00Z", { a: 10 })
    const other = { ...one, name: "q/bench" }
    const again = measured("2026-02-02T00:00Z", { a: 20 })
    assert.deepStrictEqual(Figures.replace([other, one], [again], ["p/bench", "q/bench"]), [again, other])
    assert.deepStrictEqual(Figures.replace([other, one], [], ["p/bench"]), [one])
  })

  it("are read as they were written, and there are none where there is no file", () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "handoff-figures-"))
    try {
      const out = path.join(folder, "new/figures.json")
      assert.deepStrictEqual(Figures.read(out), [])
      const one = measured("2026-01-01T00:00Z", { a: 10, b: 20 })
      Figures.write(out, [one, { ...one, name: "q" }])
      assert.deepStrictEqual(Figures.read(out), [one, { ...one, name: "q" }])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe("the figures in a README", () => {
  const readme: Readme.Readme = {
    file: "packages/p/README.md",
    rows: [
      ["p/bench", "a"],
      ["p/bench", "b"]
    ]
  }
  const definition: Bench.Definition = {
    name: "p/bench",
    works: [],
    goals: [
      ...["a", "b", "c"].map((work) => ({ work, metric: "m", subject: "ours", against: "theirs", atLeast: 1 })),
      { work: "a", metric: "m, ms", subject: "ours", against: 20, atMost: 2 }
    ]
  }
  const page = "# P\n\n<!-- figures -->\n\nold\n\n<!-- end -->\n\nAfter.\n"
  const told = (reports: ReadonlyArray<Report.Report>): ReadonlyArray<string> =>
    Readme.fill(page, readme, Figures.complete(reports, [definition]))
      .split("\n")
      .map((line) => line.replaceAll(/ {2,}/g, " "))

  it("are what was measured, beside whom, and whether the goal is met; what was not measured says so", () => {
    const lines = told([measured("2026-02-02T00:00Z", { a: 30 })])
    assert.includeMembers(
      [...lines],
      [
        "| a: m | 30.0 (ours) | 10.0 (theirs) | 3 | ratio at least 1 | met | 2026-02-02 |",
        "| a: m, ms | not measured (ours) | | | at most 40 ms | | |",
        "| b: m | not measured (ours) | theirs | | ratio at least 1 | | |",
        "All goals of `p/bench`: 1 met, 0 missed, 3 not measured. [All figures](../../docs/explanation/figures.md); " +
          "`npm run bench` writes this table."
      ]
    )
    assert.deepStrictEqual([lines[0], lines.at(-2)], ["# P", "After."])
    assert.notInclude(lines, "old")
    assert.include(told([measured("2026-02-02T00:00Z", { a: 5 })]).join("\n"), "| missed |")
  })

  it("stand there without any having been measured", () => {
    assert.strictEqual(told([]).filter((line) => line.includes("not measured (ours)")).length, 3)
  })
})

/** What bench files define, as data; by Node, since the test runner's loader takes a minute to read all that they compare. */
const defined = (benches: ReadonlyArray<string>): ReadonlyArray<Bench.Definition> => {
  const script = `const files = ${JSON.stringify(benches.map((one) => path.join(root, one)))}
    const modules = await Promise.all(files.map((file) => import(file)))
    console.log(JSON.stringify(modules.map((module) => module.default)))
    process.exit(0)`
  const parameters = ["--conditions=@handoff/source", "--input-type=module", "-e", script]
  return JSON.parse(execFileSync(process.execPath, parameters, { encoding: "utf8" })) as Array<Bench.Definition>
}

describe("the figures of the documentation", () => {
  const file = path.join(root, "docs/figures.json")
  const page = path.join(root, "docs/explanation/figures.md")

  it("are all on their page, which is written by `npm run bench -- --from docs/figures.json`", () => {
    assert.strictEqual(readFileSync(page, "utf8"), Markdown.format(Figures.read(file), { order: 4 }))
  })

  it("are those that the page of claims cites, written by the same command", () => {
    const argument = readFileSync(path.join(root, "docs/explanation/what-threads-are-good-for.md"), "utf8")
    assert.strictEqual(argument, Argument.fill(argument, Figures.read(file)))
  })

  it(
    "are those that READMEs cite, written by the same command; each row is a goal of its bench",
    { timeout: 120_000 },
    () => {
      const benches = globSync(["packages/*/bench/*.ts", "apps/*/bench/*.ts"], { cwd: root }).toSorted()
      const definitions = defined(benches)
      const reports = Figures.complete(Figures.read(file), definitions)
      for (const readme of Readme.readmes) {
        const text = readFileSync(path.join(root, readme.file), "utf8")
        assert.strictEqual(
          text,
          Readme.fill(text, readme, reports),
          `${readme.file}: npm run bench -- --from docs/figures.json`
        )
        for (const row of readme.rows) assert.isNotEmpty(Readme.goalsOf(row, reports), row.join(": "))
      }
      const cited = new Set(Readme.readmes.flatMap(({ rows }) => rows.map(([bench]) => bench)))
      assert.sameMembers(
        [...cited],
        definitions.map(({ name }) => name)
      )
    }
  )

  it("and those of a claim are of a work that its bench has, and measured if the work was", async () => {
    const reports = Figures.read(file)
    for (const { against, bench, metric, subject, work } of Argument.claims) {
      const [owner, name] = bench.split("/")
      const [home] = globSync(`{packages,apps}/${owner}/bench/${name}.ts`, { cwd: root })
      assert.isDefined(home, bench)
      assert.include(await Runner.works(path.join(root, home)), work)
      const report = reports.find((one) => one.name === bench)
      if (report?.runs.some((run) => run.work === work) !== true) continue
      const subjects = report.rows.filter((row) => row.work === work && row.metric === metric).map((row) => row.subject)
      assert.includeMembers(subjects, against === undefined ? [subject] : [subject, against])
    }
  })

  it("are of benches that there are, each work with its date and machine", () => {
    const benches = globSync(["packages/*/bench/*.ts", "apps/*/bench/*.ts"], { cwd: root }).map((one) => {
      const [, owner, , name] = one.split(path.sep)
      return `${owner}/${path.basename(name!, ".ts")}`
    })
    for (const report of Figures.read(file)) {
      assert.include(benches, report.name)
      const told = new Set(report.runs.map(({ work }) => work))
      assert.deepStrictEqual(
        report.rows.filter(({ work }) => !told.has(work)),
        []
      )
      for (const { date, machine } of report.runs) {
        assert.match(date, /^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/)
        assert.containsAllKeys(machine, ["cpu", "cores", "memory", "system", "node"])
      }
    }
  })

  it("are reported without being measured again", () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "handoff-figures-"))
    try {
      const out = path.join(folder, "report.md")
      const main = path.join(root, "tools/bench/src/main.ts")
      const told = (...parameters: ReadonlyArray<string>) =>
        spawnSync(process.execPath, ["--conditions=@handoff/source", main, ...parameters], { encoding: "utf8" })
      const { status, stderr } = told("--from", file, "--report", out)
      assert.strictEqual(status, 0, stderr)
      assert.strictEqual(readFileSync(out, "utf8"), Markdown.format(Figures.read(file)))
      const { status: refused, stderr: why } = told("core/overhead", "--subject", "x", "--json", file)
      assert.strictEqual(refused, 2)
      assert.match(why, /without all subjects there are no ratios/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
