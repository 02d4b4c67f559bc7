/** The order of waiting jobs against the plainest model of it: a list that is sorted. */
import { type Job, Phase } from "#src/Job"
import { Waiting } from "#src/Waiting"
import { assert, describe, it } from "@effect/vitest"

interface Fake {
  readonly name: number
  readonly rank: number
  phase: Phase
}

/** A small generator with a printed seed (mulberry32). */
const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

/** A job that counts how often it is looked at. */
class Counted {
  static looks = 0
  readonly rank: number
  readonly name: number
  at: Phase = Phase.waiting
  constructor(name: number, rank: number) {
    this.name = name
    this.rank = rank
  }
  get phase(): Phase {
    Counted.looks++
    return this.at
  }
}

describe("jobs that wait", () => {
  it("are cleared away once they have ended, for a constant number of looks each, and the rest keep their order", () => {
    for (const ended of [0.5, 0.9, 1]) {
      Counted.looks = 0
      const next = random(1)
      const waiting = new Waiting()
      const jobs = Array.from({ length: 4_000 }, (_, i) => new Counted(i, Math.floor(next() * 5)))
      for (const job of jobs) waiting.add(job as unknown as Job)
      for (const job of jobs) {
        if (next() >= ended) continue
        job.at = Phase.ended
        waiting.forget()
      }
      assert.isBelow(Counted.looks, 3 * jobs.length)
      assert.strictEqual(waiting.count, jobs.filter((job) => job.at === Phase.waiting).length)
      const left = jobs.filter((job) => job.at === Phase.waiting).toSorted((a, b) => a.rank - b.rank)
      assert.deepStrictEqual(
        waiting.drain().map((job) => (job as unknown as Counted).name),
        left.map(({ name }) => name)
      )
      assert.strictEqual(waiting.count, 0)
    }
  })

  it("come out lowest rank first, equal ranks as they came, and never once they have ended", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const next = random(seed)
      const waiting = new Waiting()
      let model: Array<Fake> = []
      const ranks = 1 + Math.floor(next() * 12)
      for (let step = 0; step < 120; step++) {
        const dice = next()
        if (dice < 0.55) {
          const job: Fake = { name: step, rank: Math.floor(next() * ranks), phase: Phase.waiting }
          waiting.add(job as unknown as Job)
          model.push(job)
        } else if (dice < 0.65 && model.length > 0) {
          const ended = model[Math.floor(next() * model.length)]!
          ended.phase = Phase.ended
          waiting.forget()
          model = model.filter((job) => job !== ended)
        } else {
          // A stable sort: equal ranks stay in the order of arrival.
          const [first] = model.toSorted((a, b) => a.rank - b.rank)
          assert.strictEqual((waiting.peek() as unknown as Fake | undefined)?.name, first?.name, `seed ${seed}`)
          assert.strictEqual((waiting.take() as unknown as Fake | undefined)?.name, first?.name, `seed ${seed}`)
          model = model.filter((job) => job !== first)
        }
      }
      const rest: Array<number> = []
      for (let job = waiting.take(); job !== undefined; job = waiting.take()) rest.push((job as unknown as Fake).name)
      assert.deepStrictEqual(
        rest,
        model.toSorted((a, b) => a.rank - b.rank).map(({ name }) => name),
        `seed ${seed}`
      )
      assert.strictEqual(waiting.peek(), undefined)
    }
  })
})
