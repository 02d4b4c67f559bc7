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
/** A report of all packages together: in CI their tests run at once, with coverage. */
const together = ".test/packages.json"
const count = (file, name) => {
  const report = JSON.parse(readFileSync(file, "utf8"))
  passed += report.numPassedTests
  // A file that fails to load has no failed test, only a failed suite.
  failed += Math.max(report.numFailedTests, report.success ? 0 : 1)
  skipped += report.numPendingTests
  const counts = `${report.numPassedTests} passed, ${report.numFailedTests} failed, ${report.numPendingTests} skipped`
  console.log(`${name}: ${counts}`)
}
if (existsSync(together)) count(together, "packages")
for (const project of projects) {
  if (existsSync(together) && project.startsWith("packages/")) continue
  const folder = `${project}/.test`
  const reports = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".json")) : []
  if (!reports.includes("results.json")) {
    console.log(`${project}: no test report; its tests did not run`)
    failed++
  }
  for (const file of reports) {
    count(`${folder}/${file}`, `${project} ${file.replace(".json", "")}`)
  }
}
/** What every step of `.ci/run` is, by the name it gives: the command to run it again, and what to do when it fails. */
const steps = {
  install: [
    "npm ci",
    "the lock file does not fit the manifests, or the registry was away: npm install, and commit package-lock.json"
  ],
  "types-and-build": [
    "npx nx run-many -t build check --output-style=static",
    "the first error above counts; npm run dev -- types repeats on every save"
  ],
  "tests-of-the-packages": [
    "FORCE_COLOR=1 npm run coverage",
    "a test failed: npm run dev -- <package> <part of the file's name> repeats it on every save; or fewer lines are run than " +
      "vitest.config.ts asks of a package: test what was added, or remove what nothing needs"
  ],
  "other-tests": [
    'npx nx run-many -t test --exclude "packages/*" --output-style=static',
    "npx nx run <project>:test runs one project's; those of tools/checks say which document or layout is wrong"
  ],
  "millions-of-calls": [
    "HANDOFF_STRESS_CALLS=2000000 npm run stress -w packages/threads",
    "the pool lost a call, ran one twice or gave it another's result; the message has the seed that repeats the kills"
  ],
  "lint-and-format": [
    "npm run lint",
    "npm run fmt mends the format; an export or a dependency that nobody uses is to be removed, or named in knip.jsonc"
  ],
  packages: [
    "npm run packed",
    "what a stranger would get is wrong: a limit of size or time, an example, a public name without a comment, or a break " +
      "that needs a changeset (npx changeset)"
  ],
  "documentation-site": [
    "npm run docs",
    "a link leads nowhere, a page does not compile, or the search does not find it; the message names the page"
  ],
  "main-job": [
    "timeout 180 npm start",
    "the survey of the lab network failed, and the message says with which strategy; or it took over three minutes"
  ]
}

/** The coverage of each package, from the report of `npm run coverage`. */
const coverage = () => {
  const file = "coverage/coverage-summary.json"
  if (!existsSync(file)) return
  const sums = new Map()
  for (const [name, counts] of Object.entries(JSON.parse(readFileSync(file, "utf8")))) {
    const folder = /packages\/\w+/.exec(name.replaceAll("\\", "/"))?.[0]
    if (folder === undefined) continue
    const sum = sums.get(folder) ?? { lines: [0, 0], branches: [0, 0] }
    for (const what of ["lines", "branches"]) {
      sum[what][0] += counts[what].covered
      sum[what][1] += counts[what].total
    }
    sums.set(folder, sum)
  }
  const share = ([covered, total]) => `${((100 * covered) / Math.max(1, total)).toFixed(1)} %`
  for (const [folder, { branches, lines }] of [...sums].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    console.log(`${folder} coverage: ${share(lines)} of lines, ${share(branches)} of branches`)
  }
}
coverage()

// Every other step that failed (lint, types, packages) is counted by its name in FAILED_STEPS.
const failures = (process.env.FAILED_STEPS ?? "").split(" ").filter(Boolean)
for (const name of failures) {
  const [command, advice] = steps[name] ?? ["bash .ci/run", "see what it printed above"]
  console.log(`step failed: ${name}\n  again: ${command}\n  then: ${advice}`)
}
console.log(`${passed} passed, ${failed + failures.length} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`)
process.exit(failed + failures.length > 0 ? 1 : 0)
