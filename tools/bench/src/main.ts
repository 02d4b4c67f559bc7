/** `npm run bench -- <package>/<name>`: the command line of the bench harness. */
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs"
import path from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as Argument from "./Argument.ts"
import * as Figures from "./Figures.ts"
import * as Markdown from "./Markdown.ts"
import * as Readme from "./Readme.ts"
import * as Report from "./Report.ts"
import * as Runner from "./Runner.ts"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const usage = `usage: npm run bench -- [<package>[/<name>]] [--quick] [--json FILE] [--report FILE] [--work TEXT] [--subject TEXT] [--rounds N]
       npm run bench -- --from FILE [--report FILE]
       npm run bench -- --list

  nothing         all benches of all packages, and their report in bench-report.md
  <package>       all benches of the package, one after the other

  --quick         shorter and fewer rounds: ends within a minute, for a look
  --work TEXT     only works whose name contains TEXT (--subject likewise)
  --rounds N      rounds of each work
  --json FILE     put what was measured into the file; what it holds of other benches and works stays
  --report FILE   write all that the JSON file holds (or, without one, what was measured) as Markdown with bars
  --from FILE     measure nothing, and report what the JSON file holds

docs/figures.json brings along what is made of it: docs/explanation/figures.md, the table of claims in
docs/explanation/what-threads-are-good-for.md, and the tables of figures in the READMEs of the packages.

examples:
  npm run bench -- threads/handoff --quick
  npm run bench -- dns/resolver --json docs/figures.json --work "100 in flight"`

/** The figures of the documentation, the page that is made of them, and the page of claims; READMEs cite them, too. */
const documentation = {
  json: path.join(root, "docs/figures.json"),
  page: path.join(root, "docs/explanation/figures.md"),
  argument: path.join(root, "docs/explanation/what-threads-are-good-for.md")
}

const files = (): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  for (const file of globSync(["packages/*/bench/*.ts", "apps/*/bench/*.ts"], { cwd: root }).toSorted()) {
    const [, owner, , name] = file.split(path.sep)
    found.set(`${owner}/${path.basename(name!, ".ts")}`, path.join(root, file))
  }
  return found
}

const fail = (message: string): never => {
  process.stderr.write(`${message}\n\n${usage}\n`)
  process.exit(2)
}

const parsed = (() => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        list: { type: "boolean" },
        quick: { type: "boolean", default: false },
        json: { type: "string" },
        work: { type: "string" },
        subject: { type: "string" },
        rounds: { type: "string" },
        report: { type: "string" },
        from: { type: "string" },
        help: { type: "boolean", short: "h" }
      }
    })
  } catch (error) {
    return fail((error as Error).message)
  }
})()

/** Where the report of this JSON file goes, unless told otherwise. */
const pageOf = (json: string | undefined): string | undefined =>
  json !== undefined && path.resolve(json) === documentation.json ? documentation.page : undefined

const report = async (file: string | undefined, reports: ReadonlyArray<Report.Report>): Promise<void> => {
  if (file === undefined) return
  const isDocumentation = path.resolve(file) === documentation.page
  writeFileSync(file, Markdown.format(reports, isDocumentation ? { order: 4 } : {}))
  if (!isDocumentation) return
  const { argument } = documentation
  writeFileSync(argument, Argument.fill(readFileSync(argument, "utf8"), reports))
  const complete = Figures.complete(reports, await Promise.all([...files().values()].map(Runner.definitionOf)))
  for (const readme of Readme.readmes) {
    const page = path.join(root, readme.file)
    writeFileSync(page, Readme.fill(readFileSync(page, "utf8"), readme, complete))
  }
}

const { positionals, values } = parsed
if (values.help) {
  process.stdout.write(`${usage}\n`)
} else if (values.list) {
  process.stdout.write(`${[...files().keys()].join("\n")}\n`)
} else if (values.from !== undefined) {
  if (!existsSync(values.from)) fail(`there is no file ${values.from}`)
  const reports = Figures.read(values.from)
  for (const one of reports) process.stdout.write(`${Report.format(one)}\n`)
  await report(values.report ?? pageOf(values.from), reports)
} else {
  const name = (positionals[0] ?? "").replace(/^@handoff\//, "")
  const all = files()
  const chosen =
    name === ""
      ? [...all.keys()]
      : name.includes("/")
        ? [all.has(name) ? name : fail(`there is no bench ${name}; there are: ${[...all.keys()].join(", ")}`)]
        : [...all.keys()].filter((key) => key.startsWith(`${name}/`))
  if (chosen.length === 0) process.stdout.write(`${name} has no benches\n`)
  if (values.subject !== undefined && values.json !== undefined && existsSync(values.json)) {
    fail(`without all subjects there are no ratios: name a file that is not there yet, or leave --subject out`)
  }
  let known = values.json === undefined ? [] : Figures.read(values.json)
  const reports: Array<Report.Report> = []
  for (const one of chosen) {
    const measured = await Runner.run(all.get(one)!, {
      quick: values.quick,
      work: values.work,
      subject: values.subject,
      rounds: values.rounds === undefined ? undefined : Number(values.rounds),
      log: (line) => process.stderr.write(`${line}\n`)
    })
    process.stdout.write(`${Report.format(measured)}\n`)
    reports.push(measured)
    if (values.json === undefined) continue
    // Written after each bench: what a long run has measured is not lost with what follows.
    const before = known.find((report) => report.name === measured.name)
    const works = await Runner.works(all.get(one)!)
    known = Figures.replace(known, [Figures.merge(before, measured, works)], [...all.keys()])
    Figures.write(values.json, known)
    await report(values.report ?? pageOf(values.json), known)
  }
  if (values.json === undefined) await report(values.report ?? (name === "" ? "bench-report.md" : undefined), reports)
  else if (name === "" && values.report === undefined) await report("bench-report.md", known)
}
