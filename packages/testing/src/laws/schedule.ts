import type { Task } from "@handoff/core"
import * as Effect from "effect/Effect"
import type { Subject } from "../Contract.ts"
import * as Random from "../Random.ts"
import type { Law } from "./Law.ts"
import { errorOf, expect, formatExit, growth, succeededWith, witness, type Sent } from "./Witness.ts"

type Move = "succeed" | "fail" | "never" | "unsupported" | "cancel" | "cancel at once" | "wait"

/**
 * A random life: tasks of all sorts handed off, some given up, in an order that the seed decides; then everything is
 * answered or silent, and the counters agree with what was seen.
 */
export const schedule = (seed: number): Law => ({
  name: `a random schedule leaves nothing over (seed ${seed})`,
  check: (subject) =>
    witness(subject, (it) =>
      Effect.gen(function* () {
        const random = Random.make(seed)
        const before = yield* it.executor.stats
        const sents: Array<{ readonly sent: Sent; readonly isRight: (sent: Sent) => boolean }> = []
        const endless = new Set<Sent>()
        const room = roomFor(subject)
        const moves = movesOf(subject)
        for (let i = 0; i < subject.operations; i++) {
          const outstanding = sents.filter(({ sent }) => sent.exits.length === 0 && !sent.isCancelled)
          const move = random.pick(moves)
          if (move === "wait") yield* Effect.sleep(random.below(3))
          else if (move === "cancel") {
            if (outstanding.length > 0) random.pick(outstanding).sent.cancel()
          } else if (outstanding.length >= room) yield* Effect.sleep(1)
          else if (move === "succeed" || move === "cancel at once") {
            const { task, value } = subject.samples.succeed(i)
            const sent = it.send(task)
            if (move === "cancel at once" && sent.exits.length === 0) sent.cancel()
            sents.push({ sent, isRight: ({ exits }) => succeededWith(exits[0], value) })
          } else if (move === "fail") {
            const { failure, task } = subject.samples.fail(i)
            sents.push({ sent: it.send(task), isRight: ({ exits }) => errorOf(exits[0])?._tag === failure })
          } else if (move === "unsupported") {
            const sent = it.send(subject.samples.unsupported)
            sents.push({ sent, isRight: ({ exits }) => errorOf(exits[0])?._tag === "Unsupported" })
          } else {
            const sent = it.send(subject.samples.never(i))
            endless.add(sent)
            sents.push({ sent, isRight: () => false })
          }
        }
        for (const sent of endless) if (!sent.isCancelled && sent.exits.length === 0) sent.cancel()
        const all = sents.map(({ sent }) => sent)
        yield* it.settled(all)
        yield* it.onceEach(all)
        const wrong = sents.find(({ isRight, sent }) => !sent.isCancelled && !isRight(sent))
        yield* expect(wrong === undefined, () => {
          return `seed ${seed}: a ${wrong?.sent.task._tag} was answered with ${formatExit(wrong?.sent.exits[0])}`
        })
        if (subject.differences.sharesStats === true) return
        yield* it.idle
        const after = yield* it.executor.stats
        const grown = growth(before, after)
        const answered = all.filter((sent) => !sent.isCancelled)
        const done = answered.filter((sent) => sent.exits[0]?._tag === "Success").length
        const seen = {
          done,
          failed: answered.length - done,
          lost: 0,
          cancelled: all.length - answered.length
        }
        yield* expect(JSON.stringify(grown) === JSON.stringify(seen), () => {
          return `seed ${seed}: the stats grew by ${JSON.stringify(grown)}, the witness saw ${JSON.stringify(seen)}`
        })
      })
    )
})

/** How many tasks may be outstanding at once. */
const roomFor = <T extends Task.Any>(subject: Subject<T>): number => Math.min(32, subject.differences.limit ?? 32)

/** Where a task that never ends would keep its slot for good, the schedule has none of them. */
const movesOf = <T extends Task.Any>(subject: Subject<T>): ReadonlyArray<Move> => {
  const moves: Array<Move> = ["succeed", "succeed", "fail", "unsupported", "cancel", "cancel at once", "wait"]
  if (subject.differences.cancelKeepsSlot !== true) moves.push("never")
  return moves
}
