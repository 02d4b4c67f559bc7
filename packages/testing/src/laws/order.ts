import * as Effect from "effect/Effect"
import type { Law } from "./Law.ts"
import { expect, formatExit, formatValue, succeededWith, witness, type Sent } from "./Witness.ts"

/** Many tasks at once, and the order in which they finish. */
export const order: ReadonlyArray<Law> = [
  {
    name: "a task that ends overtakes one that does not (or waits for it, where one runs at a time)",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const slow = it.send(subject.samples.never(0))
          yield* it.afterwards
          const fast = it.send(subject.samples.succeed(0).task)
          if ((subject.differences.concurrency ?? 64) > 1) {
            yield* it.settled([fast])
          } else {
            yield* it.afterwards
            yield* expect(fast.exits.length === 0, () => {
              return `one task runs at a time, but another was answered: ${formatExit(fast.exits[0])}`
            })
            slow.cancel()
            if (subject.differences.cancelKeepsSlot === true) fast.cancel()
            yield* it.settled([fast])
          }
          slow.cancel()
          yield* it.onceEach([slow, fast])
        })
      )
  },
  {
    name: "many tasks at once are each answered once, with their own values",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const count = Math.min(subject.tasks, subject.differences.limit ?? subject.tasks)
          const samples = Array.from({ length: count }, (_, i) => subject.samples.succeed(i))
          const sents = samples.map(({ task }) => it.send(task))
          yield* it.settled(sents)
          const wrong = samples.findIndex(({ value }, i) => !succeededWith(sents[i]!.exits[0], value))
          yield* expect(wrong < 0, () => {
            const { value } = samples[wrong]!
            return `task ${wrong} of ${count}: expected ${formatValue(value)}, got ${formatExit(sents[wrong]!.exits[0])}`
          })
          yield* it.onceEach(sents)
          yield* it.idle
        })
      )
  },
  {
    name: "a task may be handed off from within an answer",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const sents: Array<Sent> = []
          const handOff = (index: number): void => {
            const sent = it.send(subject.samples.succeed(index).task, index < 9 ? () => handOff(index + 1) : undefined)
            sents.push(sent)
          }
          handOff(0)
          yield* it.eventually("ten tasks in a row are handed off", () => sents.length === 10)
          yield* it.settled(sents)
          yield* it.onceEach(sents)
          yield* it.idle
        })
      )
  }
]
