import * as Effect from "effect/Effect"
import type { Law } from "./Law.ts"
import { errorOf, expect, formatExit, formatValue, succeededWith, witness } from "./Witness.ts"

/** As `Differences.concurrency` says: so many run at once where a strategy does not say that it is fewer. */
const many = 64

/** What a strategy says of itself: how many run at once, and how many it takes. One that says nothing has room for all. */
export const bounds: ReadonlyArray<Law> = [
  {
    name: "as many tasks run at once as it says, and no more",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const { cancelKeepsSlot, concurrency = many, limit = Infinity } = subject.differences
          const places = Math.min(concurrency, limit)
          const endless = Array.from({ length: places - 1 }, (_, i) => it.send(subject.samples.never(i)))
          yield* it.afterwards
          const last = subject.samples.succeed(0)
          const inTheLastPlace = it.send(last.task)
          yield* it.settled([inTheLastPlace])
          yield* expect(succeededWith(inTheLastPlace.exits[0], last.value), () => {
            return `expected ${formatValue(last.value)}, got ${formatExit(inTheLastPlace.exits[0])}`
          })
          const sents = [...endless, inTheLastPlace]
          // Who says how many is held to no more, too, if there is a place to wait in.
          if (subject.differences.concurrency !== undefined && limit > concurrency) {
            endless.push(it.send(subject.samples.never(concurrency)))
            yield* it.afterwards
            const over = it.send(subject.samples.succeed(1).task)
            yield* it.afterwards
            yield* expect(over.exits.length === 0, () => {
              return `${concurrency} tasks run at a time, but another was answered: ${formatExit(over.exits[0])}`
            })
            if (cancelKeepsSlot === true) over.cancel()
            endless.pop()!.cancel()
            yield* it.settled([over])
            sents.push(over)
          }
          for (const sent of endless) sent.cancel()
          yield* it.onceEach(sents)
          yield* it.idle
        })
      )
  },
  {
    name: "beyond its limit a task is refused at once, and taken again when there is room",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const { limit } = subject.differences
          const takes = limit ?? subject.tasks
          const endless = Array.from({ length: takes }, (_, i) => it.send(subject.samples.never(i)))
          yield* it.afterwards
          const refused = endless.find(({ exits }) => exits.length > 0)
          yield* expect(refused === undefined, () => {
            return `expected ${takes} tasks to be taken at once, got ${formatExit(refused!.exits[0])}`
          })
          const sents = [...endless]
          if (limit !== undefined) {
            const over = it.send(subject.samples.succeed(0).task)
            yield* it.settled([over])
            const error = errorOf(over.exits[0])
            yield* expect(error?._tag === "Overloaded" && error["reason"] === "full", () => {
              return `expected Overloaded, full, beyond ${limit} tasks; got ${formatExit(over.exits[0])}`
            })
            sents.push(over)
          }
          for (const sent of endless) sent.cancel()
          if (subject.differences.cancelKeepsSlot !== true) {
            const { task, value } = subject.samples.succeed(1)
            const next = it.send(task)
            yield* it.settled([next])
            yield* expect(succeededWith(next.exits[0], value), () => {
              return `expected ${formatValue(value)} after the others were given up, got ${formatExit(next.exits[0])}`
            })
          }
          yield* it.onceEach(sents)
          yield* it.idle
        })
      )
  }
]
