/**
 * The figures of a package in its README: some of the goals of its benches, each with what was last measured, and how
 * many of all goals are met. They are those of the JSON file; what it does not hold was not measured, and says so.
 */
import * as Region from "./Region.ts"
import { figure, type GoalResult, type Report, type Row, unitOf, when } from "./Report.ts"

/** All goals of a bench's work, or those of one metric. */
type Shown = readonly [bench: string, work: string, metric?: string]

export interface Readme {
  readonly file: string
  readonly rows: ReadonlyArray<Shown>
}

/** The works that people ask about first, whether ours does well at them or not. */
export const readmes: ReadonlyArray<Readme> = [
  {
    file: "packages/core/README.md",
    rows: [
      ["core/overhead", "a completion queue over an executor, 1,000 in flight"],
      ["core/overhead", "observe, nobody listening"],
      ["core/overhead", "tasks outstanding in a completion queue"],
      ["core/overhead", "tasks waiting in a limit"],
      ["core/overhead", "fibers waiting for room in a completion queue of 64"]
    ]
  },
  {
    file: "packages/threads/README.md",
    rows: [
      ["threads/handoff", "small calls, 64 in flight, run"],
      ["threads/handoff", "small calls, 64 in flight, submitUnsafe"],
      ["threads/handoff", "small calls, 1,024 in flight, run"],
      ["threads/handoff", "one at a time"],
      ["threads/handoff", "1 KB copied"],
      ["threads/handoff", "1 MB copied"],
      ["threads/handoff", "64 MB copied"],
      ["threads/handoff", "400 calls of 5 ms"],
      ["threads/handoff", "both threads saturated"],
      ["threads/handoff", "one call of 200 ms among 2,000"],
      ["threads/handoff", "start"],
      ["threads/handoff", "one at a time, processes"],
      ["threads/faults", "a worker killed every 50 ms, threads", "good calls not completed, calls"],
      ["threads/faults", "ten of 1,000 exit"],
      ["threads/faults", "ten of 1,000 exhaust memory"]
    ]
  },
  {
    file: "packages/threads/src/libc/README.md",
    rows: [
      ["threads/lookups", "64 lookups at once, a server that takes 100 ms"],
      ["threads/lookups", "512 lookups at once, a server that takes 100 ms"],
      ["threads/lookups", "files and crypto while 64 lookups wait"],
      ["threads/lookups", "lookups/s, 64 in flight, a server that answers at once"]
    ]
  },
  {
    file: "packages/reactor/README.md",
    rows: [
      ["reactor/exchange", "kept, 100 at once", "exchanges/s"],
      ["reactor/exchange", "churn, 100 at once", "exchanges/s"],
      ["reactor/exchange", "HTTP/1.1 kept, 100 at once"],
      ["reactor/exchange", "10,000 connections at once", "resident per connection, octets"],
      ["reactor/framing", "length prefix, frames of 64 octets"],
      ["reactor/framing", "lines of 80 octets"],
      ["reactor/faults", "5,000 tasks with ulimit -n 256"],
      ["reactor/faults", "10,000 exchanges interrupted at random moments"]
    ]
  },
  {
    file: "packages/dns/README.md",
    rows: [
      ["dns/resolver", "100 in flight"],
      ["dns/resolver", "1,000 in flight"],
      ["dns/resolver", "one at a time"],
      ["dns/resolver", "bulk over one TCP connection, 100 in flight"],
      ["dns/resolver", "bulk over one TCP connection, 1,000 in flight"],
      ["dns/resolver", "cached answers"],
      ["dns/resolver", "memory", "an outstanding question, octets"],
      ["dns/resolver", "ten million names"],
      ["dns/loss", "5% lost, both ways", "p99, ms"],
      ["dns/loss", "20% lost, both ways", "p99, ms"],
      ["dns/loss", "three servers, one dead"]
    ]
  },
  {
    file: "packages/dns/src/wire/README.md",
    rows: [
      ["dns/wire", "decode query A"],
      ["dns/wire", "decode answer with CNAME and four A"],
      ["dns/wire", "encode answer with CNAME and four A"],
      ["dns/wire", "messages made to be slow"],
      ["dns/wire", "zone file"],
      ["dns/wire", "fuzzing, 10 million inputs in all rounds"]
    ]
  },
  {
    file: "packages/dns/src/server/README.md",
    rows: [
      ["dns/trust", "validate sets seen for the first time, P-256"],
      ["dns/trust", "sign a zone, P-256"],
      ["dns/trust", "90 keys of one tag, 150 forged signatures a set"],
      ["dns/trust", "NSEC3 of up to 65,535 iterations, a name of 112 labels"],
      ["dns/trust", "10,000 broken queries, updates, transfers and signatures to the server"]
    ]
  },
  {
    file: "packages/cluster/README.md",
    rows: [
      ["cluster/scale", "tasks that wait 10 ms"],
      ["cluster/scale", "tasks that wait 100 ms"],
      ["cluster/scale", "tasks that compute 5 ms"],
      ["cluster/scale", "a task alone"],
      ["cluster/scale", "empty tasks"],
      ["cluster/scale", "durable tasks while runners are killed and PostgreSQL is restarted", "lost, tasks"]
    ]
  },
  {
    file: "apps/demo/README.md",
    rows: [
      ["demo/survey", "10,000 lab hosts, 1,000 at once"],
      ["demo/logs", "the same, the peers on a log of a tenth of its lines and addresses"]
    ]
  }
]

/** Of these reports the goals that a row shows. */
export const goalsOf = ([bench, work, metric]: Shown, reports: ReadonlyArray<Report>): ReadonlyArray<GoalResult> =>
  reports
    .find(({ name }) => name === bench)
    ?.goals.filter((goal) => goal.work === work && (metric === undefined || goal.metric === metric)) ?? []

const short = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(3)))

/** A goal that is a figure and no peer: how large it is. */
const fixed = ({ against, metric }: GoalResult): number | undefined => {
  const value = Number.parseFloat(against)
  return against === `${value} ${unitOf(metric)}` ? value : undefined
}

/** "at most 20 ms"; a metric that is its own unit is not named twice. */
const reach = (goal: GoalResult): string => {
  const value = fixed(goal)
  const unit = unitOf(goal.metric)
  return value === undefined
    ? `ratio ${goal.sense} ${short(goal.reach)}`
    : `${goal.sense} ${short(value * goal.reach)}${unit === goal.metric ? "" : ` ${unit}`}`
}

const verdict = ({ met, ratio }: GoalResult): string => (ratio === null ? "" : met ? "met" : "missed")

/** Whom the goal names, or else whoever was best beside ours. */
const beside = (goal: GoalResult, others: ReadonlyArray<Row>): string => {
  const best = others.reduce<Row | undefined>(
    (best, row) =>
      best === undefined || (goal.sense === "at least" ? row.median > best.median : row.median < best.median)
        ? row
        : best,
    undefined
  )
  const row = fixed(goal) === undefined ? others.find(({ subject }) => subject === goal.against) : best
  return row === undefined ? (fixed(goal) === undefined ? goal.against : "") : told(row)
}

/** The cells of a goal. */
const line = (goal: GoalResult, report: Report): ReadonlyArray<string> => {
  const rows = report.rows.filter((row) => row.work === goal.work && row.metric === goal.metric)
  const ours = rows.find(({ subject }) => subject === goal.subject)
  return [
    `${goal.work}: ${goal.metric}`,
    ours === undefined ? `not measured (${goal.subject})` : told(ours),
    beside(
      goal,
      rows.filter((row) => row !== ours)
    ),
    goal.ratio === null || fixed(goal) !== undefined ? "" : short(goal.ratio),
    reach(goal),
    verdict(goal),
    goal.ratio === null ? "" : when(report.runs.find(({ work }) => work === goal.work))
  ]
}

const told = ({ median, subject }: Row): string => `${figure(median)} (${subject})`

const head = ["work", "ours", "beside", "ratio", "goal", "result", "when"]

/** How many of all goals of these benches are met, and where all of them stand. */
const count = (reports: ReadonlyArray<Report>, link: string): string => {
  const goals = reports.flatMap(({ goals }) => goals)
  const open = goals.filter(({ ratio }) => ratio === null).length
  const met = goals.filter(({ met }) => met).length
  const names = reports.map(({ name }) => `\`${name}\``).join(", ")
  return (
    `All goals of ${names}: ${met} met, ${goals.length - met - open} missed, ${open} not measured. ` +
    `[All figures](${link}); \`npm run bench\` writes this table.`
  )
}

/**
 * The README with its table between its marks. The reports are of all benches, with all goals: what was never measured
 * stands there as such (`Figures.complete`).
 */
export const fill = (text: string, { file, rows }: Readme, reports: ReadonlyArray<Report>): string => {
  const benches = new Set(rows.map(([bench]) => bench))
  const ours = reports.filter(({ name }) => benches.has(name))
  const lines = rows.flatMap((row) => {
    const report = ours.find(({ name }) => name === row[0])
    return report === undefined ? [] : goalsOf(row, reports).map((goal) => line(goal, report))
  })
  const link = `${"../".repeat(file.split("/").length - 1)}docs/explanation/figures.md`
  return Region.fill(text, "figures", `${Region.table(head, lines)}\n\n${count(ours, link)}`)
}
