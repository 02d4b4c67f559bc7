/** Hands tasks to an executor under test and writes down everything that it answers, also what it must not. */
import type { Executor, Task } from "@handoff/core"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Equal from "effect/Equal"
import type * as Scope from "effect/Scope"
import type { Subject } from "../Contract.ts"
import { Broken } from "./Law.ts"

/** A task that was handed off. */
export interface Sent {
  readonly task: Task.Any
  readonly exits: Array<Exit.Exit<any, any>>
  readonly cancel: Executor.Cancel
  isCancelled: boolean
}

export class Witness<T extends Task.Any> {
  readonly executor: Executor.Executor<T>
  readonly subject: Subject<T>
  /** In the order in which answers came. */
  readonly answered: Array<Sent> = []

  constructor(executor: Executor.Executor<T>, subject: Subject<T>) {
    this.executor = executor
    this.subject = subject
  }

  send(
    task: Task.Any,
    onAnswer?: () => void,
    options?: { readonly context?: Context.Context<never>; readonly watch?: Executor.Watch }
  ): Sent {
    const exits: Array<Exit.Exit<any, any>> = []
    let cancel: Executor.Cancel | undefined
    const sent: Sent = {
      task,
      exits,
      isCancelled: false,
      cancel: () => {
        sent.isCancelled = true
        cancel?.()
      }
    }
    const onExit = (exit: Exit.Exit<any, any>): void => {
      exits.push(exit)
      this.answered.push(sent)
      onAnswer?.()
    }
    try {
      cancel = this.executor.submitUnsafe(task as T, onExit, options?.context, options?.watch)
    } catch (error) {
      // Handing a task off never throws. One that does has answered wrongly, and the law at hand will say so.
      onExit(Exit.die(new Error("submitUnsafe threw", { cause: error })))
    }
    return sent
  }

  /** Waits until something holds; `Broken` with the sentence when patience ends. */
  eventually(what: string, holds: () => boolean | Effect.Effect<boolean>): Effect.Effect<void, Broken> {
    return eventually(this.subject.patience, what, holds)
  }

  /** Waits until these are answered. */
  settled(sents: ReadonlyArray<Sent>): Effect.Effect<void, Broken> {
    const open = () => sents.filter((one) => !one.isCancelled && one.exits.length === 0)
    return Effect.mapError(
      this.eventually("every task handed off is answered", () => open().length === 0),
      (broken) =>
        new Broken({
          message: `${broken.message}; ${open().length} of ${sents.length} are not, first ${show(open()[0])}`
        })
    )
  }

  /** The executor has had time to answer once too often; then every task has its one answer, or none if cancelled. */
  onceEach(sents: ReadonlyArray<Sent>): Effect.Effect<void, Broken> {
    return Effect.andThen(this.afterwards, () => {
      for (const sent of sents) {
        if (sent.exits.length > 1) {
          return broken(`a task is answered once; ${show(sent)} had ${sent.exits.length} answers`)
        }
        if (sent.isCancelled && sent.exits.length > 0) {
          return broken(`a cancelled task stays silent; ${show(sent)} was answered ${formatExit(sent.exits[0])}`)
        }
      }
      return Effect.void
    })
  }

  /** Some turns of the loop, in which a late answer would come. Not a wait for anything that must happen. */
  readonly afterwards: Effect.Effect<void> = Effect.sleep(20)

  /** `running` and `queued` are zero again. */
  get idle(): Effect.Effect<void, Broken> {
    if (this.subject.differences.sharesStats === true) return Effect.void
    return this.eventually("`running` and `queued` return to zero", () =>
      Effect.map(this.executor.stats, (stats) => stats.running === 0 && stats.queued === 0)
    )
  }
}

/** Makes the executor and runs a check on it; what `make` fails with is the suite's fault or the executor's, not a law's. */
export const witness = <T extends Task.Any>(
  subject: Subject<T>,
  check: (witness: Witness<T>) => Effect.Effect<void, Broken, Scope.Scope>
): Effect.Effect<void, Broken> =>
  Effect.scoped(Effect.flatMap(Effect.orDie(subject.make), (executor) => check(new Witness(executor, subject))))

const eventually = (
  patience: number,
  what: string,
  holds: () => boolean | Effect.Effect<boolean>
): Effect.Effect<void, Broken> =>
  Effect.gen(function* () {
    const until = (yield* Clock.currentTimeMillis) + patience
    const isSo = Effect.suspend(() => {
      const now = holds()
      return typeof now === "boolean" ? Effect.succeed(now) : now
    })
    while (!(yield* isSo)) {
      if ((yield* Clock.currentTimeMillis) > until) yield* broken(`${what}: not so within ${patience} ms`)
      yield* Effect.sleep(1)
    }
  })

const broken = (message: string): Effect.Effect<never, Broken> => Effect.fail(new Broken({ message }))

export const expect = (holds: boolean, message: () => string): Effect.Effect<void, Broken> =>
  holds ? Effect.void : broken(message())

/** The error of a failed exit, if it is a typed one. */
export const errorOf = (
  exit: Exit.Exit<any, any> | undefined
): { readonly _tag: string; readonly [k: string]: unknown } | undefined => {
  if (exit?._tag !== "Failure") return undefined
  const reason = exit.cause.reasons.find(Cause.isFailReason)
  return reason?.error
}

export const succeededWith = (exit: Exit.Exit<any, any> | undefined, value: unknown): boolean =>
  exit?._tag === "Success" &&
  (typeof value === "function" ? value(exit.value) === true : Equal.equals(exit.value, value))

export const formatValue = (value: unknown): string =>
  typeof value === "function" ? "what the sample accepts" : JSON.stringify(value)

export const formatExit = (exit: Exit.Exit<any, any> | undefined): string =>
  exit === undefined
    ? "nothing"
    : exit._tag === "Success"
      ? `success ${JSON.stringify(exit.value)}`
      : `failure ${Cause.pretty(exit.cause).split("\n")[0]}`

const show = (sent: Sent | undefined): string => (sent === undefined ? "none" : sent.task._tag)

/** How many more tasks have ended each way. */
export const growth = (before: Executor.Stats, after: Executor.Stats) => ({
  done: after.done - before.done,
  failed: after.failed - before.failed,
  lost: after.lost - before.lost,
  cancelled: after.cancelled - before.cancelled
})
