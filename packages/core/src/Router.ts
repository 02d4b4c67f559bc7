/**
 * An executor made of executors: which one runs a task is decided per kind, by name or by preference, and every choice
 * can be explained.
 *
 * A kind that is named in `kinds` goes to the executors listed there and nowhere else; every other kind goes down the
 * `preference` list. In both lists those that do not support the kind are passed over, and the next one takes over when
 * one answers
 * - `Unsupported`: always (nothing started);
 * - `Overloaded`: with `onOverloaded: "next"` (nothing started);
 * - `Lost`: with `onLost: "next"`, and only kinds that may run twice (`repeatable`).
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Executor from "./Executor.ts"
import { isExecutorError, Unsupported } from "./ExecutorError.ts"
import { Outstanding } from "./Outstanding.ts"
import type * as Task from "./Task.ts"

/** Who runs what. */
export interface Policy {
  /** Names of executors, best first. Default: the order in which they were given. */
  readonly preference?: ReadonlyArray<string>
  /** By kind: the executor, or executors best first, that run it. */
  readonly kinds?: Readonly<Record<Task.Kind, string | ReadonlyArray<string>>>
  /** What a full (or closed) executor's answer does. Default: it is the caller's answer. */
  readonly onOverloaded?: "fail" | "next"
  /** What a lost task does, if its kind may run twice. Default: it is the caller's answer. */
  readonly onLost?: "fail" | "next"
  /** Kinds that may run twice, besides those whose class says so. */
  readonly repeatable?: ReadonlyArray<Task.Kind>
}

/** Why a kind goes where it goes: data for a program, and `format` for people. */
export interface Explanation {
  readonly kind: Task.Kind
  /** The executor that a task of this kind is handed to first; undefined: `Unsupported`. */
  readonly chosen: string | undefined
  /** Whether the kind is named in `kinds` or goes by `preference`. */
  readonly by: "name" | "preference"
  /** Every name considered, in order. */
  readonly candidates: ReadonlyArray<{
    readonly executor: string
    /** `unknown`: the policy names an executor that is not there. */
    readonly verdict: "chosen" | "next in line" | "does not support it" | "unknown"
  }>
  /** The executors that support the kind but are not in its list. */
  readonly unused: ReadonlyArray<string>
}

export interface Router<in T extends Task.Any> extends Executor.Executor<T> {
  /** Why tasks of a kind go where they go. */
  readonly explain: (kind: Task.Kind) => Explanation
  readonly policy: Effect.Effect<Policy>
  /** Changes who runs what, for tasks handed off from now on. Fails if the policy names an executor that is not there. */
  readonly setPolicy: (policy: Policy) => Effect.Effect<void, UnknownExecutor>
  /**
   * Puts an executor in the place of the one of the same name (or adds it). New tasks go to the new one at once; the
   * old one keeps those it has. Succeeds when the old one has answered its last: then it can be closed. Interrupting
   * the wait does not undo the exchange.
   */
  readonly replace: (executor: Executor.Executor<any>) => Effect.Effect<void>
  /** Takes an executor out, and waits as `replace` does. */
  readonly remove: (name: string) => Effect.Effect<void>
  /** The names of the executors, in the order in which they were given. */
  readonly names: Effect.Effect<ReadonlyArray<string>>
}

/** A policy names an executor that the router does not have. */
export class UnknownExecutor extends Schema.TaggedError<UnknownExecutor>()("UnknownExecutor", {
  /** Where it stands: `preference`, or `kinds.LookupHost`. */
  where: Schema.String,
  name: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `${this.where} names the executor ${JSON.stringify(this.name)}; there are ${this.known.join(", ") || "none"}`
  }
}

/**
 * A router over these executors, each of which has a name of its own (a defect otherwise). It owns none of them: closing
 * them is their maker's business.
 */
export const make = <const E extends ReadonlyArray<Executor.Executor<any>>>(
  executors: E,
  policy?: Policy & { readonly name?: string }
): Effect.Effect<Router<Executor.Tasks<E[number]>>, UnknownExecutor> =>
  Effect.suspend(() => {
    const { name, ...rest } = policy ?? {}
    const twice = executors.find((one, i) => executors.findIndex((other) => other.name === one.name) !== i)
    if (twice !== undefined) {
      return Effect.die(`the executors of a router have names of their own, and two of these are ${twice.name}`)
    }
    const state = new State(name ?? "router", executors, rest)
    const unknown = unknownIn(rest, state.names())
    return unknown === undefined ? Effect.succeed(state.router) : Effect.fail(unknown)
  })

/** The first name in a policy that none of the known executors has. */
export const unknownIn = (policy: Policy, known: ReadonlyArray<string>): UnknownExecutor | undefined => {
  const listed = (policy.preference ?? []).map((name) => ["preference", name] as const)
  const byKind = Object.entries(policy.kinds ?? {}).flatMap(([kind, names]) =>
    asList(names).map((name) => [`kinds.${kind}`, name] as const)
  )
  const bad = [...listed, ...byKind].find(([, name]) => !known.includes(name))
  return bad === undefined ? undefined : new UnknownExecutor({ where: bad[0], name: bad[1], known })
}

/** An explanation as a sentence. */
export const format = (explanation: Explanation): string => {
  const { by, candidates, chosen, kind, unused } = explanation
  const how = by === "name" ? `${kind} is named` : `${kind} goes by preference`
  const steps = candidates.map(({ executor, verdict }) => `${executor} (${verdict})`).join(", ")
  const others = unused.length === 0 ? "" : `; not in its list, but able: ${unused.join(", ")}`
  return `${how}: ${chosen ?? "unsupported"}${steps === "" ? "" : `, of ${steps}`}${others}`
}

/** An executor in its place. `outstanding` is what it still has to answer once it has been replaced. */
interface Slot {
  readonly executor: Executor.Executor<any>
  outstanding: number
  readonly drained: Array<() => void>
}

/** Where the tasks of a kind go, best first. Forgotten whenever policy or executors change. */
interface Route {
  readonly slots: ReadonlyArray<Slot>
  readonly explanation: Explanation
}

class State {
  private readonly outstanding: Outstanding
  private readonly slots = new Map<string, Slot>()
  private readonly routes = new Map<Task.Kind, Route>()
  private policy: Policy
  private fellOver = 0
  readonly router: Router<any>

  constructor(name: string, executors: ReadonlyArray<Executor.Executor<any>>, policy: Policy) {
    this.outstanding = new Outstanding(name)
    this.policy = policy
    for (const executor of executors) this.slots.set(executor.name, makeSlot(executor))
    const base = Executor.make<any>({
      name,
      // Who supports a kind may change at run time, so `Unsupported` is answered by `submit`, which knows who could.
      kinds: () => true,
      submitUnsafe: (task, onExit, context, watch) => this.submit(task, onExit, context, watch),
      stats: Effect.sync(() => this.outstanding.stats({ executors: this.slots.size, fellOver: this.fellOver }))
    })
    this.router = {
      ...base,
      supports: (kind) => this.route(kind).slots.length > 0,
      explain: (kind) => this.route(kind).explanation,
      policy: Effect.sync(() => this.policy),
      setPolicy: (policy) =>
        Effect.suspend(() => {
          const unknown = unknownIn(policy, this.names())
          if (unknown !== undefined) return Effect.fail(unknown)
          this.policy = policy
          this.routes.clear()
          return Effect.void
        }),
      replace: (executor) => this.exchange(executor.name, makeSlot(executor)),
      remove: (name) => this.exchange(name, undefined),
      names: Effect.sync(() => this.names())
    }
  }

  names(): Array<string> {
    return [...this.slots.keys()]
  }

  private route(kind: Task.Kind): Route {
    let route = this.routes.get(kind)
    if (route === undefined) {
      route = this.plan(kind)
      this.routes.set(kind, route)
    }
    return route
  }

  private plan(kind: Task.Kind): Route {
    const named = this.policy.kinds?.[kind]
    const names = named === undefined ? new Set(this.policy.preference ?? this.slots.keys()) : new Set(asList(named))
    const slots: Array<Slot> = []
    const candidates = [...names].map((executor): Explanation["candidates"][number] => {
      const slot = this.slots.get(executor)
      if (slot === undefined) return { executor, verdict: "unknown" }
      if (!slot.executor.supports(kind)) return { executor, verdict: "does not support it" }
      slots.push(slot)
      return { executor, verdict: slots.length === 1 ? "chosen" : "next in line" }
    })
    const explanation: Explanation = {
      kind,
      chosen: slots[0]?.executor.name,
      by: named === undefined ? "preference" : "name",
      candidates,
      unused: this.whoSupports(kind).filter((name) => !names.has(name))
    }
    return { slots, explanation }
  }

  private whoSupports(kind: Task.Kind): Array<string> {
    return [...this.slots.values()].filter((slot) => slot.executor.supports(kind)).map((slot) => slot.executor.name)
  }

  private submit(
    task: Task.Any,
    onExit: (exit: Exit.Exit<any, any>) => void,
    context: Context.Context<never> | undefined,
    watch: Executor.Watch | undefined
  ): Executor.Cancel {
    const { slots } = this.route(task._tag)
    // Without the watch: that a task has started is for the executor inside to say.
    const job = this.outstanding.admit(task, onExit)
    if (job === undefined) return Executor.nothingToCancel
    job.start()
    let cancelInner: Executor.Cancel = Executor.nothingToCancel
    let turn = 0
    const next = (refusal?: Exit.Exit<any, any>): void => {
      const slot = slots[turn++]
      if (slot === undefined) {
        job.answer(refusal?._tag === "Failure" ? this.withHelp(refusal, task) : this.unsupported(task))
        return
      }
      if (turn > 1) this.fellOver++
      slot.outstanding++
      let isAnswered = false
      const cancel = Executor.submit(
        slot.executor,
        task,
        (exit) => {
          // An executor that answers twice must not make the count of its outstanding tasks wrong.
          if (isAnswered) return
          isAnswered = true
          leave(slot)
          if (job.isOpen && turn < slots.length && this.fallsOver(exit, task)) next(exit)
          else job.answer(exit._tag === "Failure" ? this.withHelp(exit, task) : exit)
        },
        context,
        watch
      )
      if (isAnswered) return
      cancelInner = () => {
        isAnswered = true
        cancel()
        leave(slot)
      }
    }
    job.release = () => cancelInner()
    next()
    return job.cancel
  }

  private fallsOver(exit: Exit.Exit<any, any>, task: Task.Any): boolean {
    const error = executorErrorOf(exit)
    switch (error?._tag) {
      case "Unsupported":
        return true
      case "Overloaded":
        return this.policy.onOverloaded === "next"
      case "Lost":
        return this.policy.onLost === "next" && this.isRepeatable(task)
      default:
        return false
    }
  }

  private isRepeatable(task: Task.Any): boolean {
    // The class says so; a task that came through a structured clone has lost its class.
    const definition = task.constructor as Partial<Task.Definition>
    return definition.repeatable === true || (this.policy.repeatable?.includes(task._tag) ?? false)
  }

  private unsupported(task: Task.Any): Exit.Exit<never, Unsupported> {
    const supportedBy = this.whoSupports(task._tag)
    return Exit.fail(new Unsupported({ executor: this.outstanding.name, kind: task._tag, supportedBy }))
  }

  /** An `Unsupported` from inside does not know who else could; the router does. */
  private withHelp(exit: Exit.Exit<any, any>, task: Task.Any): Exit.Exit<any, any> {
    const error = executorErrorOf(exit)
    if (error?._tag !== "Unsupported" || error.supportedBy.length > 0) return exit
    const supportedBy = this.whoSupports(task._tag).filter((name) => name !== error.executor)
    if (supportedBy.length === 0) return exit
    const { detail, executor, kind } = error
    return Exit.fail(new Unsupported({ executor, kind, supportedBy, ...(detail === undefined ? {} : { detail }) }))
  }

  private exchange(name: string, next: Slot | undefined): Effect.Effect<void> {
    return Effect.suspend(() => {
      const old = this.slots.get(name)
      if (next === undefined) this.slots.delete(name)
      else this.slots.set(name, next)
      this.routes.clear()
      if (old === undefined || old.outstanding === 0) return Effect.void
      return Effect.callback<void>((resume) => {
        old.drained.push(() => resume(Effect.void))
      })
    })
  }
}

const makeSlot = (executor: Executor.Executor<any>): Slot => ({ executor, outstanding: 0, drained: [] })

const leave = (slot: Slot): void => {
  slot.outstanding--
  if (slot.outstanding === 0) for (const resolve of slot.drained.splice(0)) resolve()
}

const asList = (names: string | ReadonlyArray<string>): ReadonlyArray<string> =>
  typeof names === "string" ? [names] : names

const executorErrorOf = (exit: Exit.Exit<any, any>) => {
  if (exit._tag === "Success") return undefined
  for (const reason of exit.cause.reasons) {
    if (reason._tag === "Fail" && isExecutorError(reason.error)) return reason.error
  }
  return undefined
}
