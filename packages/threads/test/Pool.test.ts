import { assert, describe, it } from "@effect/vitest"
import type { Ending, Job } from "#src/Job"
import { Puppet } from "./Puppet.ts"

describe("the policy of a pool", () => {
  it("starts its minimum at once, more for work, and none beyond its maximum", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 3 })
    assert.deepStrictEqual(puppet.news(), ["start 0"])
    puppet.ready(0)
    puppet.submit("a")
    assert.deepStrictEqual(puppet.news(), [])
    puppet.submit("b")
    assert.deepStrictEqual(puppet.news(), ["start 1"])
    for (const name of ["c", "d", "e"]) puppet.submit(name)
    assert.deepStrictEqual(puppet.news(), ["start 2"])
  })

  it("starts nobody before the first call when the minimum is zero", () => {
    const puppet = new Puppet({ minThreads: 0 })
    assert.deepStrictEqual(puppet.news(), [])
    puppet.submit("a")
    assert.deepStrictEqual(puppet.news(), ["start 0"])
  })

  it("starts no more at the same time than it may, and the next when one is ready or has failed", () => {
    const puppet = new Puppet({ minThreads: 2, maxThreads: 4, startsAtOnce: 1 })
    for (const name of ["a", "b", "c"]) puppet.submit(name)
    assert.deepStrictEqual(puppet.news(), ["start 0"])
    puppet.ready(0)
    assert.deepStrictEqual(puppet.news(), ["start 1"])
    puppet.exit(1, { how: "crash" })
    assert.deepStrictEqual(puppet.news(), ["start 1"])
    puppet.ready(1)
    assert.deepStrictEqual(puppet.news(), ["start 2"])
    puppet.ready(2)
    assert.deepStrictEqual(puppet.news(), [], "three threads for three calls")
  })

  it("retires what did nothing for a whole period, down to its minimum", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 2, idleTimeout: 1_000, stopTimeout: 20_000 })
    puppet.ready(0)
    puppet.submit("a")
    puppet.submit("b")
    puppet.ready(1)
    assert.strictEqual(puppet.take(0), "a")
    assert.strictEqual(puppet.take(1), "b")
    puppet.finish(0)
    puppet.finish(1)
    puppet.news()
    puppet.pass(1_500)
    assert.deepStrictEqual(puppet.news(), [], "both had done something in the first period")
    puppet.pass(1_000)
    assert.deepStrictEqual(puppet.news(), ["retire 0"])
    puppet.exit(0, { how: "exit", exitCode: 0 })
    puppet.pass(10_000)
    assert.deepStrictEqual(puppet.news(), [])
  })

  it("terminates a retired worker that does not end", () => {
    const puppet = new Puppet({ recycleAfter: 1, stopTimeout: 100 })
    puppet.ready(0)
    puppet.submit("a")
    puppet.take(0)
    puppet.finish(0)
    assert.deepStrictEqual(puppet.news(), ["start 0", "retire 0", "a: done"])
    puppet.pass(100)
    assert.deepStrictEqual(puppet.news(), ["terminate 0"])
    puppet.exit(0, { how: "terminated" })
    assert.deepStrictEqual(puppet.news(), ["start 0"])
  })

  it("runs a higher priority earlier, and starves none", () => {
    const puppet = new Puppet({ maxThreads: 1 })
    puppet.ready(0)
    puppet.submit("first")
    puppet.take(0)
    puppet.submit("low", { priority: -2 })
    puppet.submit("usual")
    puppet.submit("high", { priority: 2 })
    // A steady stream of higher ones, one every half second: after two seconds the usual one has waited enough.
    const order: Array<string> = []
    for (let i = 0; i < 12; i++) {
      puppet.finish(0)
      order.push(puppet.take(0)!)
      puppet.pass(500)
      puppet.submit(`high ${i}`, { priority: 2 })
    }
    assert.strictEqual(order[0], "high")
    assert.isAbove(order.indexOf("usual"), 1)
    assert.isAbove(order.indexOf("low"), order.indexOf("usual"))
  })

  it("lets calls of one key go one at a time, and forgets one that is given up", () => {
    const puppet = new Puppet({})
    puppet.ready(0)
    puppet.submit("a", { key: "k" })
    const b = puppet.submit("b", { key: "k" })
    puppet.submit("c", { key: "k" })
    assert.strictEqual(puppet.take(0), "a")
    assert.strictEqual(puppet.take(0), undefined)
    puppet.pool.cancel(b)
    assert.strictEqual(puppet.take(0), undefined)
    puppet.finish(0)
    assert.strictEqual(puppet.take(0), "c")
    puppet.finish(0)
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, done: 2, cancelled: 1 })
  })

  it("keeps the key of an abandoned call taken until the function really ends", () => {
    const puppet = new Puppet({})
    puppet.ready(0)
    const a = puppet.submit("a", { key: "k" })
    puppet.submit("b", { key: "k" })
    puppet.take(0)
    puppet.pool.cancel(a)
    assert.strictEqual(puppet.pool.abandoned, 1)
    assert.strictEqual(puppet.take(0), undefined)
    puppet.finish(0)
    assert.strictEqual(puppet.take(0), "b")
    assert.notInclude(puppet.news().join(), "a:")
  })

  it("loses what ran on a worker that ends, and replaces the worker at once", () => {
    const puppet = new Puppet({ maxThreads: 1 })
    puppet.ready(0)
    puppet.submit("a")
    puppet.submit("b")
    puppet.take(0)
    puppet.news()
    puppet.exit(0, { how: "exit", exitCode: 3 })
    assert.deepStrictEqual(puppet.news(), ["a lost: exit", "start 0"])
    puppet.ready(0)
    assert.strictEqual(puppet.take(0), "b")
  })

  it("backs off from a crash loop, twice as long each time, and says so", () => {
    const puppet = new Puppet({ maxThreads: 1 })
    puppet.news()
    const delays: Array<number> = []
    for (let i = 0; i < 5; i++) {
      puppet.ready(0)
      puppet.exit(0, { how: "crash" })
      let waited = 0
      while (!puppet.log.includes("start 0")) {
        puppet.pass(100)
        waited += 100
      }
      puppet.news()
      delays.push(waited)
    }
    assert.deepStrictEqual(delays, [0, 100, 200, 400, 800])
    assert.strictEqual(puppet.reports.length, 4)
  })

  it("answers what waits when no worker starts at all", () => {
    const puppet = new Puppet({ maxThreads: 1 })
    puppet.submit("a")
    for (let i = 0; i < 3; i++) {
      puppet.exit(0, { how: "crash", detail: "no database" })
      puppet.pass(10_000)
    }
    assert.include(puppet.news(), "a lost: no thread starts: no database")
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, lost: 1 })
  })

  it("ends a worker that does not start in time, as one that did not start", () => {
    const puppet = new Puppet({ maxThreads: 1, startTimeout: 500 })
    puppet.news()
    puppet.pass(499)
    assert.deepStrictEqual(puppet.news(), [])
    puppet.pass(1)
    assert.deepStrictEqual(puppet.news(), ["terminate 0"])
    puppet.exit(0, { how: "terminated" })
    assert.deepStrictEqual(puppet.news(), ["start 0"])
    assert.deepStrictEqual(puppet.reports, ["a thread did not start (1 in a row): it did not start within 500 ms"])
    puppet.ready(0)
    puppet.pass(10_000)
    assert.deepStrictEqual(puppet.news(), [], "this one did")
  })

  it("takes a start that throws for one that failed", () => {
    const puppet = new Puppet({ minThreads: 0, maxThreads: 1 })
    puppet.startErrors.push(new RangeError("no more threads"))
    puppet.submit("a")
    assert.deepStrictEqual(puppet.news(), ["start 0"])
    puppet.pass(1)
    assert.deepStrictEqual(puppet.news(), ["start 0"])
    assert.deepStrictEqual(puppet.reports, ["a thread did not start (1 in a row): no more threads"])
    puppet.ready(0)
    assert.strictEqual(puppet.take(0), "a")
  })

  it("gives up on starts that always throw, and says so to those who wait", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 2 })
    puppet.startErrors.push(...Array.from({ length: 20 }, () => new RangeError("no more threads")))
    puppet.exit(0, { how: "crash" })
    puppet.submit("a")
    puppet.pass(10_000)
    assert.include(puppet.news(), "a lost: no thread starts: no more threads")
  })

  it("reports a worker that does not stop as it should", () => {
    const puppet = new Puppet({ recycleAfter: 1, stopTimeout: 100, maxThreads: 1 })
    const recycle = (ending: Ending) => {
      puppet.ready(0)
      puppet.submit("a")
      puppet.take(0)
      puppet.finish(0)
      puppet.exit(0, ending)
      return puppet.reports.splice(0)
    }
    assert.deepStrictEqual(recycle({ how: "exit", exitCode: 0 }), [])
    assert.deepStrictEqual(recycle({ how: "crash", exitCode: 1, detail: "stop hook" }), [
      "a thread did not stop as it should: stop hook"
    ])
    puppet.ready(0)
    puppet.submit("a")
    puppet.take(0)
    puppet.finish(0)
    puppet.pass(100)
    puppet.exit(0, { how: "terminated" })
    assert.deepStrictEqual(puppet.reports, ["a thread did not stop as it should: it did not stop within 100 ms"])
  })

  it("counts only calls that ran towards a worker's replacement", () => {
    const puppet = new Puppet({ recycleAfter: 2, maxThreads: 1, pinKeys: true })
    puppet.ready(0)
    puppet.submit("a", { key: "a" })
    for (const key of ["b", "c", "d"]) puppet.pool.cancel(puppet.submit(key, { key }))
    puppet.finish(0)
    assert.notInclude(puppet.news(), "retire 0")
    puppet.submit("e", { key: "e" })
    puppet.finish(0)
    assert.include(puppet.news(), "retire 0")
  })

  it("terminates the worker of a call that is given up, unless that has ended by then", () => {
    const puppet = new Puppet({ maxThreads: 1 })
    puppet.ready(0)
    const [a, b] = ["a", "b"].map((name) => puppet.submit(name, { onInterrupt: "terminate" })) as [Job, Job]
    puppet.take(0)
    puppet.news()
    puppet.endedUnseen.add(a)
    puppet.pool.cancel(a)
    assert.deepStrictEqual(puppet.news(), ["abort"])
    puppet.finish(0)
    puppet.take(0)
    puppet.pool.cancel(b)
    assert.deepStrictEqual(puppet.news(), ["abort", "terminate 0"])
    puppet.exit(0, { how: "terminated" })
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, lost: 0, cancelled: 2 })
  })

  it("keeps calls of one rank in their order, however often there is no room for the first", () => {
    const puppet = new Puppet({ maxThreads: 1 })
    puppet.ready(0)
    puppet.room = 0
    const names = ["a", "b", "c", "d"]
    for (const name of names) puppet.submit(name)
    for (let i = 0; i < 3; i++) puppet.pool.cancel(puppet.submit("given up", { key: "k" }))
    puppet.room = Infinity
    puppet.ready(0)
    puppet.submit("e")
    assert.deepStrictEqual(
      puppet.offered.map((job) => job.task),
      [...names, "e"]
    )
  })

  it("answers everything when it closes, and refuses what comes later", () => {
    const puppet = new Puppet({ maxThreads: 1, queueLimit: 1 })
    puppet.ready(0)
    for (const name of ["runs", "queued", "suspended"]) puppet.submit(name)
    puppet.submit("in line", { key: "k" })
    puppet.take(0)
    puppet.news()
    let isClosed = false
    puppet.pool.close(() => {
      isClosed = true
    })
    assert.isFalse(isClosed)
    puppet.exit(0, { how: "terminated" })
    puppet.submit("late")
    assert.deepStrictEqual(puppet.news().toSorted(), [
      "in line lost: closed",
      "late refused: closed",
      "queued lost: closed",
      "runs lost: closed",
      "suspended lost: closed",
      "terminate 0"
    ])
    assert.isTrue(isClosed)
  })
})
