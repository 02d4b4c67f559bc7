/** `handoff survey`: hosts in, findings out. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs/promises"
import * as Authority from "../lab/Authority.ts"
import * as Private from "../lab/Private.ts"
import * as LabProcess from "../lab/Process.ts"
import { count, plural } from "../output/count.ts"
import * as Format from "../output/Format.ts"
import * as Progress from "../output/Progress.ts"
import type { Seen } from "../output/Seen.ts"
import * as Terminal from "../output/Terminal.ts"
import { writeFile } from "../output/writeFile.ts"
import * as Cost from "../program/Cost.ts"
import * as ExitCode from "../program/ExitCode.ts"
import { keepMemorySmall } from "../program/memory.ts"
import type * as Settings from "../program/Settings.ts"
import { Trouble } from "../program/Trouble.ts"
import * as strategies from "../strategies.ts"
import type { Finding } from "../survey/Finding.ts"
import * as Fingerprint from "../survey/fingerprint.ts"
import { isFlawed } from "../survey/flaws.ts"
import * as limits from "../survey/limits.ts"
import * as Pace from "../survey/Pace.ts"
import { format as formatPorts } from "../survey/Ports.ts"
import * as Presets from "../survey/Presets.ts"
import * as Source from "../survey/Source.ts"
import * as Store from "../survey/Store.ts"
import * as Survey from "../survey/Survey.ts"
import type { Target } from "../survey/Target.ts"
import { describe as explain } from "./explain.ts"
import { exitWith } from "./exitWith.ts"
import { planOf, privateLabFlags } from "./labFlags.ts"
import { onOff } from "./onOff.ts"
import { settings, surveyFlags } from "./settingFlags.ts"
import { wholeNumber } from "./wholeNumber.ts"

/** What `--figures` writes: what came out and what it cost. */
export interface Figures {
  readonly strategies: string
  readonly done: number
  readonly failed: number
  readonly rejected: number
  /** Hosts with a certificate or a version of TLS that somebody should look at. */
  readonly flawed: number
  /** Findings that were in the store already. */
  readonly restored: number
  /** Whether it was stopped before its end. */
  readonly stopped: boolean
  readonly cost: Cost.Cost
  readonly namesUnderThreads: Private.Level | "not asked"
}

export const survey = Command.make(
  "survey",
  {
    source: Argument.String("hosts.txt").pipe(
      Argument.withDescription("a file with a host per line, or - for standard input"),
      Argument.optional
    ),
    lab: onOff("lab", "survey the embedded lab instead of a file"),
    ...privateLabFlags,
    ...surveyFlags,
    zone: onOff("zone", "the source is a zone file: its hosts are those with addresses and aliases"),
    origin: Flag.String("origin").pipe(
      Flag.withDescription("what relative names of the zone file are relative to, where it does not say"),
      Flag.optional
    ),
    ca: Flag.String("ca").pipe(
      Flag.withDescription("authorities whose certificates are trusted, a file in PEM; those of Node if none is named"),
      Flag.optional
    ),
    soon: wholeNumber("soon", "days before its end from which on a certificate expires soon", limits.soon),
    records: Flag.String("records").pipe(
      Flag.withDescription("records to ask for as well, such as MX,TXT,CAA,HTTPS,SPF,DMARC; not by threads"),
      Flag.optional
    ),
    preset: Flag.Literals("preset", Presets.names).pipe(
      Flag.withDescription("ports and records of a common piece of work; --ports and --records win over it"),
      Flag.optional
    ),
    perHost: wholeNumber("per-host", "connections to one host at once", limits.perHost),
    hostTimeout: Flag.Int("host-timeout").pipe(
      Flag.withDescription("milliseconds that one host may take in all"),
      Flag.filter(
        (value) => value > 0,
        () => "a whole number above 0"
      ),
      Flag.optional
    ),
    deadline: Flag.Int("deadline").pipe(
      Flag.withDescription("seconds that the survey may take in all; what was found until then is printed"),
      Flag.filter(
        (value) => value > 0,
        () => "a whole number above 0"
      ),
      Flag.optional
    ),
    fingerprint: Flag.Literals("fingerprint", Fingerprint.names).pipe(
      Flag.withDescription(
        "how what ports said is fingerprinted: a fast digest, or scrypt, to see what compute costs; default digest"
      ),
      Flag.withDefault("digest")
    ),
    retries: wholeNumber("retries", "how often what failed for now is tried again", limits.retries),
    format: Flag.Literals("format", Format.names).pipe(
      Flag.withDescription("how findings are printed; ndjson where stdout is not a terminal"),
      Flag.optional
    ),
    quiet: onOff("quiet", "no progress and no summary on stderr").pipe(Flag.withAlias("q")),
    verbose: onOff("verbose", "say on stderr who runs what, and of each host what was asked and how long it took"),
    store: Flag.String("store").pipe(
      Flag.withDescription("keep findings in this SQLite file; a survey that was stopped goes on where it stopped"),
      Flag.optional
    ),
    changed: onOff("changed", "print only what has changed since the last finished survey in the store"),
    failOn: Flag.Literals("fail-on", ["never", "failed", "rejected", "changed", "flawed"]).pipe(
      Flag.withDescription(
        `what makes the exit code ${ExitCode.found}: failed hosts, rejected lines too, changes, or flaws of certificates`
      ),
      Flag.optional
    ),
    figures: Flag.String("figures").pipe(
      Flag.withDescription("write what it cost to this file, as JSON"),
      Flag.optional
    )
  },
  Effect.fnUntraced(function* (given) {
    const chosen = yield* settings(given)
    const format = Option.getOrElse(given.format, () => (process.stdout.isTTY ? "table" : "ndjson"))
    const preset = Option.isSome(given.preset) ? Presets.presets[given.preset.value] : undefined
    const surveyed = {
      ...given,
      failOn: Option.getOrElse(given.failOn, () => preset?.failOn ?? "never"),
      format,
      figures: Option.getOrUndefined(given.figures),
      store: Option.getOrUndefined(given.store),
      deadline: Option.getOrUndefined(given.deadline)
    }
    if ((given.changed || surveyed.failOn === "changed") && surveyed.store === undefined) {
      return yield* new Trouble({
        isMisuse: true,
        what: `${given.changed ? "--changed" : "--fail-on changed"} needs to know what was before`,
        hint: "name a store with --store findings.sqlite"
      })
    }
    if (given.lab && (given.zone || Option.isSome(given.source))) {
      return yield* new Trouble({
        isMisuse: true,
        what: "--lab is surveyed instead of a file, not with one",
        hint: "leave --lab or the file out"
      })
    }
    if (Option.isSome(given.origin) && !given.zone) {
      return yield* new Trouble({
        isMisuse: true,
        what: "--origin is for zone files",
        hint: "add --zone, or leave --origin out"
      })
    }
    const records = recordTypes(Option.getOrUndefined(given.records))
    if (records instanceof Trouble) return yield* records
    const wanted = {
      ...chosen,
      ca: Option.isSome(given.ca) ? yield* readAuthorities(given.ca.value) : undefined,
      retries: given.retries,
      fingerprint: given.fingerprint,
      perHost: given.perHost,
      hostTimeout: Option.getOrUndefined(given.hostTimeout),
      records: records ?? preset?.records ?? [],
      ports: preset !== undefined && chosen.origins.ports === "default" ? preset.ports : chosen.ports
    }
    if (!given.lab) {
      const name = Option.getOrUndefined(given.source)
      if (name === undefined) {
        return yield* new Trouble({
          isMisuse: true,
          what: "nothing to survey",
          hint: "name a file with a host per line, - for standard input, or --lab for the embedded lab"
        })
      }
      const source = given.zone ? Source.fromZone(name, Option.getOrUndefined(given.origin)) : Source.fromFile(name)
      return yield* exitWith(yield* run(yield* source, wanted, surveyed))
    }
    const plan = planOf(given)
    const level = Private.current()
    if (level === "none" && strategies.usesThreadsForNames(chosen)) {
      const best = yield* Private.best(given.private)
      if (best !== "none") return yield* exitWith(yield* Private.restart(best, plan))
      yield* Terminal.note(
        "handoff: no private namespaces here: names under threads are what the system knows, not the lab's"
      )
    }
    const { nameServer } = yield* LabProcess.start(plan, level === "network" ? 53 : 0)
    const ca = wanted.ca ?? Authority.make(plan.seed, new Date(0)).cert
    const ports = Option.isSome(given.preset) ? Source.portsFor(plan, wanted.ports) : Source.portsOf(plan)
    const inLab = { ...wanted, nameServer, ca, ports }
    return yield* exitWith(yield* run(Source.fromPlan(plan), inLab, surveyed))
  }, Effect.scoped)
).pipe(
  Command.withDescription("Resolve hosts, reverse-resolve them, talk to their ports, and fingerprint what they say"),
  Command.withExamples([
    { command: "handoff survey --lab", description: "the embedded lab, by the default strategies" },
    {
      command: "handoff survey --executor threads hosts.txt",
      description: "everything on threads, names by the C library"
    },
    {
      command: "handoff survey --lookup dns --exchange reactor --call threads -",
      description: "hosts from standard input"
    },
    {
      command: "handoff survey --ports 22,443/greeting,8080/http --format ndjson hosts.txt",
      description: "a line of JSON per host"
    },
    {
      command: "handoff survey --preset tls-expiry --quiet hosts.txt",
      description: "for cron: exit code 3 if a certificate wants looking after"
    },
    {
      command: "handoff survey --store findings.sqlite --changed hosts.txt",
      description: "goes on where it was stopped; prints what has changed since the last time"
    },
    { command: "handoff survey --format html hosts.txt > report.html", description: "a report in one file" },
    { command: "echo 192.0.2.0/24 | handoff survey --records MX,CAA -", description: "a range; records as well" }
  ])
)

/** `MX,txt` as a list; a problem if a word cannot be a type. */
const recordTypes = (words: string | undefined): ReadonlyArray<string> | Trouble | undefined => {
  const types = words?.split(",").flatMap((word) => (word.trim() === "" ? [] : [word.trim().toUpperCase()]))
  const wrong = types?.find((type) => !/^[A-Z][A-Z0-9-]{0,15}$/.test(type))
  return wrong === undefined
    ? types
    : new Trouble({ isMisuse: true, what: `"${wrong}" is not a type of record`, hint: "such as MX, TXT, CAA, TYPE65" })
}

/** A file of certificates; Node takes one that holds none without a word. */
const readAuthorities = (file: string): Effect.Effect<string, Trouble> =>
  Effect.flatMap(
    Effect.tryPromise({
      try: () => Fs.readFile(file, "utf8"),
      catch: (cause) => new Trouble({ what: `cannot read ${file} (${(cause as NodeJS.ErrnoException).code})`, cause })
    }),
    (pem) =>
      pem.includes("-----BEGIN CERTIFICATE-----")
        ? Effect.succeed(pem)
        : Effect.fail(
            new Trouble({ what: `${file} holds no certificate in PEM`, hint: "`-----BEGIN CERTIFICATE-----`" })
          )
  )

interface Surveyed {
  readonly format: Format.Name
  readonly quiet: boolean
  readonly verbose: boolean
  readonly soon: number
  readonly failOn: "never" | "failed" | "rejected" | "changed" | "flawed"
  readonly figures: string | undefined
  readonly store: string | undefined
  readonly changed: boolean
  readonly deadline: number | undefined
}

/** Surveys a source; succeeds with the exit code. However it ends, what was found until then is printed. */
const run = Effect.fnUntraced(function* (
  source: Source.Source,
  chosen: Settings.Settings & Survey.Options,
  surveyed: Surveyed
) {
  yield* keepMemorySmall
  const [router, cost] = yield* Cost.measure(strategies.make(chosen))
  if (surveyed.verbose) yield* Terminal.note(explain(router, chosen))
  if (!surveyed.quiet) {
    for (const kind of strategies.unsupported(router, { hasRecords: (chosen.records ?? []).length > 0 })) {
      yield* Terminal.note(`handoff: ${kind} is unsupported by ${strategies.format(chosen)}; see \`handoff explain\``)
    }
  }
  const progress: Progress.Progress = {
    done: 0,
    failed: 0,
    get total() {
      return source.hosts()
    }
  }
  const format = Format.formats[surveyed.format]
  const seen: Seen = { now: yield* Clock.currentTimeMillis, soon: surveyed.soon }
  const store = surveyed.store === undefined ? undefined : yield* Store.open(surveyed.store, { about: asked(chosen) })
  const findings: Array<Finding> = []
  const resumed = new Set<Finding>()
  const known = (target: Target): Finding | undefined => {
    const finding = store?.resumed ? store.has(target.line, target.host) : undefined
    if (finding !== undefined) resumed.add(finding)
    return finding
  }
  let rejected = 0
  let changed = 0
  let flawed = 0
  let restored = 0
  const targets = Stream.filterMapEffect(source.entries, (entry) => {
    if (entry._tag === "Target") return Effect.succeed(Result.succeed(entry))
    rejected++
    return Effect.as(
      Terminal.note(`${source.name}:${entry.line}: ${entry.reason}: "${entry.excerpt}"`),
      Result.failVoid
    )
  })
  const take = Effect.fnUntraced(function* (finding: Finding) {
    progress[finding.state]++
    if (isFlawed(finding, seen.now, seen.soon)) flawed++
    const isNew = !resumed.delete(finding)
    if (!isNew) restored++
    const before = store?.before(finding.host)
    const isChanged = before === undefined || !Store.isSame(before, finding)
    if (isChanged) changed++
    if (!surveyed.changed || isChanged) {
      if (format.each === undefined) findings.push(finding)
      // What was printed before the survey was stopped is not printed again.
      else if (isNew) yield* Terminal.printLines(format.each(finding, seen))
    }
    // Printed first: a crash in between has a finding printed twice, and not left out.
    if (isNew && store !== undefined) yield* store.add(finding)
  })
  if (format.header !== undefined) yield* Terminal.printLines(format.header)
  const work = Effect.andThen(
    Stream.runForEach(
      Survey.run(router, targets, { ...chosen, known, pace: Pace.make(), ...(surveyed.verbose && { watch }) }),
      take
    ),
    store?.finish ?? Effect.void
  )
  const report = (stopped: boolean) =>
    Effect.gen(function* () {
      if (format.all !== undefined) yield* Terminal.printLines(format.all(findings, seen, Terminal.outputColumns()))
      const figures: Figures = {
        strategies: strategies.format(chosen),
        done: progress.done,
        failed: progress.failed,
        rejected,
        flawed,
        restored,
        stopped,
        cost: yield* cost,
        namesUnderThreads: strategies.usesThreadsForNames(chosen) ? Private.current() : "not asked"
      }
      if (!surveyed.quiet) yield* Terminal.note(summary(figures, progress.total))
      if (surveyed.figures !== undefined) {
        yield* writeFile(surveyed.figures, `${JSON.stringify(figures)}\n`)
      }
    })
  const shown = surveyed.quiet ? work : Effect.scoped(Effect.andThen(Progress.show("survey", progress), work))
  const limited =
    surveyed.deadline === undefined
      ? Effect.asSome(shown)
      : Effect.timeoutOption(shown, Duration.seconds(surveyed.deadline))
  const ended = yield* Effect.onExit(limited, (exit) => report(Exit.isFailure(exit) || Option.isNone(exit.value)))
  if (Option.isNone(ended)) return ExitCode.deadline
  const isFound =
    (surveyed.failOn === "changed" && changed > 0) ||
    (surveyed.failOn === "flawed" && flawed > 0) ||
    ((surveyed.failOn === "failed" || surveyed.failOn === "rejected") && progress.failed > 0) ||
    (surveyed.failOn === "rejected" && rejected > 0)
  return isFound ? ExitCode.found : ExitCode.done
})

/** What is asked of every host, for the store: findings of other questions are neither taken over nor compared to. */
const asked = ({
  fingerprint = "digest",
  ports,
  records = []
}: Pick<Settings.Settings & Survey.Options, "ports" | "records" | "fingerprint">): string =>
  `survey ${formatPorts(ports)} ${fingerprint} ${records.join(",")}`.trimEnd()

/** What came of a host, and how long it took: for `--verbose`. */
const watch = (finding: Finding, milliseconds: number): Effect.Effect<void> => {
  const { addresses, host, ports, problem, state } = finding
  const words = [problem ?? state, ...addresses.map(({ address }) => address)]
  for (const { port, protocol, state } of ports) words.push(`${port}/${protocol} ${state}`)
  return Terminal.note(`${host}: ${words.join(", ")} (${Math.round(milliseconds)} ms)`)
}

const summary = (
  { cost, done, failed, flawed, rejected, restored, stopped, strategies }: Figures,
  total: number | undefined
): string => {
  const all = done + failed
  const of = stopped && total !== undefined ? total : all
  const counted = `${of === all ? "" : `${all} of `}${of} ${plural(of, "host")}`
  const hosts = stopped ? `stopped after ${counted}` : counted
  const lines = rejected === 0 ? "" : `, ${count(rejected, "line")} rejected`
  const tls = flawed === 0 ? "" : `, ${flawed} with flaws of TLS`
  return (
    `${hosts}: ${done} done, ${failed} failed${tls}${lines}${restored === 0 ? "" : `, ${restored} of them from before`}; ${strategies}: ${cost.seconds} s, ` +
    `event-loop delay p99 ${cost.loopDelay.p99} ms, ${cost.memoryMiB} MiB`
  )
}
