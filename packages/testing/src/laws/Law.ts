import type { Task } from "@handoff/core"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { Subject } from "../Contract.ts"

/** A promise of every executor. */
export interface Law {
  /** The promise as a sentence; the name of its test. */
  readonly name: string
  /** The sample that it takes, where a strategy may have none; without it there is nothing to check. */
  readonly needs?: "die" | "counted" | "traced"
  readonly check: <T extends Task.Any>(subject: Subject<T>) => Effect.Effect<void, Broken>
}

/** A promise that was not kept: what was expected and what came. */
export class Broken extends Data.TaggedError("Broken")<{ readonly message: string }> {}
