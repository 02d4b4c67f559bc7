/** Whatever happens to a pool, in any order: every call is answered once or given up, and the counts are right all along. */
import { type Job, Phase } from "#src/Job"
import type { Policy } from "#src/Pool"
import { assert, describe, it } from "@effect/vitest"
import { Puppet } from "./Puppet.ts"

/** A small generator with a printed seed (mulberry32). */
const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

const policies: ReadonlyArray<Partial<Policy>> = [
  {},
  { minThreads: 0, maxThreads: 3, callsPerThread: 2, startsAtOnce: 1 },
  { maxThreads: 1, queueLimit: 2, whenFull: "suspend" },
  { queueLimit: 1, whenFull: "caller-runs" },
  { queueLimit: 3, whenFull: "reject", recycleAfter: 3 },
  { pinKeys: true, maxThreads: 3 },
  { pinKeys: true, queueLimit: 2, recycleAfter: 2, callsPerThread: 2 },
  { pinKeys: true, queueLimit: 1, whenFull: "caller-runs", idleTimeout: 100 }
]

const play = (seed: number) => {
  const next = random(seed)
  const below = (most: number) => Math.floor(next() * most)
  const puppet = new Puppet(policies[seed % policies.length]!)
  puppet.inboxMost = below(3)
  const jobs: Array<Job> = []
  const givenUp = new Set<Job>()
  const submit = () => {
    const options = {
      ...(next() < 0.6 && { key: `key ${below(3)}` }),
      ...(next() < 0.2 && { priority: below(5) - 2 })
    }
    const name = `call ${jobs.length}`
    if (next() < 0.1) puppet.unsendable.add(name)
    const at = jobs.length
    jobs.length++
    // Its callback may come before it is handed back.
    jobs[at] = puppet.submit(name, options)
  }
  const cancel = () => {
    const job = jobs[below(jobs.length)]
    if (job === undefined) return
    if (job.phase < Phase.abandoned) givenUp.add(job)
    puppet.pool.cancel(job)
  }
  let depth = 0
  puppet.onAnswer = () => {
    if (depth > 2 || next() < 0.7) return
    depth++
    if (next() < 0.5) submit()
    else cancel()
    depth--
  }
  const workers = () => [...puppet.pool.members.keys()]
  const started = () => [...puppet.running.values()].flat().length
  const here = () => (puppet.runsHere ?? []).length
  for (let step = 0; step < 150; step++) {
    const dice = next()
    const worker = workers()[below(workers().length)] ?? 0
    if (dice < 0.3) submit()
    else if (dice < 0.4) cancel()
    else if (dice < 0.5) puppet.pass(below(400))
    else if (dice < 0.53) puppet.room = next() < 0.5 ? Infinity : 1 + below(3)
    else if (dice < 0.56) puppet.runsHere ??= []
    else if (dice < 0.6) {
      const [job, events] = puppet.runsHere?.shift() ?? []
      if (job !== undefined) events!.value(job, "here")
    } else if (puppet.pool.members.get(worker)?.state === "starting") {
      if (next() < 0.8) puppet.ready(worker)
      else puppet.exit(worker, { how: "crash" })
    } else if (puppet.pool.members.has(worker)) {
      const { length } = puppet.running.get(worker)!
      if (dice < 0.78) puppet.take(worker)
      else if (dice < 0.95 && length > 0) puppet.finish(worker)
      else if (dice > 0.97) puppet.exit(worker, { how: "exit", exitCode: 1 })
    }
    // Of those that nobody has given up, what runs and what does not.
    const wanted = jobs.filter((job) => job.phase <= Phase.offered)
    const runs = [...puppet.running.values(), (puppet.runsHere ?? []).map(([job]) => job)]
      .flat()
      .filter((job) => job.phase === Phase.offered).length
    const assigned = [...puppet.inbox.values()].flat().filter((job) => job.phase === Phase.offered).length
    assert.deepInclude(
      puppet.pool.counts,
      { running: runs + assigned, queued: wanted.length - runs - assigned },
      `seed ${seed}, step ${step}`
    )
  }
  // From here on all goes well.
  puppet.room = Infinity
  puppet.unsendable.clear()
  for (let round = 0; round < 2_000 && puppet.pool.outstanding + puppet.pool.abandoned > 0; round++) {
    puppet.pass(100)
    for (const [job, events] of puppet.runsHere?.splice(0) ?? []) events.value(job, "here")
    for (const worker of workers()) {
      const member = puppet.pool.members.get(worker)
      if (member?.state === "starting") puppet.ready(worker)
      else if (puppet.running.get(worker)!.length > 0) puppet.finish(worker)
      else if (member?.state === "retiring") puppet.exit(worker, { how: "exit" })
      else puppet.take(worker)
    }
  }
  const told = puppet.log.filter((line) => /^call \d+( |: (done|here))/.test(line) && !line.includes(" here: "))
  return { puppet, jobs, givenUp, told, left: started() + here() }
}

describe("a pool of any policy", () => {
  it("answers each of its calls once, or never if it was given up, and then has nothing left", () => {
    for (let seed = 1; seed <= 400; seed++) {
      const { givenUp, jobs, left, puppet, told } = play(seed)
      const answers = told.map((line) => line.split(/[:\s]/, 2).join(" "))
      const expected = jobs.filter((job) => !givenUp.has(job)).map((job) => job.task as string)
      assert.deepStrictEqual(answers.toSorted(), expected.toSorted(), `seed ${seed}`)
      const { cancelled, done, failed, lost, queued, running } = puppet.pool.counts
      assert.deepStrictEqual(
        [running, queued, puppet.pool.abandoned, left, done + failed + lost + cancelled],
        [0, 0, 0, 0, jobs.length],
        `seed ${seed}`
      )
    }
  })
})
