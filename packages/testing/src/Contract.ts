/**
 * The contract that every executor keeps, as tests. `contract(name, make, samples)` registers one Vitest suite; the laws
 * themselves are plain effects (`laws`), so that they can be run without Vitest, and on executors that break them.
 *
 * What a strategy may do differently is named in `Differences`; a difference changes what a law expects, it never
 * skips one.
 */
import { describe, it } from "@effect/vitest"
import type { Executor, Task } from "@handoff/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { laws } from "./laws/laws.ts"

/** Tasks that the suite may hand to the executor, and what is to come of them. */
export interface Samples<T extends Task.Any> {
  /**
   * A task that succeeds soon, and its value (compared by `Equal`), or a function that tells whether a value is right;
   * different for every index.
   */
  readonly succeed: (index: number) => { readonly task: T; readonly value: unknown }
  /** A task that fails soon with its kind's own failure, and that failure's `_tag`. */
  readonly fail: (index: number) => { readonly task: T; readonly failure: string }
  /** A task that does not end by itself within the patience of the suite. */
  readonly never: (index: number) => T
  /** A task of a kind that this executor does not run. */
  readonly unsupported: Task.Any
  /** A task that ends soon in a defect, for an executor whose tasks can. */
  readonly die?: (index: number) => T
  /** A task that succeeds soon, and how often it was run until now, for an executor whose work can be counted. */
  readonly counted?: (index: number) => { readonly task: T; readonly runs: () => number }
  /** A task that succeeds soon with the id of the trace that it runs in, for an executor that carries the caller's. */
  readonly traced?: (index: number) => T
}

/** What a strategy may do differently, by name. Each changes an expectation. */
export interface Differences {
  /**
   * How many tasks run at once, where it is few. Tasks that never end then keep others waiting, and the suite expects
   * just that. Default: as many as the suite asks for, 64 at least.
   */
  readonly concurrency?: number
  /**
   * A task that was cancelled while it ran keeps its slot until it ends by itself; `concurrency` must be stated too.
   * Then the suite leaves slots for others. Default: the slot is free soon after the cancel.
   */
  readonly cancelKeepsSlot?: boolean
  /** Tasks it takes at once; one more is `Overloaded`, `full`. Default: `tasks` at least. */
  readonly limit?: number
  /**
   * What closing answers to tasks that had not started, where it is not `Lost`: a wrapper's own queue may say
   * `Overloaded`, because nothing started.
   */
  readonly queuedAtClose?: "Overloaded"
  /** `stats` are those of an inner executor that others use as well, or are not kept: no figures are expected. */
  readonly sharesStats?: boolean
  /** Closing the scope of `make` does not close the executor, because it owns nothing: a router of given executors. */
  readonly closesNothing?: boolean
}

/** How to make tasks of each outcome, and what the strategy does differently. */
export interface Options<T extends Task.Any> extends Samples<T> {
  readonly differences?: Differences
  /** Tasks of the test with many at once. Default 1,000. */
  readonly tasks?: number
  /** Seeds of the random schedules; each is a test. Default 1 to 5. */
  readonly seeds?: ReadonlyArray<number>
  /** Operations of one random schedule. Default 60. */
  readonly operations?: number
  /** How long the suite waits for what must happen, in milliseconds, before it calls it missing. Default 10,000. */
  readonly patience?: number
}

/** What the laws are about: a way to make the executor, afresh for every law, and the samples. */
export interface Subject<T extends Task.Any> {
  readonly make: Effect.Effect<Executor.Executor<T>, unknown, Scope.Scope>
  readonly samples: Samples<T>
  readonly differences: Differences
  readonly tasks: number
  readonly operations: number
  readonly patience: number
}

/** A scoped effect that makes the executor, or a layer together with the service that it provides. */
export type Make<T extends Task.Any> =
  | Effect.Effect<Executor.Executor<T>, unknown, Scope.Scope>
  | {
      readonly service: Context.Key<any, Executor.Executor<T>>
      readonly layer: Layer.Layer<any, unknown>
    }

/** What the laws are tried on: an executor with its samples. */
export const subject = <T extends Task.Any>(make: Make<T>, options: Options<T>): Subject<T> => ({
  make: Effect.isEffect(make)
    ? make
    : Effect.map(Layer.build(make.layer), (context) => Context.getUnsafe(context, make.service)),
  samples: options,
  differences: options.differences ?? {},
  tasks: options.tasks ?? 1000,
  operations: options.operations ?? 60,
  patience: options.patience ?? 10_000
})

/** Registers the suite. Every law is a test that makes its own executor and closes it. */
export const contract = <T extends Task.Any>(name: string, make: Make<T>, options: Options<T>): void => {
  const about = subject(make, options)
  describe(`${name} keeps the contract of an executor`, () => {
    for (const law of laws(options.seeds ?? [1, 2, 3, 4, 5])) {
      if (law.needs !== undefined && options[law.needs] === undefined) continue
      // A law gives up after twice the patience, in its own words; Vitest should not do so before.
      it.live(law.name, () => law.check(about), 2 * about.patience + 10_000)
    }
  })
}
