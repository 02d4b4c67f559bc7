import type { Task } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Subject } from "../Contract.ts"
import type { Law } from "./Law.ts"
import { errorOf, expect, formatExit, Witness, type Sent } from "./Witness.ts"

const open = <T extends Task.Any>(subject: Subject<T>) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const executor = yield* Scope.provide(Effect.orDie(subject.make), scope)
    return { scope, it: new Witness(executor, subject) }
  })

/** Closing the scope in which the executor was made. */
export const closing: ReadonlyArray<Law> = [
  {
    name: "closing with work outstanding loses no waiter, and later tasks are refused",
    check: (subject) =>
      Effect.gen(function* () {
        const { it, scope } = yield* open(subject)
        const { closesNothing, limit = 64, queuedAtClose } = subject.differences
        const done = it.send(subject.samples.succeed(0).task)
        yield* it.settled([done])
        const given = it.send(subject.samples.never(0))
        given.cancel()
        const waiting = Array.from({ length: Math.min(8, limit) }, (_, i) => it.send(subject.samples.never(i)))
        yield* it.afterwards
        const early = waiting.find((sent) => sent.exits.length > 0)
        yield* expect(early === undefined, () => `\`never\` ended by itself: ${formatExit(early?.exits[0])}`)
        yield* Scope.close(scope, Exit.void)
        if (closesNothing === true) {
          for (const sent of waiting) sent.cancel()
          yield* it.onceEach([done, given, ...waiting])
          return
        }
        yield* it.settled(waiting)
        const isExpected = (sent: Sent): boolean => {
          const error = errorOf(sent.exits[0])
          return (
            (error?._tag === "Lost" && error["how"] === "closed") ||
            (error?._tag === queuedAtClose && error?.["reason"] === "closed")
          )
        }
        const wrong = waiting.find((sent) => !isExpected(sent))
        yield* expect(wrong === undefined, () => `expected Lost, closed; got ${formatExit(wrong?.exits[0])}`)
        const late = it.send(subject.samples.succeed(1).task)
        yield* it.settled([late])
        const error = errorOf(late.exits[0])
        yield* expect(error?._tag === "Overloaded" && error["reason"] === "closed", () => {
          return `expected Overloaded, closed, after the close; got ${formatExit(late.exits[0])}`
        })
        yield* it.onceEach([done, given, late, ...waiting])
        yield* it.idle
      })
  }
]
