/**
 * A bench: the same works done by several subjects, ours and our peers, and the goals that their ratios are held to.
 *
 * A bench file is `packages/<package>/bench/<name>.ts`; its default export is `Bench.define({...})`. Every measurement
 * is one call of a subject's function in a fresh process; rounds alternate the subjects (A B C A B C ...), so that a
 * drift of the machine's speed hits all of them alike. Ratios are taken round by round and their median is compared.
 *
 * ```ts fragment
 * export default Bench.define({
 *   name: "threads/handoff",
 *   works: [{
 *     name: "small calls, 64 in flight",
 *     subjects: {
 *       handoff: async (ctx) => {
 *         const pool = await start()
 *         ctx.check((await pool.call(2, 3)) === 5, "2 + 3 is 5")
 *         return { "calls/s": await ctx.rate(async () => { await pool.call(2, 3) }) }
 *       },
 *       piscina: { run: async (ctx) => ({ ... }), nodeArguments: ["--expose-gc"] }
 *     }
 *   }],
 *   goals: [{ work: "small calls, 64 in flight", metric: "calls/s", subject: "handoff", against: "best peer", atLeast: 6 }]
 * })
 * ```
 */

/** What a subject gets. */
export interface Context {
  /** Whether the run should end within a minute over all works and subjects. */
  readonly quick: boolean
  /** Seconds that one measurement should take: 1, or 0.2 when quick. */
  readonly seconds: number
  /** What `environment` returned: ports and paths of servers started once for the whole run. */
  readonly environment: Readonly<Record<string, string>>
  /** Every subject checks its result before it times anything; one that checks nothing is an error. */
  readonly check: (holds: boolean, claim: string) => void
  /** Calls a second of `step`, called one after the other for `seconds` after a warm-up of a fifth of that. */
  readonly rate: (step: () => void | Promise<void>, options?: { readonly perStep?: number }) => Promise<number>
}

/** Figures by metric name; the unit stands in the name after a comma or is the name: `calls/s`, `p99, ms`. */
export type Figures = Readonly<Record<string, number>>

export type Run = (context: Context) => Promise<Figures>

export interface SubjectOptions {
  readonly run: Run
  /** Flags of the process's Node: `--expose-gc`. */
  readonly nodeArguments?: ReadonlyArray<string>
  /** Environment of the process: `UV_THREADPOOL_SIZE`. */
  readonly processEnvironment?: Readonly<Record<string, string>>
  /** A reason for not running here (a program that is not installed), or undefined. Printed, never silent. */
  readonly absent?: () => string | undefined
}

export type Subject = Run | SubjectOptions

export interface Work {
  readonly name: string
  readonly subjects: Readonly<Record<string, Subject>>
  /** Rounds; default 5, or 3 when quick. */
  readonly rounds?: number
}

export interface Goal {
  readonly work: string
  readonly metric: string
  /** Ours. */
  readonly subject: string
  /**
   * The peer by name; `"best peer"`: whichever other subject of the work has the best median; a number in the metric's
   * own unit; or another row of this bench.
   */
  readonly against: string | number | { readonly work?: string; readonly subject: string; readonly metric?: string }
  /** The ratio ours / theirs is to be at least, or at most, this. Exactly one of the two. */
  readonly atLeast?: number
  readonly atMost?: number
}

export interface Definition {
  /** `<package>/<name>`, as the file's path says. */
  readonly name: string
  readonly works: ReadonlyArray<Work>
  readonly goals: ReadonlyArray<Goal>
  /** Starts what all subjects share (a server on the other core) and stops it at the end. */
  readonly environment?: (options: { readonly quick: boolean }) => Promise<{
    readonly values: Readonly<Record<string, string>>
    readonly stop: () => Promise<void> | void
  }>
}

/** Says that a module's default export is a bench. */
export const define = (definition: Definition): Definition => definition

export const subjectOptions = (subject: Subject): SubjectOptions =>
  typeof subject === "function" ? { run: subject } : subject
