/** What the server's answers hold, besides events. */
import type { Choice } from "./Event.ts"

/** Of `/api/options`: what the form offers. */
export interface Options {
  readonly strategies: ReadonlyArray<string>
  /** The usual preference. */
  readonly executor: ReadonlyArray<string>
  /** For each of `lookup`, `exchange`, `call`: who can do it. */
  readonly supports: Readonly<Record<string, ReadonlyArray<string>>>
  readonly presets: ReadonlyArray<string>
  readonly ports: string
  readonly numbers: Readonly<Record<string, Range>>
}

export interface Range {
  readonly default: number | undefined
  readonly minimum: number
  readonly maximum: number
  readonly about: string
}

/** Of a request that could not be done: why, and what is wrong with which field. */
export interface Problem {
  readonly detail: string
  readonly fields: Readonly<Record<string, string>>
}

/** Of `/api/runs`. */
export interface Run {
  readonly id: number
  readonly findings: number
  readonly summary?: {
    readonly title: string
    readonly began: number
    readonly how: string
    /** The strategies at its end. */
    readonly choice: Choice
    readonly switches?: number
    readonly done: number
    readonly failed: number
    readonly rejected: number
    readonly cost: {
      readonly seconds: number
      readonly cpuSeconds: number
      readonly memoryMiB: number
      readonly loopDelay: { readonly p50: number; readonly p99: number; readonly max: number }
    }
  }
}
