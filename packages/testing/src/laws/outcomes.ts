import * as Effect from "effect/Effect"
import type { Law } from "./Law.ts"
import { errorOf, expect, formatExit, formatValue, succeededWith, witness } from "./Witness.ts"

/** What comes of a task. */
export const outcomes: ReadonlyArray<Law> = [
  {
    name: "a task that succeeds is answered once, with its value",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const { task, value } = subject.samples.succeed(0)
          const sent = it.send(task)
          yield* it.settled([sent])
          yield* expect(succeededWith(sent.exits[0], value), () => {
            return `expected ${formatValue(value)}, got ${formatExit(sent.exits[0])}`
          })
          yield* it.onceEach([sent])
        })
      )
  },
  {
    name: "`run` gives the value too",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const { task, value } = subject.samples.succeed(1)
          const exit = yield* Effect.exit(it.executor.run(task))
          yield* expect(succeededWith(exit, value), () => {
            return `expected ${formatValue(value)}, got ${formatExit(exit)}`
          })
        })
      )
  },
  {
    name: "a task that fails is answered once, with its own typed failure",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const { failure, task } = subject.samples.fail(0)
          const sent = it.send(task)
          yield* it.settled([sent])
          yield* expect(errorOf(sent.exits[0])?._tag === failure, () => {
            return `expected the failure ${failure}, got ${formatExit(sent.exits[0])}`
          })
          yield* it.onceEach([sent])
          const exit = yield* Effect.exit(it.executor.run(subject.samples.fail(1).task))
          yield* expect(errorOf(exit)?._tag === failure, () => {
            return `expected \`run\` to fail with ${failure}, got ${formatExit(exit)}`
          })
        })
      )
  },
  {
    name: "a kind it does not speak is answered `Unsupported`, and `supports` says so",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const { never, succeed, unsupported } = subject.samples
          yield* expect(!it.executor.supports(unsupported._tag), () => `\`supports\` claims ${unsupported._tag}`)
          for (const { _tag } of [succeed(0).task, never(0)]) {
            yield* expect(it.executor.supports(_tag), () => `\`supports\` denies ${_tag}, which the samples use`)
          }
          const sent = it.send(unsupported)
          yield* it.settled([sent])
          const error = errorOf(sent.exits[0])
          yield* expect(error?._tag === "Unsupported" && error["kind"] === unsupported._tag, () => {
            return `expected Unsupported for ${unsupported._tag}, got ${formatExit(sent.exits[0])}`
          })
          yield* it.onceEach([sent])
          yield* it.idle
        })
      )
  },
  {
    name: "stats count every task where it ended, and return to zero",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const count = Math.min(5, subject.differences.limit ?? 5)
          const before = yield* it.executor.stats
          const good = Array.from({ length: count }, (_, i) => it.send(subject.samples.succeed(i).task))
          yield* it.settled(good)
          const bad = Array.from({ length: count }, (_, i) => it.send(subject.samples.fail(i).task))
          yield* it.settled(bad)
          const given = it.send(subject.samples.never(0))
          given.cancel()
          yield* it.settled([it.send(subject.samples.unsupported)])
          if (subject.differences.sharesStats === true) return
          yield* it.idle
          const after = yield* it.executor.stats
          const grown = {
            done: after.done - before.done,
            failed: after.failed - before.failed,
            lost: after.lost - before.lost,
            cancelled: after.cancelled - before.cancelled
          }
          const wanted = { done: count, failed: count + 1, lost: 0, cancelled: 1 }
          yield* expect(JSON.stringify(grown) === JSON.stringify(wanted), () => {
            return `expected the stats to grow by ${JSON.stringify(wanted)}, they grew by ${JSON.stringify(grown)}`
          })
        })
      )
  }
]
