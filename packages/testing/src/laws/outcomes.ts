import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Law } from "./Law.ts"
import { errorOf, expect, formatExit, formatValue, growth, succeededWith, witness } from "./Witness.ts"

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
    name: "a task handed off twice is two tasks, each with its answer",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const { task, value } = subject.samples.succeed(0)
          const twins = Array.from({ length: Math.min(2, subject.differences.limit ?? 2) }, () => it.send(task))
          yield* it.settled(twins)
          const wrong = twins.find(({ exits }) => !succeededWith(exits[0], value))
          yield* expect(wrong === undefined, () => {
            return `expected ${formatValue(value)} twice, got ${formatExit(wrong?.exits[0])}`
          })
          yield* it.onceEach(twins)
          yield* it.idle
        })
      )
  },
  {
    name: "a task that ends in a defect is answered once, with it, and leaves nothing behind",
    needs: "die",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const { samples } = subject
          if (samples.die === undefined) return
          const before = yield* it.executor.stats
          const bad = it.send(samples.die(0))
          yield* it.settled([bad])
          const exit = bad.exits[0]
          yield* expect(exit?._tag === "Failure" && exit.cause.reasons.some(Cause.isDieReason), () => {
            return `expected a defect, got ${formatExit(exit)}`
          })
          const { task, value } = samples.succeed(1)
          const next = it.send(task)
          yield* it.settled([next])
          yield* expect(succeededWith(next.exits[0], value), () => {
            return `expected ${formatValue(value)} after a defect, got ${formatExit(next.exits[0])}`
          })
          yield* it.onceEach([bad, next])
          yield* it.idle
          if (subject.differences.sharesStats === true) return
          const { done, failed } = growth(before, yield* it.executor.stats)
          yield* expect(done === 1 && failed === 1, () => {
            return `expected one more done and one failed, got ${done} and ${failed}`
          })
        })
      )
  },
  {
    name: "a task is run once",
    needs: "counted",
    check: (subject) =>
      witness(subject, (it) =>
        Effect.gen(function* () {
          const { counted } = subject.samples
          if (counted === undefined) return
          const count = Math.min(20, subject.differences.limit ?? 20)
          const all = Array.from({ length: count }, (_, i) => counted(i))
          const sents = all.map(({ task }) => it.send(task))
          yield* it.settled(sents)
          const last = counted(count)
          yield* Effect.ignoreCause(it.executor.run(last.task))
          yield* it.afterwards
          const wrong = [...all, last].find(({ runs }) => runs() !== 1)
          yield* expect(wrong === undefined, () => `a task handed off once was run ${wrong?.runs()} times`)
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
          const grown = growth(before, after)
          const wanted = { done: count, failed: count + 1, lost: 0, cancelled: 1 }
          yield* expect(JSON.stringify(grown) === JSON.stringify(wanted), () => {
            return `expected the stats to grow by ${JSON.stringify(wanted)}, they grew by ${JSON.stringify(grown)}`
          })
        })
      )
  }
]
