/**
 * A file of reports that is measured piece by piece: a run replaces its own works and leaves the others, so that suites
 * that take an hour together can be measured in quiet minutes, and each figure says when and how it was taken.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import path from "node:path"
import type { Definition } from "./Bench.ts"
import { type GoalResult, make, type Report } from "./Report.ts"

/** The reports in a file, by name; none if there is no such file. */
export const read = (file: string): ReadonlyArray<Report> =>
  existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as ReadonlyArray<Report>) : []

/** Writes reports into a file, a figure a line, so that a change of one is a change of few lines. */
export const write = (file: string, reports: ReadonlyArray<Report>): void => {
  const list = (all: ReadonlyArray<unknown>) =>
    all.length === 0 ? "[]" : `[\n${all.map((one) => `      ${JSON.stringify(one)}`).join(",\n")}\n    ]`
  const texts = reports.map(({ name, ...lists }) => {
    const fields = Object.entries(lists).map(([key, all]) => `    "${key}": ${list(all)}`)
    return `  {\n${[`    "name": ${JSON.stringify(name)}`, ...fields].join(",\n")}\n  }`
  })
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true })
  writeFileSync(file, `[\n${texts.join(",\n")}\n]\n`)
}

/**
 * An earlier report of a bench with the works that were measured now in the place of their earlier selves. Works that the
 * bench has no more are dropped. A goal that compares with a work that was not measured now keeps its earlier ratio, if
 * its own work has stood still.
 */
export const merge = (before: Report | undefined, now: Report, works: ReadonlyArray<string>): Report => {
  const measured = new Set(now.runs.map(({ work }) => work))
  const kept = <A extends { readonly work: string }>(all: ReadonlyArray<A> = []): ReadonlyArray<A> =>
    all.filter(({ work }) => !measured.has(work) && works.includes(work))
  const inOrder = <A extends { readonly work: string }>(all: ReadonlyArray<A>): ReadonlyArray<A> =>
    all.toSorted((a, b) => works.indexOf(a.work) - works.indexOf(b.work))
  return {
    name: now.name,
    runs: inOrder([...kept(before?.runs), ...now.runs]),
    rows: inOrder([...kept(before?.rows), ...now.rows]),
    // Goals are the bench's of today; only ratios can be earlier ones.
    goals: now.goals.map((goal) => (measured.has(goal.work) ? goal : earlier(before?.goals, goal))),
    absent: inOrder([...kept(before?.absent), ...now.absent])
  }
}

/** Today's goal with the ratio that it was found at earlier, if it is still the same goal. */
const earlier = (goals: ReadonlyArray<GoalResult> = [], goal: GoalResult): GoalResult =>
  goals.find(
    (one) =>
      one.work === goal.work &&
      one.metric === goal.metric &&
      one.subject === goal.subject &&
      one.reach === goal.reach &&
      one.sense === goal.sense &&
      // Who the best peer is only a measurement tells.
      (one.against === goal.against || goal.against === "best peer")
  ) ?? goal

/** Reports of all these benches, with the goals of today: what was never measured stands there as such. */
export const complete = (
  reports: ReadonlyArray<Report>,
  definitions: ReadonlyArray<Definition>
): ReadonlyArray<Report> =>
  definitions.map((definition) => {
    const nothing = make(definition, [], [], [])
    const report = reports.find(({ name }) => name === definition.name) ?? nothing
    return { ...report, goals: nothing.goals.map((goal) => earlier(report.goals, goal)) }
  })

/** A file's reports with these in the place of their earlier selves, in the order of names; benches that are gone go. */
export const replace = (
  all: ReadonlyArray<Report>,
  reports: ReadonlyArray<Report>,
  names: ReadonlyArray<string>
): ReadonlyArray<Report> => {
  const byName = new Map([...all, ...reports].map((report) => [report.name, report]))
  return names.flatMap((name) => byName.get(name) ?? [])
}
