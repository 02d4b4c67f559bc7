/** What a call hears, in which order calls run, and what becomes of one that is given up. */
import type { Job } from "#src/Job"
import { assert, describe, it } from "@effect/vitest"
import { Puppet } from "./Puppet.ts"
import { uncaughtIn } from "./uncaught.ts"

const fault = { name: "RangeError", message: "too large" } as never
const names = (jobs: ReadonlyArray<Job>) => jobs.map((job) => job.task)

const one = (policy: ConstructorParameters<typeof Puppet>[0] = {}) => {
  const puppet = new Puppet({ maxThreads: 1, ...policy })
  puppet.ready(0)
  puppet.news()
  return puppet
}

describe("a call", () => {
  it("hears what its function threw, which counts as failed", () => {
    const puppet = one()
    puppet.submit("a")
    puppet.take(0)
    puppet.finish(0, fault)
    assert.deepStrictEqual(puppet.news(), ["a threw RangeError"])
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, done: 0, failed: 1 })
  })

  it("hears items and progress while it runs, and neither once it was given up or has ended", () => {
    const puppet = one()
    const a = puppet.submit("a")
    puppet.take(0)
    puppet.tell(a, "progress")
    puppet.tell(a, "items")
    assert.deepStrictEqual(puppet.news(), ["a: progress 0.5", "a: items 1,2"])
    puppet.pool.cancel(a)
    puppet.tell(a, "progress")
    puppet.tell(a, "items")
    assert.deepStrictEqual(puppet.news(), ["abort"])
    puppet.finish(0, fault)
    assert.deepStrictEqual(puppet.news(), [])
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, failed: 0, cancelled: 1 })
    const b = puppet.submit("b")
    puppet.take(0)
    puppet.finish(0)
    puppet.tell(b, "progress")
    puppet.tell(b, "items")
    assert.deepStrictEqual(puppet.news(), ["b: done"])
  })

  it("need not listen to items or progress", () => {
    const puppet = one()
    const a = puppet.submit("a")
    Object.assign(a, { listener: { succeed: a.listener.succeed } })
    puppet.take(0)
    puppet.tell(a, "progress")
    puppet.tell(a, "items")
    puppet.finish(0)
    assert.deepStrictEqual(puppet.news(), ["a: done"])
  })

  it("is answered once, though its worker has more to tell after it was lost or has ended", () => {
    const puppet = one()
    const a = puppet.submit("a")
    puppet.take(0)
    puppet.exit(0, { how: "crash" })
    puppet.tell(a, "value")
    puppet.ready(0)
    const b = puppet.submit("b")
    puppet.take(0)
    puppet.finish(0)
    puppet.tell(b, "value")
    puppet.running.get(0)!.push(b)
    puppet.exit(0, { how: "crash" })
    assert.deepStrictEqual(puppet.news(), ["a lost: crash", "start 0", "b: done", "start 0"])
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, done: 1, lost: 1 })
    assert.strictEqual(puppet.pool.abandoned, 0)
  })

  it("may throw from any of its callbacks: it is heard of, and others are answered", async () => {
    const heard = await uncaughtIn(async () => {
      const puppet = one({ queueLimit: 0, whenFull: "reject" })
      const told: Array<string> = []
      puppet.onAnswer = (name) => {
        told.push(name)
        throw new RangeError(`callback ${told.length}`)
      }
      const a = puppet.submit("a")
      puppet.take(0)
      puppet.submit("full")
      puppet.tell(a, "progress")
      puppet.tell(a, "items")
      puppet.finish(0, fault)
      puppet.submit("b")
      puppet.take(0)
      puppet.finish(0)
      assert.deepStrictEqual(told, ["full", "a", "a", "a", "b"])
      assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, done: 1, failed: 2 })
    })
    assert.deepStrictEqual(
      heard.map(String),
      [1, 2, 3, 4, 5].map((i) => `RangeError: callback ${i}`)
    )
  })

  it("asks its worker for more items while it runs, and nobody otherwise", () => {
    const puppet = one()
    const a = puppet.submit("a")
    puppet.pool.credit(a, 4)
    puppet.room = 0
    const b = puppet.submit("b")
    puppet.pool.credit(b, 8)
    assert.deepStrictEqual(puppet.news(), ["a: 4 more"])
    puppet.take(0)
    puppet.finish(0)
    puppet.pool.credit(a, 16)
    assert.deepStrictEqual(puppet.news(), ["a: done"])
  })

  it("that waits is handed on as soon as another has ended", () => {
    const puppet = one()
    puppet.submit("a")
    puppet.take(0)
    puppet.room = 0
    puppet.submit("b")
    puppet.room = Infinity
    puppet.finish(0)
    assert.strictEqual(puppet.take(0), "b")
  })
})

describe("usual calls", () => {
  it("are given to the crew ahead of need, as far as it has room", () => {
    const puppet = one()
    for (const name of ["a", "b", "c"]) puppet.submit(name)
    assert.deepStrictEqual(names(puppet.offered), ["a", "b", "c"])
    puppet.room = 4
    for (const name of ["d", "e", "f"]) puppet.submit(name)
    assert.deepStrictEqual(names(puppet.offered), ["a", "b", "c", "d"])
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 6 })
  })

  it("of a crowd are taken in as far as the queue's limit and the threads' calls go, and then one for each that ends", () => {
    const puppet = new Puppet({ maxThreads: 2, callsPerThread: 3, queueLimit: 1, whenFull: "suspend" })
    puppet.ready(0)
    for (let i = 0; i < 10; i++) puppet.submit(`${i}`)
    assert.strictEqual(puppet.offered.length, 7, "two threads for three calls each, and one that waits")
    puppet.take(0)
    puppet.finish(0)
    assert.deepStrictEqual(names(puppet.offered), ["1", "2", "3", "4", "5", "6", "7"])
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 9 })
  })
})

describe("priorities", () => {
  it("are kept among calls that the crew had been given before the first that has one", () => {
    const puppet = one()
    puppet.pass(1_000_000)
    puppet.submit("runs")
    puppet.take(0)
    puppet.submit("usual")
    puppet.submit("high", { priority: 2 })
    puppet.submit("middle", { priority: 1 })
    puppet.submit("low", { priority: -2 })
    puppet.submit("later")
    const order: Array<string | undefined> = []
    for (let i = 0; i < 5; i++) {
      order.push(puppet.take(0))
      puppet.finish(0)
    }
    assert.deepStrictEqual(order, ["high", "middle", "usual", "later", "low"])
  })

  it("leave the crew no more ahead of need than keeps its workers busy", () => {
    const puppet = new Puppet({ minThreads: 2, maxThreads: 2, callsPerThread: 3 })
    puppet.submit("high", { priority: 1 })
    for (let i = 0; i < 9; i++) puppet.submit(`usual ${i}`)
    assert.deepStrictEqual(names(puppet.offered), ["high", ...Array.from({ length: 5 }, (_, i) => `usual ${i}`)])
    // A thread at least is on its way to where none lives.
    const none = new Puppet({ minThreads: 0, maxThreads: 1, startsAtOnce: 0 })
    none.submit("high", { priority: 1 })
    none.submit("usual")
    assert.deepStrictEqual(names(none.offered), ["high"])
  })

  it("hold a usual call back that comes while one of them is with the crew, and none that comes afterwards", () => {
    const puppet = new Puppet({ minThreads: 2, maxThreads: 2 })
    for (const worker of [0, 1]) puppet.ready(worker)
    for (const name of ["a", "b", "c"]) puppet.submit(name, { priority: 1 })
    assert.deepStrictEqual(names(puppet.offered), ["a", "b"])
    puppet.take(0)
    puppet.take(1)
    puppet.finish(0)
    puppet.take(0)
    puppet.finish(1)
    puppet.finish(0)
    for (const name of ["d", "e", "f", "g"]) puppet.submit(name)
    assert.deepStrictEqual(names(puppet.offered), ["d", "e", "f", "g"])
  })
})

describe("a call that is given up", () => {
  it("before a worker has started it never runs, and holds on to nothing that it was given", () => {
    const puppet = one()
    const a = puppet.submit("a")
    a.args = ["large"]
    puppet.pool.cancel(a)
    assert.strictEqual(puppet.take(0), undefined)
    assert.deepStrictEqual([a.args, a.transfer], [[], undefined])
    assert.strictEqual(puppet.pool.abandoned, 0)
    assert.deepStrictEqual(puppet.news(), [])
  })

  it("is given up once, and not at all when it has ended", () => {
    const puppet = one()
    const [a, b] = [puppet.submit("a"), puppet.submit("b")]
    puppet.take(0)
    for (let i = 0; i < 2; i++) puppet.pool.cancel(a)
    assert.deepStrictEqual(puppet.news(), ["abort"])
    assert.strictEqual(puppet.pool.abandoned, 1)
    puppet.finish(0)
    puppet.take(0)
    puppet.finish(0)
    puppet.pool.cancel(b)
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, done: 1, cancelled: 1 })
    assert.strictEqual(puppet.pool.abandoned, 0)
  })

  it("while it runs is only told so, unless it asked for the end of its thread", () => {
    const puppet = one()
    const a = puppet.submit("a")
    puppet.take(0)
    puppet.pool.cancel(a)
    assert.deepStrictEqual(puppet.news(), ["abort"])
    puppet.exit(0, { how: "crash", detail: "later" })
    assert.deepStrictEqual(puppet.news(), ["start 0"], "nobody hears of it")
    assert.strictEqual(puppet.pool.abandoned, 0)
  })

  it("is only told so where no worker is known to run it", () => {
    const puppet = one()
    const a = puppet.submit("a", { onInterrupt: "terminate" })
    puppet.take(0)
    a.worker = -1
    puppet.pool.cancel(a)
    assert.deepStrictEqual(puppet.news(), ["abort"])
  })

  it("takes its thread along, of which the others on it hear why", () => {
    const puppet = one({ callsPerThread: 2 })
    const [a] = [puppet.submit("a", { onInterrupt: "terminate" }), puppet.submit("b")]
    puppet.take(0)
    puppet.take(0)
    puppet.pool.cancel(a)
    puppet.exit(0, { how: "terminated" })
    assert.deepStrictEqual(puppet.news(), [
      "abort",
      "terminate 0",
      "b lost: a call on the same thread was given up",
      "start 0"
    ])
    assert.deepStrictEqual(puppet.reports, [], "no crash")
  })

  it("and has ended by then leaves its thread's own reason to end as it is", () => {
    const puppet = one({ callsPerThread: 2 })
    const [a] = [puppet.submit("a", { onInterrupt: "terminate" }), puppet.submit("b")]
    puppet.take(0)
    puppet.take(0)
    puppet.endedUnseen.add(a)
    puppet.pool.cancel(a)
    puppet.exit(0, { how: "crash", detail: "a bug" })
    assert.deepStrictEqual(puppet.news(), ["abort", "b lost: a bug", "start 0"])
  })

  it("makes room for one whose caller was suspended, wherever it waited", () => {
    for (const key of [undefined, "k"]) {
      const puppet = one({ queueLimit: 1, whenFull: "suspend" })
      puppet.submit("a", { key: "k" })
      puppet.take(0)
      const b = puppet.submit("b", key === undefined ? {} : { key })
      puppet.submit("c")
      assert.notInclude(names(puppet.offered), "c")
      puppet.pool.cancel(b)
      assert.deepStrictEqual(names(puppet.offered), ["c"])
    }
  })
})

describe("calls of one key", () => {
  it("move on when the first is given up before it was started, or while it waits in the queue", () => {
    for (const room of [Infinity, 0]) {
      const puppet = one()
      puppet.submit("other")
      puppet.take(0)
      puppet.room = room
      const first = puppet.submit("first", { key: "k" })
      puppet.submit("second", { key: "k" })
      puppet.room = Infinity
      puppet.pool.cancel(first)
      assert.deepStrictEqual(names(puppet.offered), ["second"])
    }
  })

  it("do not move on when one that is not the first is given up, in line or with its caller suspended", () => {
    const puppet = one({ queueLimit: 2, whenFull: "suspend" })
    puppet.submit("first", { key: "k" })
    puppet.take(0)
    const second = puppet.submit("second", { key: "k" })
    puppet.submit("third", { key: "k" })
    const fourth = puppet.submit("fourth", { key: "k" })
    puppet.pool.cancel(fourth)
    assert.deepStrictEqual(names(puppet.offered), [])
    puppet.pool.cancel(second)
    assert.deepStrictEqual(names(puppet.offered), [])
    assert.deepInclude(puppet.pool.counts, { running: 1, queued: 1, cancelled: 2 })
    puppet.finish(0)
    assert.deepStrictEqual(names(puppet.offered), ["third"])
  })

  it("move on when the first is lost with its thread", () => {
    const puppet = one()
    puppet.submit("first", { key: "k" })
    puppet.take(0)
    puppet.submit("second", { key: "k" })
    puppet.exit(0, { how: "crash" })
    assert.deepStrictEqual(names(puppet.offered), ["second"])
  })

  it("are let go afresh after no thread started", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 1 })
    puppet.submit("first", { key: "k" })
    puppet.submit("second", { key: "k" })
    for (let i = 0; i < 3; i++) {
      puppet.exit(0, { how: "crash" })
      puppet.pass(10_000)
    }
    assert.includeMembers(puppet.news(), ["first lost: no thread starts", "second lost: no thread starts"])
    puppet.ready(0)
    puppet.submit("third", { key: "k" })
    assert.strictEqual(puppet.take(0), "third")
    assert.deepInclude(puppet.pool.counts, { running: 1, queued: 0, lost: 2 })
  })
})

describe("a callback that gives up another call", () => {
  it("of those that are lost because no thread starts keeps it from an answer, and later calls from nothing", () => {
    for (const options of [{}, { priority: 1 }, { key: "k" }]) {
      const puppet = new Puppet({ minThreads: 1, maxThreads: 1 })
      puppet.room = 0
      const calls = ["a", "b", "c"].map((name) => puppet.submit(name, options)) as [Job, Job, Job]
      puppet.onAnswer = () => {
        for (const call of calls) puppet.pool.cancel(call)
      }
      for (let i = 0; i < 3; i++) {
        puppet.exit(0, { how: "crash" })
        puppet.pass(10_000)
      }
      const news = puppet.news().filter((line) => line.includes("lost"))
      assert.deepStrictEqual(news, ["a lost: no thread starts"])
      assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, lost: 1, cancelled: 2 })
      // The queue counts right: what comes next waits until there is room, and is then handed on.
      puppet.submit("d")
      puppet.room = Infinity
      puppet.ready(0)
      assert.strictEqual(puppet.take(0), "d", JSON.stringify(options))
    }
  })

  it("of those that are lost when the pool closes keeps it from an answer", () => {
    const puppet = one({ queueLimit: 1, whenFull: "suspend" })
    const calls = ["a", "b", "c"].map((name) => puppet.submit(name))
    puppet.onAnswer = () => {
      for (const call of calls) puppet.pool.cancel(call)
    }
    puppet.pool.close(() => {})
    assert.deepStrictEqual(puppet.news(), ["a lost: closed", "terminate 0"])
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, lost: 1, cancelled: 2 })
  })

  it("that cannot be sent either keeps it from an answer, and lets the next of their key go", () => {
    const puppet = one()
    puppet.submit("first", { key: "k" })
    puppet.take(0)
    for (const name of ["bad", "worse"]) puppet.unsendable.add(name)
    const [, worse] = ["bad", "worse", "good"].map((name) => puppet.submit(name, { key: "k" }))
    puppet.onAnswer = (name) => {
      if (name === "bad") puppet.pool.cancel(worse!)
    }
    puppet.finish(0)
    assert.deepStrictEqual(puppet.news(), ["bad threw TypeError", "first: done"])
    assert.strictEqual(puppet.take(0), "good")
    assert.deepInclude(puppet.pool.counts, { running: 1, queued: 0, failed: 1, cancelled: 1 })
  })

  it("that its thread's end leaves without one takes it out, wherever the thread had it", () => {
    for (const how of ["exit", "retire"] as const) {
      const puppet = new Puppet({ maxThreads: 1, pinKeys: true, recycleAfter: how === "retire" ? 1 : Infinity })
      puppet.ready(0)
      puppet.inboxMost = 2
      puppet.submit("runs", { key: "runs" })
      const calls = ["first", "second", "third"].map((name) => puppet.submit(name, { key: name }))
      assert.deepStrictEqual(names(puppet.inbox.get(0)!), ["first", "second"])
      puppet.onAnswer = () => {
        for (const call of calls) puppet.pool.cancel(call)
      }
      if (how === "retire") puppet.finish(0)
      puppet.exit(0, { how: "exit" })
      puppet.ready(0)
      assert.deepStrictEqual(names(puppet.running.get(0)!), [], how)
      assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, cancelled: 3 }, how)
      assert.strictEqual(puppet.pool.abandoned, 0, how)
      puppet.submit("next", { key: "first" })
      assert.deepStrictEqual(names(puppet.running.get(0)!), ["next"], how)
    }
  })

  it("that is about to be found another thread takes it out", () => {
    const puppet = new Puppet({ minThreads: 2, maxThreads: 2, pinKeys: true })
    for (const worker of [0, 1]) puppet.ready(worker)
    const calls = ["on 0", "on 1", "a", "bad", "b", "other"].map((name) => puppet.submit(name, { key: name }))
    for (let i = 0; i < 3; i++) puppet.finish(0)
    puppet.unsendable.add("bad")
    puppet.onAnswer = (name) => {
      if (name === "bad") puppet.pool.cancel(calls[5]!)
    }
    puppet.news()
    puppet.exit(1, { how: "crash" })
    puppet.ready(1)
    assert.deepStrictEqual(puppet.news(), ["on 1 lost: crash", "start 1", "bad threw TypeError"])
    assert.deepStrictEqual([...puppet.running.values()].flat(), [])
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, done: 3, failed: 1, lost: 1, cancelled: 1 })
  })

  it("in its worker's inbox, where it cannot be taken back, does not have it begun elsewhere", () => {
    const puppet = one({ pinKeys: true })
    puppet.inboxMost = 1
    puppet.submit("runs", { key: "runs" })
    const call = puppet.submit("inbox", { key: "k" })
    puppet.submit("behind", { key: "k" })
    puppet.pool.cancel(call)
    assert.strictEqual(puppet.pool.abandoned, 1)
    puppet.exit(0, { how: "crash" })
    puppet.ready(0)
    assert.deepStrictEqual(names(puppet.running.get(0)!), ["behind"])
    assert.strictEqual(puppet.pool.abandoned, 0)
    assert.deepInclude(puppet.pool.counts, { running: 1, queued: 0, lost: 1, cancelled: 1 })
  })
})
