/**
 * `npm run api`: what changed in the public surface of each package since the last release, whose surface stands in
 * `api/`. `--accept` writes today's there: part of `npm run version`.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import path from "node:path"
import { root } from "../Workspace.ts"
import * as Report from "./Report.ts"
import * as Surface from "./Surface.ts"

const reports = Report.all()
if (process.argv.includes("--accept")) {
  mkdirSync(path.join(root, "api"), { recursive: true })
  for (const { name, surface } of reports) writeFileSync(Report.file(name), Surface.format(name, surface))
  console.log(`the surfaces of ${reports.length} packages are in api/`)
} else {
  for (const report of reports) console.log(Report.format(report))
  const wrong = reports.flatMap(Report.unadmitted)
  for (const line of wrong) console.error(line)
  process.exit(wrong.length > 0 ? 1 : 0)
}
if (!existsSync(path.join(root, "api"))) console.log("there is no api/ yet: nothing was released")
