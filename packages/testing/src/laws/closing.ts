import type { Task } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { Subject } from "../Contract.ts"
import type { Law } from "./Law.ts"
import { errorOf, expect, formatExit, formatValue, growth, type Sent, succeededWith, Witness } from "./Witness.ts"

const open = <T extends Task.Any>(subject: Subject<T>) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const executor = yield* Scope.provide(Effect.orDie(subject.make), scope)
    return { scope, it: new Witness(executor, subject) }
  })

/** Whether a task that was outstanding when its executor closed was told so. */
const toldOfClose = <T extends Task.Any>(subject: Subject<T>, exit: Sent["exits"][number] | undefined): boolean => {
  const error = errorOf(exit)
  const { queuedAtClose } = subject.differences
  return (
    (error?._tag === "Lost" && error["how"] === "closed") ||
    (error?._tag === queuedAtClose && error?.["reason"] === "closed")
  )
}

const isRefused = (sent: Sent): boolean => {
  const error = errorOf(sent.exits[0])
  return error?._tag === "Overloaded" && error["reason"] === "closed"
}

/** Closing the scope in which the executor was made. */
export const closing: ReadonlyArray<Law> = [
  {
    name: "closing with work outstanding loses no waiter, and later tasks are refused",
    check: (subject) =>
      Effect.gen(function* () {
        const { it, scope } = yield* open(subject)
        const { closesNothing, limit = 64, queuedAtClose, sharesStats } = subject.differences
        const done = it.send(subject.samples.succeed(0).task)
        yield* it.settled([done])
        const given = it.send(subject.samples.never(0))
        given.cancel()
        const runs = limit > 1 ? 1 : 0
        const waiting = Array.from({ length: Math.min(8, limit - runs) }, (_, i) => it.send(subject.samples.never(i)))
        const fibers = yield* Effect.forEach(Array.from({ length: runs }), () =>
          Effect.forkDetach(it.executor.run(subject.samples.never(8)), { startImmediately: true })
        )
        yield* it.afterwards
        const early = waiting.find((sent) => sent.exits.length > 0)
        yield* expect(early === undefined, () => `\`never\` ended by itself: ${formatExit(early?.exits[0])}`)
        const before = yield* it.executor.stats
        yield* Scope.close(scope, Exit.void)
        if (closesNothing === true) {
          for (const sent of waiting) sent.cancel()
          yield* Fiber.interruptAll(fibers)
          yield* it.onceEach([done, given, ...waiting])
          return
        }
        yield* it.settled(waiting)
        yield* it.eventually("`run` ends when its executor closes", () => {
          return fibers.every((fiber) => fiber.pollUnsafe() !== undefined)
        })
        const exits = [...waiting.map((sent) => sent.exits[0]), ...fibers.map((fiber) => fiber.pollUnsafe())]
        const wrong = exits.find((exit) => !toldOfClose(subject, exit))
        yield* expect(wrong === undefined, () => `expected Lost, closed; got ${formatExit(wrong)}`)
        const late = it.send(subject.samples.succeed(1).task)
        yield* it.settled([late])
        yield* expect(isRefused(late), () => {
          return `expected Overloaded, closed, after the close; got ${formatExit(late.exits[0])}`
        })
        // They have their answers and keep them.
        for (const sent of waiting) {
          sent.cancel()
          sent.isCancelled = false
        }
        yield* it.onceEach([done, given, late, ...waiting])
        yield* it.idle
        if (sharesStats === true || queuedAtClose !== undefined) return
        const { cancelled, lost } = growth(before, yield* it.executor.stats)
        yield* expect(lost === exits.length && cancelled === 0, () => {
          return `expected ${exits.length} more lost and none cancelled by the close, got ${lost} and ${cancelled}`
        })
      })
  },
  {
    name: "closing while tasks end answers each once, with its outcome or as lost",
    check: (subject) =>
      Effect.gen(function* () {
        const { it, scope } = yield* open(subject)
        const { closesNothing, limit = 32 } = subject.differences
        const samples = Array.from({ length: Math.min(32, subject.tasks, limit) }, (_, i) => subject.samples.succeed(i))
        const sents = samples.map(({ task }) => it.send(task))
        yield* Scope.close(scope, Exit.void)
        yield* it.settled(sents)
        yield* it.onceEach(sents)
        const wrong = sents.findIndex(({ exits: [exit] }, i) => {
          return !succeededWith(exit, samples[i]!.value) && (closesNothing === true || !toldOfClose(subject, exit))
        })
        yield* expect(wrong < 0, () => `expected a value, or Lost, closed; got ${formatExit(sents[wrong]!.exits[0])}`)
      })
  },
  {
    name: "a task handed off by one who hears of the close hears of it too",
    check: (subject) =>
      Effect.gen(function* () {
        const { it, scope } = yield* open(subject)
        const { closesNothing, limit = 4 } = subject.differences
        const again: Array<Sent> = []
        const waiting: Array<Sent> = Array.from({ length: Math.min(4, limit) }, (_, i) =>
          it.send(subject.samples.never(i), () => again.push(it.send(subject.samples.never(i))))
        )
        yield* it.afterwards
        yield* Scope.close(scope, Exit.void)
        if (closesNothing === true) {
          for (const sent of waiting) sent.cancel()
          return
        }
        yield* it.settled(waiting)
        yield* it.settled(again)
        // Lost, where a queue took it before the executor behind it could refuse.
        const wrong = again.find((sent) => !isRefused(sent) && !toldOfClose(subject, sent.exits[0]))
        yield* expect(wrong === undefined, () => `expected Overloaded, closed; got ${formatExit(wrong?.exits[0])}`)
        yield* it.onceEach([...waiting, ...again])
        yield* it.idle
      })
  },
  {
    name: "closing one executor leaves another of its kind at work",
    check: (subject) =>
      Effect.gen(function* () {
        const one = yield* open(subject)
        const other = yield* open(subject)
        const closed = one.it.send(subject.samples.never(0))
        const waiting = other.it.send(subject.samples.never(0))
        yield* one.it.afterwards
        yield* Scope.close(one.scope, Exit.void)
        if (subject.differences.closesNothing === true) closed.cancel()
        yield* one.it.settled([closed])
        if ((subject.differences.concurrency ?? 2) > 1 && (subject.differences.limit ?? 2) > 1) {
          const { task, value } = subject.samples.succeed(0)
          const next = other.it.send(task)
          yield* other.it.settled([next])
          yield* expect(succeededWith(next.exits[0], value), () => {
            return `expected ${formatValue(value)} of the open one, got ${formatExit(next.exits[0])}`
          })
        }
        yield* expect(waiting.exits.length === 0, () => {
          return `a task of the open one was answered: ${formatExit(waiting.exits[0])}`
        })
        waiting.cancel()
        yield* other.it.onceEach([waiting])
        yield* Scope.close(other.scope, Exit.void)
      })
  }
]
