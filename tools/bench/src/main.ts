/** `npm run bench -- <package>/<name>`: the command line of the bench harness. */
import { globSync, mkdirSync, writeFileSync } from "node:fs"
import path from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as Markdown from "./Markdown.ts"
import * as Report from "./Report.ts"
import * as Runner from "./Runner.ts"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const usage = `usage: npm run bench -- [<package>[/<name>]] [--quick] [--json FILE] [--work TEXT] [--subject TEXT] [--rounds N]
       npm run bench -- --list

  nothing         all benches of all packages, and their report in bench-report.md
  <package>       all benches of the package, one after the other; the JSON is then a list of reports

  --quick         shorter and fewer rounds: ends within a minute, for a look
  --json FILE     write the report as JSON too
  --work TEXT     only works whose name contains TEXT (--subject likewise)
  --report FILE   write the report as Markdown with bars too
  --rounds N      rounds of each work

examples:
  npm run bench -- threads/handoff --quick
  npm run bench -- dns/resolver --json resolver.json --work "100 in flight"`

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
        help: { type: "boolean", short: "h" }
      }
    })
  } catch (error) {
    return fail((error as Error).message)
  }
})()

const { positionals, values } = parsed
if (values.help) {
  process.stdout.write(`${usage}\n`)
} else if (values.list) {
  process.stdout.write(`${[...files().keys()].join("\n")}\n`)
} else {
  const name = (positionals[0] ?? "").replace(/^@handoff\//, "")
  const all = files()
  const chosen =
    name === ""
      ? [...all.values()]
      : name.includes("/")
        ? [all.get(name) ?? fail(`there is no bench ${name}; there are: ${[...all.keys()].join(", ")}`)]
        : [...all].filter(([key]) => key.startsWith(`${name}/`)).map(([, file]) => file)
  if (chosen.length === 0) process.stdout.write(`${name} has no benches\n`)
  if (values.json !== undefined) mkdirSync(path.dirname(path.resolve(values.json)), { recursive: true })
  const reports: Array<Report.Report> = []
  for (const file of chosen) {
    const report = await Runner.run(file, {
      quick: values.quick,
      work: values.work,
      subject: values.subject,
      rounds: values.rounds === undefined ? undefined : Number(values.rounds),
      log: (line) => process.stderr.write(`${line}\n`)
    })
    reports.push(report)
    process.stdout.write(`${Report.format(report)}\n`)
  }
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify(name.includes("/") ? reports[0] : reports, null, 2)}\n`)
  }
  const markdown = values.report ?? (name === "" ? "bench-report.md" : undefined)
  if (markdown !== undefined) writeFileSync(markdown, Markdown.format(reports))
}
