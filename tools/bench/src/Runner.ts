/** Runs a bench: starts its environment, then every work's subjects in turn, each in a fresh process. */
import { spawn } from "node:child_process"
import os from "node:os"
import { fileURLToPath, pathToFileURL } from "node:url"
import { type Definition, type Figures, subjectOptions, type Work } from "./Bench.ts"
import * as Report from "./Report.ts"

export interface Options {
  readonly quick: boolean
  /** Only works, or subjects, whose name contains this. */
  readonly work?: string | undefined
  readonly subject?: string | undefined
  readonly rounds?: number | undefined
  readonly log: (line: string) => void
}

const childFile = fileURLToPath(new URL("./child.ts", import.meta.url))

/** Longest that one measurement may take before it is killed and reported, in milliseconds. */
const childTimeout = 300_000

export const machine = (): Report.Run["machine"] => ({
  cpu: os.cpus()[0]?.model.trim() ?? "unknown processor",
  cores: `${os.availableParallelism()} cores`,
  memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
  system: `${os.type()} ${os.release()}`,
  node: `Node ${process.version}`
})

const measure = (
  file: string,
  work: string,
  subject: string,
  nodeArguments: ReadonlyArray<string>,
  processEnvironment: Readonly<Record<string, string>>,
  options: {
    readonly quick: boolean
    readonly environment: Readonly<Record<string, string>>
    /** Milliseconds until it is killed. */
    readonly timeout: number
  }
): Promise<Figures> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ["--conditions=@handoff/source", ...nodeArguments, childFile, file, work, subject, JSON.stringify(options)],
      { stdio: ["ignore", "inherit", "inherit", "pipe"], env: { ...process.env, ...processEnvironment } }
    )
    const timer = setTimeout(() => child.kill("SIGKILL"), options.timeout)
    let answer = ""
    child.stdio[3]!.on("data", (chunk: Buffer) => {
      answer += chunk.toString()
    })
    child.on("error", reject)
    child.on("close", (code, signal) => {
      clearTimeout(timer)
      if (code === 0 && answer !== "") resolve(JSON.parse(answer) as Figures)
      else reject(new Error(`ended with ${signal ?? `exit code ${code}`}`))
    })
  })

/** A quick run ends within this; the last measurement may start this long before. */
const quickMilliseconds = 58_000
const quickReserve = 8_000

interface Step {
  readonly work: Work
  readonly subject: string
  readonly round: number
  readonly rounds: number
}

/**
 * The measurements in order: round by round within a work, its subjects in turn. A quick run goes through all works
 * before a second round, so that whatever the minute leaves out is repetition and not a work.
 */
const order = (works: ReadonlyArray<Work>, options: Options): ReadonlyArray<Step> => {
  const steps = works
    .filter((work) => options.work === undefined || work.name.includes(options.work))
    .flatMap((work) => {
      const rounds = options.rounds ?? work.rounds ?? (options.quick ? 3 : 5)
      const subjects = Object.keys(work.subjects).filter(
        (subject) => options.subject === undefined || subject.includes(options.subject)
      )
      return Array.from({ length: rounds }, (_, round) => subjects.map((subject) => ({ work, subject, round, rounds })))
    })
    .flat()
  return options.quick ? steps.toSorted((a, b) => a.round - b.round) : steps
}

/** What a bench's file defines. */
export const definitionOf = async (file: string): Promise<Definition> =>
  ((await import(pathToFileURL(file).href)) as { readonly default: Definition }).default

/** The names of a bench's works, in their order. */
export const works = async (file: string): Promise<ReadonlyArray<string>> =>
  (await definitionOf(file)).works.map(({ name }) => name)

export const run = async (file: string, options: Options): Promise<Report.Report> => {
  const definition = await definitionOf(file)
  const load = Number(os.loadavg()[0]!.toFixed(1))
  const date = `${new Date().toISOString().slice(0, 16)}Z`
  const end = options.quick ? performance.now() + quickMilliseconds - quickReserve : Infinity
  const environment = await definition.environment?.({ quick: options.quick })
  const measurements: Array<Report.Measurement> = []
  const absent: Array<Report.Report["absent"][number]> = []
  try {
    const gone = new Set<string>()
    for (const { round, rounds, subject, work } of order(definition.works, options)) {
      const key = JSON.stringify([work.name, subject])
      if (gone.has(key)) continue
      const { absent: isAbsent, nodeArguments = [], processEnvironment = {} } = subjectOptions(work.subjects[subject]!)
      const leave = (reason: string) => {
        gone.add(key)
        // What was measured in an earlier round stands with fewer runs.
        if (measurements.some((one) => one.work === work.name && one.subject === subject)) return
        absent.push({ work: work.name, subject, reason })
        options.log(`  ${work.name}, ${subject}: ${reason}`)
      }
      const reason = isAbsent?.()
      if (reason !== undefined) {
        leave(reason)
        continue
      }
      const left = end - performance.now()
      if (left <= 0) {
        leave("the minute of --quick was over; choose it by --work and --subject, or leave --quick out")
        continue
      }
      try {
        const figures = await measure(file, work.name, subject, nodeArguments, processEnvironment, {
          quick: options.quick,
          environment: environment?.values ?? {},
          timeout: Math.min(childTimeout, left + quickReserve)
        })
        measurements.push({ work: work.name, subject, round, figures })
        options.log(`  ${work.name}, round ${round + 1} of ${rounds}, ${subject}`)
      } catch (error) {
        const late = performance.now() >= end
        leave(late ? "it did not end within the minute of --quick" : `failed: ${(error as Error).message}`)
      }
    }
  } finally {
    await environment?.stop()
  }
  const mode = options.quick ? "quick" : "full"
  const chosen = new Set(order(definition.works, options).map(({ work }) => work.name))
  const runs = [...chosen].map((work): Report.Run => ({ work, date, mode, load, machine: machine() }))
  return Report.make(definition, runs, measurements, absent)
}
