/** The lives of a pool's workers: when one is started, asked to go, replaced and ended, and which alarms that takes. */
import type { Ending } from "#src/Job"
import { assert, describe, it } from "@effect/vitest"
import { Puppet } from "./Puppet.ts"

/** Starts it is told of, of all that happened. */
const starts = (puppet: Puppet) => puppet.news().filter((line) => line.startsWith("start"))

const busy = (puppet: Puppet, ...workers: ReadonlyArray<number>) => {
  for (const worker of workers) {
    puppet.submit(`on ${worker}`)
    puppet.ready(worker)
    puppet.take(worker)
  }
}

describe("a worker is started", () => {
  it("for the calls that those there cannot run, each as many as it may", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 2, callsPerThread: 2 })
    assert.deepStrictEqual(starts(puppet), ["start 0"])
    puppet.submit("a")
    puppet.submit("b")
    assert.deepStrictEqual(starts(puppet), [])
    puppet.submit("c")
    assert.deepStrictEqual(starts(puppet), ["start 1"])
  })

  it("beside one whose call was given up and goes on", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 2 })
    puppet.ready(0)
    const a = puppet.submit("a")
    puppet.take(0)
    puppet.pool.cancel(a)
    puppet.news()
    puppet.submit("b")
    assert.deepStrictEqual(starts(puppet), ["start 1"])
  })

  it("for no call that its caller runs", () => {
    const puppet = new Puppet({
      minThreads: 0,
      maxThreads: 2,
      startsAtOnce: 1,
      queueLimit: 0,
      whenFull: "caller-runs"
    })
    puppet.runsHere = []
    puppet.submit("a")
    const b = puppet.submit("b")
    puppet.submit("c")
    assert.strictEqual(puppet.runsHere.length, 1)
    puppet.pool.cancel(b)
    assert.deepStrictEqual(starts(puppet), ["start 0"])
    puppet.ready(0)
    assert.deepStrictEqual(starts(puppet), [], "one thread for one call")
  })

  it("beside one that was asked to go and does not, when a call waits", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 3, idleTimeout: 1_000, stopTimeout: 20_000 })
    busy(puppet, 0, 1)
    puppet.finish(0)
    puppet.finish(1)
    puppet.pass(2_500)
    assert.include(puppet.news(), "retire 0")
    puppet.submit("a")
    assert.strictEqual(puppet.take(1), "a")
    puppet.submit("b")
    assert.deepStrictEqual(starts(puppet), ["start 2"])
  })

  it("at once when one is asked to go that would have run what waits", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 2, callsPerThread: 2, recycleAfter: 1, stopTimeout: 20_000 })
    busy(puppet, 0)
    puppet.submit("b")
    assert.deepStrictEqual(starts(puppet), ["start 0"])
    puppet.finish(0)
    assert.deepStrictEqual(puppet.news(), ["retire 0", "start 1", "on 0: done"])
  })

  it("in the place of one that was asked to go, when it is gone, so that the minimum lives", () => {
    const puppet = new Puppet({ minThreads: 2, maxThreads: 3, recycleAfter: 1, stopTimeout: 20_000 })
    busy(puppet, 0, 1)
    puppet.submit("on 2")
    puppet.ready(2)
    puppet.take(2)
    puppet.news()
    for (const worker of [0, 1, 2]) puppet.finish(worker)
    puppet.news()
    puppet.exit(0, { how: "exit" })
    assert.deepStrictEqual(starts(puppet), ["start 0"], "three threads at most, of which two still go")
    puppet.exit(1, { how: "exit" })
    assert.deepStrictEqual(starts(puppet), ["start 1"])
    puppet.exit(2, { how: "exit" })
    assert.deepStrictEqual(starts(puppet), [])
  })

  it("never beyond the maximum, however much has come while none could start", () => {
    const puppet = new Puppet({ minThreads: 0, maxThreads: 2 })
    puppet.submit("first")
    for (let i = 0; i < 2; i++) puppet.exit(0, { how: "crash" })
    assert.deepStrictEqual(starts(puppet), ["start 0", "start 0"])
    for (let i = 0; i < 5; i++) puppet.submit(`${i}`)
    assert.deepStrictEqual(starts(puppet), [], "it backs off, whatever comes")
    puppet.pass(100)
    assert.deepStrictEqual(starts(puppet), ["start 0", "start 1"])
  })

  it("no more at once than may be, also after one that was ready has crashed, or says so twice", () => {
    const puppet = new Puppet({ minThreads: 3, maxThreads: 4, startsAtOnce: 1 })
    assert.deepStrictEqual(starts(puppet), ["start 0"])
    puppet.ready(0)
    puppet.ready(0)
    assert.deepStrictEqual(starts(puppet), ["start 1"])
    puppet.exit(0, { how: "crash" })
    assert.deepStrictEqual(starts(puppet), [], "one is on its way")
    puppet.ready(1)
    assert.deepStrictEqual(starts(puppet), ["start 0"])
    // One that nobody knows of, or not any more.
    puppet.ready(7)
    puppet.exit(7, { how: "crash" })
    assert.deepStrictEqual([starts(puppet), puppet.pool.restarts], [[], 1])
  })

  it("for a key that has none yet, rather than that it waits behind another key's", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 2, pinKeys: true })
    puppet.ready(0)
    puppet.submit("a", { key: "a" })
    puppet.submit("b", { key: "b" })
    puppet.ready(1)
    assert.deepStrictEqual([puppet.running.get(0)!.length, puppet.running.get(1)!.length], [1, 1])
  })
})

describe("a worker that ends", () => {
  it("counts as a restart, unless it was asked to go", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 1, recycleAfter: 1 })
    busy(puppet, 0)
    puppet.exit(0, { how: "exit", exitCode: 0 })
    assert.strictEqual(puppet.pool.restarts, 1)
    busy(puppet, 0)
    puppet.finish(0)
    puppet.exit(0, { how: "exit", exitCode: 0 })
    assert.strictEqual(puppet.pool.restarts, 1)
  })

  it("after it has answered calls is replaced at once, each time, and nothing is made of it", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 1 })
    puppet.news()
    for (let i = 0; i < 4; i++) {
      busy(puppet, 0)
      puppet.finish(0)
      puppet.exit(0, { how: "crash" })
      assert.deepStrictEqual(starts(puppet), ["start 0"])
    }
    assert.deepStrictEqual(puppet.reports, [])
    // Nor is what was before it held against the next.
    puppet.ready(0)
    puppet.exit(0, { how: "crash" })
    assert.deepStrictEqual([starts(puppet), puppet.reports], [["start 0"], []])
    busy(puppet, 0)
    puppet.finish(0)
    puppet.exit(0, { how: "crash" })
    puppet.ready(0)
    puppet.exit(0, { how: "crash" })
    assert.deepStrictEqual([starts(puppet), puppet.reports], [["start 0", "start 0"], []])
  })

  it("because its pool ended it is replaced at once, each time, and its calls hear the first reason", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 1 })
    puppet.news()
    for (let i = 0; i < 3; i++) {
      busy(puppet, 0)
      puppet.pool.terminate(0, { how: "terminated", detail: "stuck" })
      puppet.pool.terminate(0, { how: "terminated", detail: "again" })
      puppet.exit(0, { how: "exit", exitCode: 1 })
      assert.deepStrictEqual(puppet.news(), ["terminate 0", "terminate 0", "on 0 lost: stuck", "start 0"])
    }
    puppet.pool.terminate(7, { how: "terminated" })
    assert.deepStrictEqual([puppet.news(), puppet.reports], [[], []])
  })

  it("takes its alarms along: its successor has all the time to start, and to stop, that it may", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 1, startTimeout: 500, stopTimeout: 300, recycleAfter: 1 })
    puppet.news()
    puppet.pass(400)
    puppet.exit(0, { how: "crash" })
    assert.deepStrictEqual(starts(puppet), ["start 0"])
    puppet.pass(400)
    assert.deepStrictEqual(puppet.news(), [])
    busy(puppet, 0)
    puppet.finish(0)
    puppet.pass(200)
    puppet.exit(0, { how: "exit" })
    puppet.ready(0)
    puppet.news()
    puppet.pass(10_000)
    assert.deepStrictEqual([puppet.news(), puppet.timers], [[], 0])
  })

  it("while it starts keeps nobody waiting for no thread as long as another lives", () => {
    const puppet = new Puppet({ minThreads: 2, maxThreads: 2, pinKeys: true })
    puppet.ready(0)
    puppet.submit("a", { key: "a" })
    puppet.submit("b", { key: "b" })
    for (let i = 0; i < 4; i++) {
      puppet.exit(1, { how: "crash" })
      puppet.pass(10_000)
    }
    assert.notInclude(puppet.news().join(), "lost")
    puppet.finish(0)
    assert.include(puppet.news(), "b: done".replace("b", "a"))
    assert.strictEqual(puppet.running.get(0)![0]!.task, "b")
  })

  it("is said of with what is known", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 1 })
    puppet.submit("a")
    for (let i = 0; i < 3; i++) {
      puppet.exit(0, { how: "memory" })
      puppet.pass(10_000)
    }
    assert.include(puppet.news(), "a lost: no thread starts")
    assert.strictEqual(puppet.reports.at(-1), "a thread did not start (3 in a row): memory")
  })
})

describe("a back-off", () => {
  it("is one alarm, however many end meanwhile, and one that is ready meanwhile starts no others", () => {
    const puppet = new Puppet({ minThreads: 3, maxThreads: 3 })
    for (let i = 0; i < 2; i++) {
      puppet.ready(0)
      puppet.exit(0, { how: "crash" })
    }
    puppet.news()
    assert.strictEqual(puppet.timers, 1)
    puppet.ready(1)
    puppet.exit(1, { how: "crash" })
    puppet.ready(2)
    puppet.submit("a")
    assert.deepStrictEqual([puppet.news(), puppet.timers], [[], 1])
    puppet.pass(100)
    assert.deepStrictEqual([starts(puppet), puppet.timers], [["start 0", "start 1"], 0])
  })

  it("does not keep a key from the thread that lives", () => {
    const puppet = new Puppet({ minThreads: 2, maxThreads: 2, pinKeys: true })
    for (const worker of [0, 1]) puppet.ready(worker)
    puppet.submit("a1", { key: "a" })
    puppet.finish(0)
    for (let i = 0; i < 3; i++) {
      puppet.exit(0, { how: "crash" })
      puppet.ready(0)
      if (i < 2) puppet.pass(100)
    }
    puppet.exit(0, { how: "crash" })
    puppet.submit("a2", { key: "a" })
    assert.deepStrictEqual(
      puppet.running.get(1)!.map((job) => job.task),
      ["a2"]
    )
  })
})

describe("an idle worker", () => {
  it("is watched by one alarm, and only while there are more than the minimum", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 3, idleTimeout: 1_000, stopTimeout: Infinity })
    assert.strictEqual(puppet.timers, 0)
    busy(puppet, 0)
    assert.strictEqual(puppet.timers, 0)
    puppet.submit("b")
    puppet.submit("c")
    assert.strictEqual(puppet.timers, 1)
    puppet.ready(1)
    puppet.ready(2)
    for (const worker of [1, 2]) {
      puppet.take(worker)
      puppet.finish(worker)
    }
    puppet.pass(1_000)
    assert.strictEqual(puppet.timers, 1)
    puppet.news()
    puppet.pass(1_000)
    assert.deepStrictEqual(puppet.news(), ["retire 1", "retire 2"])
    assert.strictEqual(puppet.timers, 0, "it is enough, though they are not gone yet")
  })

  it("stays where threads never grow idle, without an alarm", () => {
    const puppet = new Puppet({ minThreads: 0, maxThreads: 1, idleTimeout: Infinity })
    busy(puppet, 0)
    puppet.finish(0)
    assert.strictEqual(puppet.timers, 0)
  })

  it("is asked to go once, and no other for it, though it takes long", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 4, idleTimeout: 1_000, stopTimeout: 60_000 })
    for (const worker of [0, 1]) busy(puppet, worker)
    puppet.finish(0)
    puppet.pass(2_000)
    assert.deepStrictEqual(
      puppet.news().filter((line) => line.startsWith("retire")),
      ["retire 0"]
    )
    // Another is started, so that there is something to watch for again.
    puppet.submit("b")
    puppet.ready(2)
    puppet.take(2)
    puppet.news()
    puppet.pass(5_000)
    assert.deepStrictEqual(puppet.news(), [], "both are at work")
    puppet.finish(1)
    puppet.finish(2)
    puppet.pass(5_000)
    assert.deepStrictEqual(
      puppet.news().filter((line) => line.startsWith("retire")),
      ["retire 1"],
      "one stays, and it is not the one that goes"
    )
  })
})

describe("a worker that has had enough calls", () => {
  it("is asked to go once, though others of its calls end afterwards", () => {
    const puppet = new Puppet({ maxThreads: 1, callsPerThread: 3, recycleAfter: 1 })
    puppet.ready(0)
    for (const name of ["a", "b", "c"]) puppet.submit(name)
    for (let i = 0; i < 3; i++) puppet.take(0)
    for (let i = 0; i < 3; i++) puppet.finish(0)
    assert.deepStrictEqual(puppet.news(), ["start 0", "retire 0", "a: done", "b: done", "c: done"])
  })

  it("is not worn by calls that could not be sent, or ran on the caller's thread", () => {
    const puppet = new Puppet({ maxThreads: 1, recycleAfter: 2, queueLimit: 0, whenFull: "caller-runs" })
    puppet.ready(0)
    puppet.unsendable.add("bad")
    puppet.submit("bad")
    puppet.submit("a")
    puppet.take(0)
    puppet.submit("here")
    puppet.finish(0)
    assert.deepStrictEqual(puppet.news(), ["start 0", "bad threw TypeError", "here: here", "a: done"])
    const two = new Puppet({ minThreads: 2, recycleAfter: 1 })
    for (const worker of [0, 1]) two.ready(worker)
    two.unsendable.add("bad")
    two.submit("bad")
    assert.deepStrictEqual(two.news(), ["start 0", "start 1", "bad threw TypeError"])
  })

  it("is reported only where it did not stop as it should", () => {
    const puppet = new Puppet({ maxThreads: 1, recycleAfter: 1, stopTimeout: 1_000 })
    const recycled = (ending: Ending) => {
      busy(puppet, 0)
      puppet.finish(0)
      puppet.exit(0, ending)
      return puppet.reports.splice(0).length
    }
    assert.strictEqual(recycled({ how: "terminated" }), 0, "ended without asking, as it had nothing to do")
    assert.strictEqual(recycled({ how: "exit" }), 0)
    assert.strictEqual(recycled({ how: "exit", exitCode: 3 }), 1)
    assert.strictEqual(recycled({ how: "crash" }), 1)
  })
})

describe("the figures of the workers", () => {
  it("are of those that live, with the time since each was ready", () => {
    const puppet = new Puppet({ minThreads: 2, maxThreads: 2 })
    puppet.ready(1)
    puppet.pass(500)
    puppet.ready(0)
    puppet.pass(20)
    busy(puppet, 1)
    puppet.finish(1)
    assert.deepStrictEqual(
      puppet.pool.workers().map(({ age, figures, worker }) => [worker, age, figures.busy]),
      [
        [0, 20, 7],
        [1, 520, 7]
      ]
    )
    puppet.exit(1, { how: "crash" })
    assert.deepStrictEqual(
      puppet.pool.workers().map(({ age, worker }) => [worker, age]),
      [
        [0, 20],
        [1, 0]
      ],
      "its successor is not ready yet"
    )
  })
})

describe("a pool that closes", () => {
  it("is closed at once when nobody lives", () => {
    const puppet = new Puppet({ minThreads: 0 })
    let closed = 0
    puppet.pool.close(() => closed++)
    assert.strictEqual(closed, 1)
  })

  it("is closed once, also where a worker is gone by the time that it was told to", () => {
    const puppet = new Puppet({ minThreads: 2 })
    puppet.endsAtOnce = true
    let closed = 0
    puppet.pool.close(() => closed++)
    assert.strictEqual(closed, 1)
    assert.deepStrictEqual(starts(puppet), ["start 0", "start 1"])
    assert.deepStrictEqual(puppet.reports, [])
  })

  const closing = (hasStopHook: boolean) => {
    const puppet = new Puppet({ minThreads: 4, maxThreads: 4, recycleAfter: 2, hasStopHook })
    busy(puppet, 0)
    puppet.ready(1)
    busy(puppet, 2)
    puppet.finish(2)
    puppet.submit("last")
    puppet.take(2)
    puppet.finish(2)
    assert.include(puppet.news(), "retire 2")
    puppet.pool.close(() => {})
    return puppet
  }

  it("lets a worker that runs nothing call its stop hook, and ends the others", () => {
    // One is busy, one idle, one on its way out, and one not ready yet.
    assert.deepStrictEqual(closing(true).news(), ["terminate 0", "retire 1", "terminate 3"])
    assert.deepStrictEqual(closing(false).news(), ["terminate 0", "terminate 1", "terminate 3"])
  })

  it("ends one that becomes ready afterwards", () => {
    const puppet = new Puppet({ minThreads: 1 })
    puppet.pool.close(() => {})
    puppet.news()
    puppet.ready(0)
    assert.deepStrictEqual(puppet.news(), ["terminate 0"])
  })

  it("starts nobody and leaves no alarm, whichever callback closed it", () => {
    const close = (puppet: Puppet) => {
      puppet.onAnswer = () => puppet.pool.close(() => {})
      puppet.unsendable.add("bad")
    }
    // While it is being told that no thread starts.
    const first = new Puppet({ minThreads: 1 })
    close(first)
    first.submit("a")
    for (let i = 0; i < 3; i++) {
      first.exit(0, { how: "crash" })
      if (i < 2) first.pass(10_000)
    }
    assert.deepStrictEqual(starts(first), ["start 0", "start 0", "start 0"])
    first.pass(60_000)
    assert.deepStrictEqual([starts(first), first.timers], [[], 0])
    // While it is handed off, and cannot be sent.
    const second = new Puppet({ minThreads: 0 })
    close(second)
    second.submit("a")
    assert.deepStrictEqual(starts(second), ["start 0"])
    second.submit("bad")
    assert.deepStrictEqual([starts(second), second.timers], [[], 0])
    // While a worker becomes ready.
    const third = new Puppet({ minThreads: 2, startsAtOnce: 1 })
    third.room = 0
    third.submit("bad")
    third.room = Infinity
    close(third)
    third.ready(0)
    assert.deepStrictEqual(third.news(), ["start 0", "bad threw TypeError", "terminate 0"])
    // While idle ones are asked to go, one of which had been assigned a call.
    const fourth = new Puppet({ minThreads: 0, maxThreads: 2, pinKeys: true, stopTimeout: Infinity })
    fourth.inboxMost = 1
    for (const key of ["a", "b", "bad"]) fourth.submit(key, { key })
    for (const worker of [0, 1]) fourth.ready(worker)
    const [a] = fourth.running.get(0)!.splice(0)
    fourth.tell(a!, "value")
    fourth.finish(1)
    close(fourth)
    assert.strictEqual(fourth.timers, 1)
    fourth.pass(1_000)
    assert.includeMembers(fourth.news(), ["retire 0", "bad threw TypeError"])
    assert.strictEqual(fourth.timers, 0)
  })

  it("leaves no alarm of a back-off, or of a look for idle ones", () => {
    const puppet = new Puppet({ minThreads: 1, maxThreads: 2 })
    busy(puppet, 0, 1)
    for (let i = 0; i < 2; i++) {
      puppet.exit(1, { how: "crash" })
      puppet.ready(1)
    }
    puppet.exit(1, { how: "crash" })
    assert.isAtLeast(puppet.timers, 1)
    puppet.pool.close(() => {})
    assert.strictEqual(puppet.timers, 0)
  })

  it("answers calls that wait for the thread of their key, in its inbox or before it", () => {
    const puppet = new Puppet({ maxThreads: 1, pinKeys: true })
    puppet.ready(0)
    puppet.inboxMost = 1
    for (const key of ["runs", "inbox", "before"]) puppet.submit(key, { key })
    puppet.submit("second", { key: "before" })
    puppet.news()
    puppet.pool.close(() => {})
    assert.deepStrictEqual(puppet.news(), ["second lost: closed", "before lost: closed", "terminate 0"])
    puppet.exit(0, { how: "terminated" })
    assert.deepStrictEqual(puppet.news(), ["runs lost: closed", "inbox lost: closed"])
    assert.deepInclude(puppet.pool.counts, { running: 0, queued: 0, lost: 4 })
  })

  it("answers what an idle worker with a stop hook was assigned and had not started", () => {
    const puppet = new Puppet({ maxThreads: 1, pinKeys: true, hasStopHook: true })
    puppet.ready(0)
    puppet.inboxMost = 1
    for (const key of ["runs", "inbox"]) puppet.submit(key, { key })
    const [runs] = puppet.running.get(0)!.splice(0)
    puppet.tell(runs!, "value")
    puppet.news()
    puppet.pool.close(() => {})
    assert.deepStrictEqual(puppet.news(), ["retire 0", "inbox lost: closed"])
  })
})
