/** Where a pool keeps a call that cannot start at once: with its thread, with its caller, or nowhere. */
import { assert, describe, it } from "@effect/vitest"
import { Puppet } from "./Puppet.ts"

const on = (puppet: Puppet, worker: number) => puppet.running.get(worker)!.map((job) => job.task)

describe("pinned keys", () => {
  const two = () => {
    const puppet = new Puppet({ minThreads: 2, maxThreads: 2, pinKeys: true })
    puppet.ready(0)
    puppet.ready(1)
    puppet.news()
    return puppet
  }

  it("keep to the thread that had them first, though another one is idle", () => {
    const puppet = two()
    puppet.submit("a1", { key: "a" })
    puppet.submit("b1", { key: "b" })
    puppet.submit("a2", { key: "a" })
    puppet.submit("a3", { key: "a" })
    assert.deepStrictEqual([on(puppet, 0), on(puppet, 1)], [["a1"], ["b1"]])
    puppet.finish(1)
    assert.deepStrictEqual([on(puppet, 0), on(puppet, 1)], [["a1"], []])
    puppet.submit("b2", { key: "b" })
    assert.deepStrictEqual([on(puppet, 0), on(puppet, 1)], [["a1"], ["b2"]])
    puppet.finish(1)
    puppet.finish(0)
    assert.deepStrictEqual(on(puppet, 0), ["a2"])
    puppet.finish(0)
    assert.deepStrictEqual(on(puppet, 0), ["a3"])
    puppet.finish(0)
    assert.deepStrictEqual(puppet.news(), ["b1: done", "b2: done", "a1: done", "a2: done", "a3: done"])
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, done: 5 })
  })

  it("are shared out over the threads, the one with the fewest first", () => {
    const puppet = two()
    for (const key of ["a", "b", "c", "d"]) puppet.submit(key, { key })
    puppet.finish(0)
    puppet.finish(1)
    assert.deepStrictEqual([on(puppet, 0), on(puppet, 1)], [["c"], ["d"]])
  })

  it("go to the thread that takes the place of theirs, once it has started", () => {
    const puppet = two()
    puppet.submit("a1", { key: "a" })
    puppet.submit("b1", { key: "b" })
    puppet.finish(0)
    puppet.finish(1)
    puppet.exit(0, { how: "exit", exitCode: 1 })
    assert.include(puppet.news(), "start 0")
    puppet.submit("a2", { key: "a" })
    assert.deepStrictEqual(on(puppet, 1), [], "the place is kept while it starts")
    puppet.ready(0)
    assert.deepStrictEqual(on(puppet, 0), ["a2"])
  })

  it("move on when the call that waits for its thread is given up", () => {
    const puppet = two()
    puppet.submit("a", { key: "a" })
    puppet.submit("b", { key: "b" })
    const first = puppet.submit("c1", { key: "c" })
    puppet.submit("c2", { key: "c" })
    puppet.pool.cancel(first)
    assert.deepInclude(puppet.pool.counts, { running: 2, queued: 1, cancelled: 1 })
    puppet.finish(0)
    assert.deepStrictEqual(on(puppet, 0), ["c2"])
  })

  it("leave calls without a key to whichever thread is free", () => {
    const puppet = two()
    puppet.submit("a")
    puppet.submit("b")
    assert.deepStrictEqual([puppet.take(1), puppet.take(0)], ["a", "b"])
  })

  it("leave no trace of a call that was given up while it waited for its thread", () => {
    const puppet = two()
    puppet.submit("a1", { key: "a" })
    const given = puppet.submit("a2", { key: "a" })
    puppet.submit("a3", { key: "a" })
    puppet.pool.cancel(given)
    puppet.finish(0)
    assert.deepStrictEqual(on(puppet, 0), ["a3"])
    puppet.finish(0)
    assert.deepStrictEqual(puppet.news(), ["a1: done", "a3: done"])
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, done: 2, cancelled: 1 })
  })
})

describe("pinned keys whose thread is gone", () => {
  it("wait for a thread while none lives, and are then shared out", () => {
    const puppet = new Puppet({ minThreads: 2, maxThreads: 2, pinKeys: true })
    for (let i = 0; i < 2; i++) puppet.exit(i, { how: "crash" })
    puppet.exit(0, { how: "crash" })
    puppet.submit("a1", { key: "a" })
    puppet.submit("b1", { key: "b" })
    puppet.submit("a2", { key: "a" })
    const given = puppet.submit("c1", { key: "c" })
    assert.strictEqual(puppet.pool.counts.queued, 4)
    puppet.pool.cancel(given)
    assert.strictEqual(puppet.pool.counts.queued, 3)
    puppet.pass(1_000)
    puppet.ready(0)
    puppet.ready(1)
    assert.deepInclude(puppet.pool.counts, { running: 2, queued: 1 })
    assert.deepStrictEqual([on(puppet, 0), on(puppet, 1)], [["a1"], ["b1"]])
    assert.deepStrictEqual(puppet.offered, [], "none is left to whichever thread is free")
    puppet.finish(0)
    assert.deepStrictEqual(on(puppet, 0), ["a2"])
  })

  it("go to another thread at once when theirs retires", () => {
    const puppet = new Puppet({ minThreads: 2, maxThreads: 2, pinKeys: true, recycleAfter: 1 })
    puppet.ready(0)
    puppet.ready(1)
    puppet.submit("a1", { key: "a" })
    puppet.submit("b1", { key: "b" })
    puppet.submit("c1", { key: "c" })
    puppet.finish(1)
    assert.include(puppet.news(), "retire 1")
    puppet.finish(0)
    assert.include(puppet.news(), "retire 0")
    puppet.exit(1, { how: "exit", exitCode: 0 })
    puppet.ready(1)
    assert.deepStrictEqual(on(puppet, 1), ["c1"])
  })

  it("are counted right when one of them was given up before", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 1, pinKeys: true })
    puppet.ready(0)
    puppet.submit("a1", { key: "a" })
    const given = puppet.submit("b1", { key: "b" })
    puppet.submit("c1", { key: "c" })
    puppet.pool.cancel(given)
    puppet.exit(0, { how: "crash" })
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 1, lost: 1, cancelled: 1 })
    puppet.ready(0)
    assert.deepInclude(puppet.pool.counts, { running: 1, queued: 0 })
    puppet.finish(0)
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, done: 1 })
  })
})

describe("a pool that is full", () => {
  const full = (whenFull: "suspend" | "reject" | "caller-runs") => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 1, queueLimit: 1, whenFull })
    puppet.ready(0)
    puppet.submit("a")
    puppet.take(0)
    puppet.submit("b")
    puppet.news()
    return puppet
  }

  it("refuses the next call, counts it, and takes one again when there is room", () => {
    const puppet = full("reject")
    const c = puppet.submit("c")
    assert.deepStrictEqual(puppet.news(), ["c refused: full"])
    puppet.pool.cancel(c)
    assert.deepInclude(puppet.pool.counts, { failed: 1, running: 1, queued: 1 })
    puppet.finish(0)
    puppet.submit("d")
    assert.deepStrictEqual(puppet.news(), ["a: done"])
  })

  it("has the caller run it, when told so", () => {
    const puppet = full("caller-runs")
    puppet.submit("c")
    assert.deepStrictEqual(puppet.news(), ["c: here"])
    assert.deepInclude(puppet.pool.counts, { done: 1, running: 1, queued: 1 })
  })

  it("lets what the caller runs be asked for more, and be given up", () => {
    const puppet = full("caller-runs")
    puppet.runsHere = []
    const c = puppet.submit("c")
    puppet.pool.credit(c, 32)
    puppet.pool.cancel(c)
    assert.deepStrictEqual(puppet.news(), ["c here: 32 more", "c here: abort"])
    assert.deepInclude(puppet.pool.counts, { cancelled: 1, running: 1, queued: 1 })
    assert.strictEqual(puppet.pool.abandoned, 1, "until its function ends")
    const [[job, events]] = puppet.runsHere as [(typeof puppet.runsHere)[0]]
    events.value(job, "late")
    assert.deepStrictEqual(puppet.news(), [])
    assert.strictEqual(puppet.pool.abandoned, 0)
  })

  it("has the caller run several at a time, and also where keys are pinned those without one", () => {
    const puppet = new Puppet({ maxThreads: 1, queueLimit: 0, whenFull: "caller-runs", pinKeys: true })
    puppet.ready(0)
    puppet.submit("a", { key: "a" })
    puppet.runsHere = []
    puppet.submit("b")
    puppet.submit("c")
    assert.deepStrictEqual(
      puppet.runsHere.map(([job]) => job.task),
      ["b", "c"]
    )
  })

  it("has nothing more to tell what the caller ran once that has ended, at once or later", () => {
    for (const later of [false, true]) {
      const puppet = new Puppet({ maxThreads: 1, queueLimit: 0, whenFull: "caller-runs" })
      puppet.ready(0)
      puppet.submit("a")
      puppet.take(0)
      if (later) puppet.runsHere = []
      const b = puppet.submit("b")
      for (const [job, events] of puppet.runsHere ?? []) events.value(job, "here")
      puppet.pool.credit(b, 8)
      puppet.pool.cancel(b)
      puppet.pool.close(() => {})
      assert.deepStrictEqual(puppet.news(), ["start 0", "b: here", "terminate 0"])
    }
  })

  it("tells what the caller runs all that was asked of it while it was begun", () => {
    for (const what of ["cancel", "close"] as const) {
      const puppet = full("caller-runs")
      puppet.runsHere = []
      puppet.onHere = (job) => {
        puppet.pool.credit(job, 8)
        puppet.pool.credit(job, 4)
        if (what === "cancel") puppet.pool.cancel(job)
        else puppet.pool.close(() => {})
      }
      puppet.submit("c")
      assert.deepStrictEqual(
        puppet.news().filter((line) => line.startsWith("c here")),
        ["c here: 12 more", "c here: abort"],
        what
      )
    }
    const puppet = full("caller-runs")
    puppet.runsHere = []
    puppet.submit("c")
    assert.deepStrictEqual(puppet.news(), [], "nothing was asked")
  })

  it("lets no other call of a key go while the caller runs one, though none of those that wait finds a thread", () => {
    for (const isGivenUp of [false, true]) {
      const puppet = new Puppet({ minThreads: 0, maxThreads: 1, queueLimit: 0, whenFull: "caller-runs" })
      puppet.submit("a")
      puppet.runsHere = []
      puppet.submit("k1", { key: "k" })
      const k2 = puppet.submit("k2", { key: "k" })
      puppet.onAnswer = () => {
        if (isGivenUp) puppet.pool.cancel(k2)
      }
      for (let i = 0; i < 3; i++) {
        puppet.exit(0, { how: "crash" })
        puppet.pass(10_000)
      }
      assert.deepStrictEqual(
        puppet.news().filter((line) => line.includes("lost")),
        ["a", ...(isGivenUp ? [] : ["k2"])].map((name) => `${name} lost: no thread starts`)
      )
      puppet.submit("k3", { key: "k" })
      assert.strictEqual(puppet.runsHere.length, 1)
      const [[job, events]] = puppet.runsHere as [(typeof puppet.runsHere)[0]]
      events.value(job, "here")
      assert.deepStrictEqual(
        puppet.runsHere.map(([{ task }]) => task),
        ["k1", "k3"]
      )
    }
  })

  it("keeps the order of a key, also for those that the caller runs", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 1, queueLimit: 1, whenFull: "caller-runs" })
    puppet.ready(0)
    puppet.submit("k1", { key: "k" })
    puppet.take(0)
    puppet.submit("b")
    puppet.runsHere = []
    puppet.submit("k2", { key: "k" })
    puppet.submit("k3", { key: "k" })
    assert.deepStrictEqual(puppet.runsHere, [], "k1 runs")
    puppet.finish(0)
    assert.deepStrictEqual(
      puppet.runsHere.map(([job]) => job.task),
      ["k2"]
    )
    const end = () => {
      const [job, events] = puppet.runsHere!.shift()!
      events.value(job, "here")
    }
    end()
    assert.deepStrictEqual(
      puppet.runsHere.map(([job]) => job.task),
      ["k3"]
    )
    end()
    assert.deepStrictEqual(puppet.news().slice(1), ["k1: done", "k2: here", "k3: here"])
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 1, done: 3 })
  })

  it("has the caller run no call whose key is pinned: its state is elsewhere", () => {
    const puppet = new Puppet({ maxThreads: 1, queueLimit: 0, whenFull: "caller-runs", pinKeys: true })
    puppet.ready(0)
    puppet.submit("a", { key: "a" })
    puppet.submit("b", { key: "b" })
    puppet.finish(0)
    puppet.finish(0)
    assert.deepStrictEqual(puppet.news(), ["start 0", "a: done", "b: done"])
  })

  it("answers what the caller runs when it closes", () => {
    const puppet = full("caller-runs")
    puppet.runsHere = []
    puppet.submit("c")
    puppet.pool.close(() => {})
    assert.includeMembers(puppet.news(), ["c lost: closed", "c here: abort"])
    const [[job, events]] = puppet.runsHere as [(typeof puppet.runsHere)[0]]
    events.value(job, "late")
    assert.deepStrictEqual(puppet.news(), [])
    puppet.exit(0, { how: "terminated" })
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, lost: 3, done: 0 })
  })

  it("hands on what waits although as many callers are suspended", () => {
    const puppet = new Puppet({ minThreads: 2, maxThreads: 2, queueLimit: 1 })
    for (const [worker, name] of ["a", "b"].entries()) {
      puppet.submit(name)
      puppet.ready(worker)
      puppet.take(worker)
    }
    puppet.room = 0
    for (const name of ["c", "d", "e", "f"]) puppet.submit(name)
    puppet.finish(0)
    assert.deepInclude(puppet.pool.counts, { running: 1, queued: 4 })
    puppet.room = 1
    puppet.finish(1)
    assert.strictEqual(puppet.take(0), "c")
  })

  it("lets callers wait in their order, unless they give up", () => {
    const puppet = full("suspend")
    puppet.submit("c")
    const given = puppet.submit("d")
    puppet.submit("e")
    assert.strictEqual(puppet.pool.counts.queued, 4)
    puppet.pool.cancel(given)
    assert.deepStrictEqual(
      puppet.offered.map(({ task }) => task),
      ["b"],
      "nobody is let in before there is room"
    )
    for (let i = 0; i < 4; i++) {
      if (i > 0) puppet.take(0)
      puppet.finish(0)
    }
    assert.deepStrictEqual(puppet.news(), ["a: done", "b: done", "c: done", "e: done"])
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, done: 4, cancelled: 1 })
  })
})
