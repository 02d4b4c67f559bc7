/** What a pool does with room, and with those that never take it. */
import type { Job } from "#src/Job"
import { assert, describe, it } from "@effect/vitest"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Puppet } from "./Puppet.ts"
import { uncaughtIn } from "./uncaught.ts"

const on = (puppet: Puppet, worker: number) => puppet.running.get(worker)!.map((job) => job.task)

describe("room", () => {
  it("that a pinned call of one thread has made is taken by one of another, if it was short for both", () => {
    const puppet = new Puppet({ minThreads: 2, maxThreads: 2, pinKeys: true })
    puppet.ready(0)
    puppet.ready(1)
    puppet.shared = 1
    puppet.submit("a", { key: "a" })
    puppet.submit("b", { key: "b" })
    assert.deepStrictEqual([on(puppet, 0), on(puppet, 1)], [["a"], []])
    puppet.finish(0)
    assert.deepStrictEqual([on(puppet, 0), on(puppet, 1)], [[], ["b"]])
  })

  it("goes to every pinned call in turn when one before it cannot be sent", () => {
    const puppet = new Puppet({ maxThreads: 1, pinKeys: true })
    puppet.ready(0)
    puppet.unsendable.add("b")
    for (const key of ["a", "b", "c", "d"]) puppet.submit(key, { key })
    for (let i = 0; i < 3; i++) puppet.finish(0)
    assert.deepStrictEqual(puppet.news(), ["start 0", "b threw TypeError", "a: done", "c: done", "d: done"])
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, done: 3, failed: 1 })
  })

  const many = 20_000

  it("is found however many that wait cannot be sent", () => {
    const puppet = new Puppet({ maxThreads: 1, queueLimit: Infinity })
    puppet.ready(0)
    puppet.room = 0
    puppet.submit("first")
    for (let i = 0; i < many; i++) puppet.submit(`bad ${i}`)
    puppet.submit("last")
    for (let i = 0; i < many; i++) puppet.unsendable.add(`bad ${i}`)
    puppet.room = Infinity
    puppet.pool.cancel(puppet.submit("given up"))
    assert.deepStrictEqual([puppet.take(0), puppet.take(0)], ["first", "last"])
    assert.strictEqual(puppet.pool.failed, many)
  })

  it("is found however many of one key cannot be sent", () => {
    const puppet = new Puppet({ maxThreads: 1, queueLimit: Infinity })
    puppet.ready(0)
    puppet.submit("first", { key: "k" })
    puppet.take(0)
    for (let i = 0; i < many; i++) puppet.unsendable.add(`bad ${i}`)
    for (let i = 0; i < many; i++) puppet.submit(`bad ${i}`, { key: "k" })
    puppet.submit("last", { key: "k" })
    puppet.finish(0)
    assert.strictEqual(puppet.take(0), "last")
    assert.strictEqual(puppet.pool.failed, many)
  })

  it("is looked for again when a callback hands off, or gives up, while it is being given away", () => {
    const puppet = new Puppet({ maxThreads: 1, queueLimit: 2 })
    puppet.ready(0)
    puppet.room = 0
    const waiting = ["bad", "a"].map((name) => puppet.submit(name))
    puppet.unsendable.add("bad")
    puppet.onAnswer = (name) => {
      if (name !== "bad") return
      puppet.pool.cancel(waiting[1]!)
      puppet.submit("b")
      puppet.submit("c")
      puppet.submit("d")
    }
    puppet.room = Infinity
    puppet.ready(0)
    puppet.pool.cancel(puppet.submit("given up"))
    assert.deepStrictEqual([puppet.take(0), puppet.take(0), puppet.take(0)], ["b", "c", "d"])
    for (let i = 0; i < 3; i++) puppet.finish(0)
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, done: 3, failed: 1, cancelled: 2 })
  })
})

describe("a callback that throws", () => {
  it("keeps nobody else from an answer, and is heard of", async () => {
    const heard = await uncaughtIn(async () => {
      const puppet = new Puppet({ maxThreads: 1 })
      puppet.ready(0)
      puppet.onAnswer = (name) => {
        if (name === "a") throw new RangeError("a's callback")
      }
      for (const name of ["a", "b", "c"]) puppet.submit(name)
      puppet.take(0)
      puppet.take(0)
      puppet.exit(0, { how: "exit" })
      assert.deepStrictEqual(puppet.news(), ["start 0", "a lost: exit", "b lost: exit", "start 0"])
      puppet.ready(0)
      assert.strictEqual(puppet.take(0), "c")
      puppet.finish(0)
      assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, lost: 2, done: 1 })
    })
    assert.deepStrictEqual(heard.map(String), ["RangeError: a's callback"])
  })
})

describe("calls that are given up while nothing moves", () => {
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc") as () => void

  /** Hands off and gives up call after call in a pool whose only worker is stuck; how many of them are still held. */
  const held = async (
    puppet: Puppet,
    options: { readonly key?: (i: number) => string; readonly priority?: number }
  ) => {
    const given: Array<WeakRef<Job>> = []
    for (let i = 0; i < 2_000; i++) {
      const key = options.key?.(i)
      const job = puppet.submit("x".repeat(10), { priority: options.priority ?? 0, ...(key !== undefined && { key }) })
      puppet.pool.cancel(job)
      given.push(new WeakRef(job))
    }
    // A WeakRef holds what it refers to until the turn ends.
    await new Promise((resolve) => setImmediate(resolve))
    collect()
    return given.filter((one) => one.deref() !== undefined).length
  }
  const stuck = (policy: ConstructorParameters<typeof Puppet>[0]) => {
    const puppet = new Puppet({ maxThreads: 1, ...policy })
    puppet.ready(0)
    puppet.submit("stuck", { key: "k" })
    puppet.take(0)
    puppet.room = 0
    return puppet
  }

  const places: ReadonlyArray<readonly [string, () => Promise<number>]> = [
    ["in the queue", () => held(stuck({}), {})],
    ["in the queue by rank", () => held(stuck({}), { priority: 3 })],
    ["behind another of their key", () => held(stuck({}), { key: () => "k" })],
    ["with a suspended caller", () => held(stuck({ queueLimit: 0 }), {})],
    ["with the thread of their key", () => held(stuck({ pinKeys: true }), { key: (i) => `k ${i}` })]
  ]
  for (const [place, run] of places) {
    it(`are let go of: ${place}`, async () => {
      assert.isBelow(await run(), 100)
    })
  }
})
