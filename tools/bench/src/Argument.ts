/**
 * The claims that the project started from, each with the figures that bear on it, as a table of the page that tells them:
 * its figures are those of the JSON file and of nobody's memory.
 */
import * as Region from "./Region.ts"
import { figure, type Report, when } from "./Report.ts"

interface Claim {
  readonly claim: string
  readonly bench: string
  readonly work: string
  readonly metric: string
  /** The subject that does as the claim says. */
  readonly subject: string
  /** The one that does not, or does it otherwise; left out where the figure speaks for itself. */
  readonly against?: string
}

export const claims: ReadonlyArray<Claim> = [
  {
    claim: "Threads turn synchronous functions into asynchronous ones",
    bench: "threads/handoff",
    work: "small calls, 64 in flight, run",
    metric: "calls/s",
    subject: "handoff",
    against: "piscina, 64 per thread"
  },
  {
    claim: "that do not delay the main program",
    bench: "demo/survey",
    work: "10,000 lab hosts, 1,000 at once",
    metric: "loop delay p99, ms",
    subject: "dns,reactor,threads"
  },
  {
    claim: "They are not a good way to do network IO",
    bench: "reactor/exchange",
    work: "churn, 100 at once",
    metric: "exchanges/s",
    subject: "reactor",
    against: "threads (32)"
  },
  {
    claim: "that is inefficient overkill",
    bench: "reactor/exchange",
    work: "churn, 100 at once",
    metric: "per exchange, us of processor",
    subject: "reactor",
    against: "threads (32)"
  },
  {
    claim: "They are the only way to make `gethostbyname()` asynchronous",
    bench: "threads/lookups",
    work: "64 lookups at once, a server that takes 100 ms",
    metric: "all done, server delays",
    subject: "handoff",
    against: "dns.lookup, 4 libuv threads (default)"
  },
  {
    claim: "If you want just DNS lookups, do just DNS lookups",
    bench: "dns/resolver",
    work: "100 in flight",
    metric: "queries/s",
    subject: "handoff",
    against: "dns.lookup"
  },
  {
    claim: "Programs are built around completion queues",
    bench: "core/overhead",
    work: "a completion queue over an executor, 1,000 in flight",
    metric: "over, us/task",
    subject: "queue"
  }
]

/** A row of the table; what no run of today has measured says so. */
const line = (claim: Claim, reports: ReadonlyArray<Report>): ReadonlyArray<string> => {
  const report = reports.find(({ name }) => name === claim.bench)
  const run = report?.runs.find(({ work }) => work === claim.work)
  const told = (subject: string | undefined): string => {
    if (subject === undefined) return ""
    const row = report?.rows.find(
      (one) => one.work === claim.work && one.metric === claim.metric && one.subject === subject
    )
    return row === undefined ? "not measured" : `${figure(row.median)} (${subject})`
  }
  return [claim.claim, `${claim.metric}: ${claim.work}`, told(claim.subject), told(claim.against), when(run)]
}

const head = ["claim", "what was measured", "so", "otherwise", "when"]

/** The page with the table of these reports between its marks. */
export const fill = (page: string, reports: ReadonlyArray<Report>): string =>
  Region.fill(
    page,
    "argument",
    Region.table(
      head,
      claims.map((claim) => line(claim, reports))
    )
  )
