/** Runs a bench: starts its environment, then every work's subjects in turn, each in a fresh process. */
import { spawn } from "node:child_process"
import os from "node:os"
import { fileURLToPath, pathToFileURL } from "node:url"
import { type Definition, type Figures, subjectOptions } from "./Bench.ts"
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

export const machine = (): Report.Report["machine"] => ({
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
  options: { readonly quick: boolean; readonly environment: Readonly<Record<string, string>> }
): Promise<Figures> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ["--conditions=@handoff/source", ...nodeArguments, childFile, file, work, subject, JSON.stringify(options)],
      { stdio: ["ignore", "inherit", "inherit", "pipe"], env: { ...process.env, ...processEnvironment } }
    )
    const timer = setTimeout(() => child.kill("SIGKILL"), childTimeout)
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

export const run = async (file: string, options: Options): Promise<Report.Report> => {
  const { default: definition } = (await import(pathToFileURL(file).href)) as { readonly default: Definition }
  const environment = await definition.environment?.({ quick: options.quick })
  const measurements: Array<Report.Measurement> = []
  const absent: Array<Report.Report["absent"][number]> = []
  try {
    for (const work of definition.works) {
      if (options.work !== undefined && !work.name.includes(options.work)) continue
      const gone = new Set<string>()
      const rounds = options.rounds ?? work.rounds ?? (options.quick ? 3 : 5)
      for (let round = 0; round < rounds; round++) {
        for (const [subject, given] of Object.entries(work.subjects)) {
          if (gone.has(subject) || (options.subject !== undefined && !subject.includes(options.subject))) continue
          const { absent: isAbsent, nodeArguments = [], processEnvironment = {} } = subjectOptions(given)
          const leave = (reason: string) => {
            gone.add(subject)
            absent.push({ work: work.name, subject, reason })
            options.log(`  ${subject}: ${reason}`)
          }
          const reason = isAbsent?.()
          if (reason !== undefined) {
            leave(reason)
            continue
          }
          try {
            const figures = await measure(file, work.name, subject, nodeArguments, processEnvironment, {
              quick: options.quick,
              environment: environment?.values ?? {}
            })
            measurements.push({ work: work.name, subject, round, figures })
            options.log(`  ${work.name}, round ${round + 1} of ${rounds}, ${subject}`)
          } catch (error) {
            leave(`failed: ${error instanceof Error ? error.message : String(error)}`)
          }
        }
      }
    }
  } finally {
    await environment?.stop()
  }
  return Report.make(definition, machine(), measurements, absent)
}
