/** What a survey is asked for from the page: words of a form, checked all at once, each problem beside its field. */
import * as labLimits from "../lab/limits.ts"
import type * as Plan from "../lab/Plan.ts"
import { count } from "../output/count.ts"
import * as Settings from "../program/Settings.ts"
import { Trouble } from "../program/Trouble.ts"
import * as strategies from "../strategies.ts"
import * as Fingerprint from "../survey/fingerprint.ts"
import * as HostsFile from "../survey/HostsFile.ts"
import * as survey from "../survey/limits.ts"
import { listHosts } from "./limits.ts"
import * as Presets from "../survey/Presets.ts"
import type { Target } from "../survey/Target.ts"
import type * as Survey from "../survey/Survey.ts"
import type { Reject } from "./shared/Event.ts"

export interface Order {
  readonly title: string
  /** The lab, or the text of a hosts file. */
  readonly source:
    | { readonly _tag: "Lab"; readonly plan: Required<Plan.Options> }
    | { readonly _tag: "List"; readonly text: string }
  readonly choice: strategies.Choice
  readonly options: Omit<Survey.Options, "known">
  /** Where `options.ports` are from: a lab has ports of its own, also for a preset. */
  readonly ports: "chosen" | "preset" | "usual"
  /** How often the hosts are surveyed, one time after the other. */
  readonly passes: number
  /** Seconds for all of it. */
  readonly deadline: number | undefined
}

/** What is wrong, by the name of the field. */
export type Problems = Readonly<Record<string, string>>

/** Either half of a form's answer. */
export type Parsed<A> = { readonly ok: true; readonly value: A } | { readonly ok: false; readonly problems: Problems }

/** Every number that the form asks for: its range, and what it is when nothing is said. */
export const numbers = {
  hosts: { ...labLimits.hosts, default: 1_000, about: "hosts of the lab" },
  seed: { ...labLimits.seed, minimum: 0, maximum: 2 ** 31 - 1, about: "the same seed gives the same lab" },
  broken: { default: 1, minimum: 0, maximum: labLimits.mostBroken, about: "how many times the usual share is broken" },
  passes: { default: 1, minimum: 1, maximum: 1_000, about: "how often the hosts are surveyed, later with warm caches" },
  concurrency: { ...survey.concurrency, about: "hosts in work at once" },
  timeout: { ...survey.timeout, about: "milliseconds for a connection and each silence in it" },
  perHost: { ...survey.perHost, about: "connections to one host at once" },
  retries: { ...survey.retries, about: "how often what failed for now is tried again" },
  threads: { ...strategies.threadCount, default: undefined, about: "threads of the pool; as the work wants if empty" },
  hostTimeout: { default: undefined, minimum: 1, maximum: 86_400_000, about: "milliseconds that one host may take" },
  deadline: { default: undefined, minimum: 1, maximum: 604_800, about: "seconds that the survey may take in all" }
} as const

const limits: Readonly<
  Record<
    keyof typeof numbers,
    { readonly default: number | undefined; readonly minimum: number; readonly maximum: number }
  >
> = numbers

/** Reads what the form sends: an object of words. `resources` are what strategies are made with otherwise. */
export const parse = (form: unknown, resources: strategies.Resources = {}): Parsed<Order> => {
  const problems: Record<string, string> = {}
  const words = (name: string): string => {
    const value = (form as Record<string, unknown> | null)?.[name] ?? ""
    if (typeof value === "string") return name === "list" ? value : value.trim()
    problems[name] = "not text"
    return ""
  }
  if (typeof form !== "object" || form === null || Array.isArray(form)) {
    return { ok: false, problems: { form: "not an object of words" } }
  }
  const number = (name: keyof typeof limits): number | undefined => {
    const text = words(name)
    if (text === "") return limits[name].default
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    const { maximum, minimum } = limits[name]
    if (value >= minimum && value <= maximum) return value
    problems[name] = `"${text}" is not a whole number from ${minimum} to ${maximum}`
    return undefined
  }
  const oneOf = <A extends string>(name: string, all: ReadonlyArray<A>): A | undefined => {
    const word = words(name)
    const known = all.find((one) => one === word)
    if (word !== "" && known === undefined) problems[name] = `"${word}" is not one of ${all.join(", ")}`
    return known
  }
  const choice = parseChoice(form)
  if (!choice.ok) Object.assign(problems, choice.problems)
  const ports = setting("ports", words("ports"))
  if (typeof ports === "string") problems["ports"] = ports
  const preset = oneOf("preset", Presets.names)
  const wanted = preset === undefined ? undefined : Presets.presets[preset]
  const nameServer = setting("nameServer", words("nameServer"))
  if (typeof nameServer === "string") problems["nameServer"] = nameServer
  const options = {
    ...(wanted && { ports: wanted.ports, records: wanted.records }),
    ...((words("ports") !== "" || wanted === undefined) && typeof ports !== "string" && { ports: ports.ports }),
    concurrency: number("concurrency")!,
    timeout: number("timeout")!,
    perHost: number("perHost")!,
    retries: number("retries")!,
    hostTimeout: number("hostTimeout")
  } as Omit<Survey.Options, "known">
  const fingerprint = oneOf("fingerprint", Fingerprint.names)
  const threads = number("threads")
  const deadline = number("deadline")
  const passes = number("passes")!
  const source = parseSource(words("source"), words("list"), number, problems)
  if (Object.keys(problems).length > 0 || source === undefined || !choice.ok || typeof nameServer === "string") {
    return { ok: false, problems }
  }
  return {
    ok: true,
    value: {
      title: `${source.title}${preset === undefined ? "" : `, ${preset}`}`,
      source: source.source,
      choice: {
        ...resources,
        ...choice.value,
        ...(threads !== undefined && { threads }),
        ...(nameServer.nameServer !== undefined && { nameServer: nameServer.nameServer })
      },
      options: {
        ...options,
        // Strategies are watched in the lab by work that computes, too; hosts of one's own are to be known soon.
        fingerprint: fingerprint ?? (source.source._tag === "Lab" ? "scrypt" : "digest")
      },
      ports: words("ports") !== "" ? "chosen" : preset === undefined ? "usual" : "preset",
      passes,
      deadline
    }
  }
}

/** Who runs what; also alone, for a change of strategies. */
export const parseChoice = (form: unknown): Parsed<strategies.Choice> => {
  const problems: Record<string, string> = {}
  const choice: Record<string, unknown> = {}
  for (const key of ["executor", ...strategies.settings] as const) {
    const value = (form as Record<string, unknown> | null)?.[key] ?? ""
    if (typeof value !== "string") {
      problems[key] = "not text"
      continue
    }
    if (value.trim() === "") continue
    const parsed = setting(key, value)
    if (typeof parsed === "string") problems[key] = parsed
    else choice[key] = parsed[key]
  }
  if (choice["executor"] === undefined && problems["executor"] === undefined) {
    problems["executor"] = `none is chosen; there are ${strategies.names.join(", ")}`
  }
  return Object.keys(problems).length > 0
    ? { ok: false, problems }
    : { ok: true, value: choice as unknown as strategies.Choice }
}

/** A setting of the command line, or why the words are none. */
const setting = (key: Settings.Key, words: string): Settings.Settings | string => {
  const merged = Settings.merge({ flags: words.trim() === "" ? {} : { [key]: words }, environment: {} })
  return merged instanceof Trouble ? merged.what.replace(/^--[a-z-]+: /, "") : merged
}

type Source = { readonly title: string; readonly source: Order["source"] }

const parseSource = (
  source: string,
  text: string,
  number: (name: "hosts" | "seed" | "broken") => number | undefined,
  problems: Record<string, string>
): Source | undefined => {
  if (source === "lab") {
    const [hosts, seed, broken] = [number("hosts"), number("seed"), number("broken")]
    if (hosts === undefined || seed === undefined || broken === undefined) return undefined
    const plan = { hosts, seed, broken, network: labLimits.network }
    return { title: `The lab, ${count(hosts, "host")}`, source: { _tag: "Lab", plan } }
  }
  if (source !== "list") {
    problems["source"] = `"${source}" is neither lab nor list`
    return undefined
  }
  const lines = linesOf(text)
  const hosts = lines.reduce((sum, line) => sum + HostsFile.hostsOf(line), 0)
  if (hosts > listHosts) {
    problems["list"] = `${hosts} hosts, at most ${listHosts}: \`handoff survey\` takes as many as there are`
    return undefined
  }
  const { rejects, targets } = read(text)
  if (targets.length === 0) {
    const [first] = rejects
    problems["list"] =
      first === undefined || first.reason === "empty line"
        ? "no host: write a name, an address or a range on each line"
        : `no line of it is a host; line ${first.line}: ${first.reason}`
    return undefined
  }
  const title = targets.length === 1 ? targets[0]!.host : `${targets[0]!.host} and ${targets.length - 1} more`
  return { title, source: { _tag: "List", text } }
}

/** The targets of a pasted list, and the lines that are none. Empty lines are nobody's mistake here. */
export const read = (
  text: string
): { readonly targets: ReadonlyArray<Target>; readonly rejects: ReadonlyArray<Reject> } => {
  const targets: Array<Target> = []
  const rejects: Array<Reject> = []
  for (const entry of HostsFile.expand(linesOf(text))) {
    if (entry._tag === "Target") targets.push(entry)
    else if (entry.reason !== "empty line") {
      rejects.push({ line: entry.line, excerpt: entry.excerpt, reason: entry.reason })
    }
  }
  return { targets, rejects }
}

const linesOf = (text: string): ReadonlyArray<HostsFile.Line> => {
  const lines = new HostsFile.Lines()
  return [...lines.push(new TextEncoder().encode(text)), ...lines.end()]
}
