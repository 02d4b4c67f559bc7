import { assert, describe, it } from "@effect/vitest"
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
