/**
 * Strategies that can be changed while they work: core's router, and who stands behind it. What was handed off before a
 * change is finished by whoever has it; a strategy that is left by all its tasks is closed.
 */
import { Router, type Executor } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Trouble } from "../program/Trouble.ts"
import * as strategies from "../strategies.ts"

export interface Switchboard {
  readonly router: strategies.Strategies
  readonly choice: () => strategies.Choice
  /** From now on tasks go where this choice sends them. Where a strategy cannot be had, nothing is changed. */
  readonly change: (choice: strategies.Choice) => Effect.Effect<void, Trouble>
  /** By name, of everyone who is or was there: counts over the whole time, figures of now. */
  readonly stats: Effect.Effect<ReadonlyMap<strategies.Name, Executor.Stats>>
}

interface Member {
  readonly name: strategies.Name
  readonly madeWith: string
  readonly executor: Executor.Executor<any>
  readonly scope: Scope.Closeable
}

export const make = Effect.fnUntraced(function* (
  first: strategies.Choice
): Effect.fn.Return<Switchboard, Trouble, Scope.Scope> {
  const outer = yield* Effect.scope
  let current = first
  const members = new Map<strategies.Name, Member>()
  /** Members that still have tasks, and the counts of those that are gone. */
  const leaving = new Set<Member>()
  const gone = new Map<strategies.Name, Executor.Stats>()

  const join = Effect.fnUntraced(function* (name: strategies.Name, choice: strategies.Choice) {
    const scope = yield* Scope.fork(outer)
    const executor = yield* Effect.onError(Scope.provide(strategies.makeOne(name, choice), scope), (cause) =>
      Scope.close(scope, Exit.failCause(cause))
    )
    return { name, madeWith: strategies.madeWith(name, choice), executor, scope } satisfies Member
  })

  /** Waits until a member has answered its last task, and closes it. */
  const seeOff = (member: Member, drained: Effect.Effect<void>) =>
    Effect.gen(function* () {
      yield* drained
      const before = gone.get(member.name)
      const counts = yield* member.executor.stats
      gone.set(member.name, before === undefined ? { ...counts, extra: {} } : { ...add(before, counts), extra: {} })
      leaving.delete(member)
      yield* Scope.close(member.scope, Exit.void)
    })

  for (const name of strategies.used(first)) members.set(name, yield* join(name, first))
  const router = yield* Effect.orDie(
    Router.make(
      [...members.values()].map(({ executor }) => executor),
      { name: "handoff", ...strategies.policyOf(first) }
    )
  )

  const change = Effect.fnUntraced(function* (choice: strategies.Choice) {
    const wanted = strategies.used(choice)
    const coming: Array<Member> = []
    yield* Effect.forEach(
      wanted.filter((name) => members.get(name)?.madeWith !== strategies.madeWith(name, choice)),
      (name) => Effect.map(join(name, choice), (member) => coming.push(member)),
      { discard: true }
    ).pipe(
      Effect.onError((cause) =>
        Effect.forEach(coming, ({ scope }) => Scope.close(scope, Exit.failCause(cause)), { discard: true })
      )
    )
    for (const next of coming) {
      const { name } = next
      const before = members.get(name)
      members.set(name, next)
      if (before !== undefined) leaving.add(before)
      const drained = router.replace(next.executor)
      if (before === undefined) yield* drained
      else yield* Effect.forkIn(seeOff(before, drained), outer, { startImmediately: true })
    }
    yield* Effect.orDie(router.setPolicy(strategies.policyOf(choice)))
    for (const [name, member] of members) {
      if (wanted.includes(name)) continue
      members.delete(name)
      leaving.add(member)
      yield* Effect.forkIn(seeOff(member, router.remove(name)), outer, { startImmediately: true })
    }
    current = choice
  })

  const stats = Effect.gen(function* () {
    const sums = new Map<strategies.Name, Executor.Stats>(gone)
    for (const member of [...leaving, ...members.values()]) {
      const counts = yield* member.executor.stats
      const before = sums.get(member.name)
      sums.set(member.name, before === undefined ? counts : add(before, counts))
    }
    return new Map(strategies.names.flatMap((name) => (sums.has(name) ? [[name, sums.get(name)!] as const] : [])))
  })

  return {
    router: router as strategies.Strategies,
    choice: () => current,
    change: (choice) => Effect.uninterruptible(change(choice)),
    stats
  }
})

/** Counts together; the figures are the later one's. */
const add = (a: Executor.Stats, b: Executor.Stats): Executor.Stats => ({
  running: a.running + b.running,
  queued: a.queued + b.queued,
  done: a.done + b.done,
  failed: a.failed + b.failed,
  lost: a.lost + b.lost,
  cancelled: a.cancelled + b.cancelled,
  extra: b.extra
})
