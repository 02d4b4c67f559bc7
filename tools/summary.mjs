// Adds up the test reports that the last run left behind and closes with the line that CI reads.
// Plain JavaScript for any Node: it must work when the installation itself is what failed.
import { existsSync, readdirSync, readFileSync } from "node:fs"

const projects = ["apps", "packages", "tools"]
  .flatMap((room) => readdirSync(room).map((name) => `${room}/${name}`))
  .concat("examples")
  .filter((folder) => existsSync(`${folder}/package.json`))
  .filter((folder) => JSON.parse(readFileSync(`${folder}/package.json`, "utf8")).nx?.targets?.test)
let passed = 0
let failed = 0
let skipped = 0
for (const project of projects) {
  const folder = `${project}/.test`
  const reports = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".json")) : []
  if (!reports.includes("results.json")) {
    console.log(`${project}: no test report; its tests did not run`)
    failed++
  }
  for (const file of reports) {
    const report = JSON.parse(readFileSync(`${folder}/${file}`, "utf8"))
    passed += report.numPassedTests
    // A file that fails to load has no failed test, only a failed suite.
    failed += Math.max(report.numFailedTests, report.success ? 0 : 1)
    skipped += report.numPendingTests
    const counts = `${report.numPassedTests} passed, ${report.numFailedTests} failed, ${report.numPendingTests} skipped`
    console.log(`${project} ${file.replace(".json", "")}: ${counts}`)
  }
}
// Every other step that failed (lint, types, packages) is counted by its name in FAILED_STEPS.
const steps = (process.env.FAILED_STEPS ?? "").split(" ").filter(Boolean)
for (const step of steps) console.log(`step failed: ${step}`)
console.log(`${passed} passed, ${failed + steps.length} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`)
process.exit(failed + steps.length > 0 ? 1 : 0)
