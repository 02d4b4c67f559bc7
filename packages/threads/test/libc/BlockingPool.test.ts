/** The policy, without a single thread: a backend whose calls return when the test says so. */
import type { Backend, OnReturn } from "#libc/Backend"
import { BlockingPool, type Kind } from "#libc/BlockingPool"
import { assert, describe, it } from "@effect/vitest"
import { Task } from "@handoff/core"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"

class Wait extends Task.make("Wait", { payload: { name: Schema.String }, success: Schema.String }) {}

const wait: Kind<Wait> = {
  kind: Wait.kind,
  operation: ({ name }) => (name === "wrong" ? Exit.die("not a name") : ["gethostbyaddr", name]),
  answer: (_task, code, _errno, value) => (code === 0 ? Exit.succeed(value) : Exit.die(code)),
  timedOut: () => undefined as never
}

/** A pool of two slots, and what happened in it. */
const scene = (options: { readonly threads?: number; readonly queueLimit?: number; readonly fails?: boolean } = {}) => {
  const blocking = new Map<string, OnReturn>()
  const log: Array<string> = []
  const ids: Array<string> = []
  let hasThreads = true
  const backend: Backend = {
    name: "addon",
    constants: {},
    threads: options.threads ?? 2,
    start: (operation, onReturn) => {
      const name = operation[1] as string
      if (options.fails === true) throw new TypeError("no such operation")
      if (!hasThreads) return -1
      log.push(`start ${name}`)
      blocking.set(name, onReturn)
      return ids.push(name) - 1
    },
    abandon: (id) => log.push(`abandon ${ids[id]}`),
    resolve: () => ({ reason: "NoLibrary", detail: "" }),
    figures: () => ({ threads: blocking.size, idle: 0 }),
    close: () => log.push("close")
  }
  const pool = new BlockingPool(backend, [wait], {
    name: "waiting",
    queueLimit: options.queueLimit ?? 10,
    timeout: undefined
  })
  return {
    log,
    pool,
    submit: (name: string) =>
      pool.submit(
        new Wait({ name }),
        (exit) => log.push(`${name}: ${exit._tag === "Success" ? exit.value : String(Cause.squash(exit.cause))}`),
        undefined
      ),
    /** The call returns. */
    end: (name: string) => {
      const onReturn = blocking.get(name)!
      blocking.delete(name)
      onReturn(0, 0, "ended")
    },
    die: (name: string) => blocking.get(name)!(0, 0, null, "its thread died"),
    refuseThreads: () => {
      hasThreads = false
    }
  }
}

describe("BlockingPool", () => {
  it("lets as many block as there are slots; the others start in the order in which they came", () => {
    const { end, log, pool, submit } = scene()
    for (const name of ["a", "b", "c", "d"]) submit(name)
    assert.deepStrictEqual(log.splice(0), ["start a", "start b"])
    assert.deepInclude(pool.stats(), { running: 2, queued: 2 })
    end("b")
    end("a")
    assert.deepStrictEqual(log, ["b: ended", "start c", "a: ended", "start d"])
  })

  it("drops what is given up before it starts", () => {
    const { end, log, pool, submit } = scene({ threads: 1 })
    submit("a")
    const cancels = ["b", "c", "d"].map(submit)
    cancels[0]!()
    cancels[2]!()
    cancels[2]!()
    end("a")
    end("c")
    assert.deepStrictEqual(log, ["start a", "a: ended", "start c", "c: ended"])
    assert.deepInclude(pool.stats(), { running: 0, queued: 0, done: 2, cancelled: 2 })
  })

  it("keeps the slot of what is given up while it blocks, until that returns", () => {
    const { end, log, pool, submit } = scene({ threads: 1 })
    const cancel = submit("a")
    submit("b")
    cancel()
    assert.deepInclude(pool.stats(), { running: 0, queued: 1, cancelled: 1 })
    assert.strictEqual(pool.stats().extra["abandoned"], 1)
    assert.deepStrictEqual(log.splice(0), ["start a", "abandon a"])
    end("a")
    assert.deepStrictEqual(log, ["start b"])
    assert.strictEqual(pool.stats().extra["abandoned"], 0)
  })

  it("refuses what is more than the slots and the queue hold", () => {
    const { log, submit } = scene({ threads: 1, queueLimit: 1 })
    for (const name of ["a", "b", "c"]) submit(name)
    assert.lengthOf(log, 2)
    assert.match(log[1]!, /^c: Overloaded: waiting holds 2 tasks of at most 2/)
  })

  it("answers Overloaded where the system has no thread to give, and keeps no slot", () => {
    const { log, pool, refuseThreads, submit } = scene()
    refuseThreads()
    submit("a")
    assert.match(log[0]!, /^a: Overloaded/)
    assert.deepInclude(pool.stats(), { running: 0, failed: 1 })
  })

  it("answers at once what cannot be right, without a slot; a defect of a backend keeps none either", () => {
    const wrong = scene()
    wrong.submit("wrong")
    assert.deepStrictEqual(wrong.log, ["wrong: not a name"])
    const broken = scene({ fails: true, threads: 1 })
    broken.submit("a")
    broken.submit("b")
    assert.deepStrictEqual(broken.log, ["a: TypeError: no such operation", "b: TypeError: no such operation"])
  })

  it("answers Lost when a thread dies, and goes on", () => {
    const { die, log, pool, submit } = scene({ threads: 1 })
    submit("a")
    submit("b")
    die("a")
    assert.match(log[1]!, /^a: Lost: waiting lost a Wait \(crash\): its thread died/)
    assert.strictEqual(log[2], "start b")
    assert.deepInclude(pool.stats(), { lost: 1, running: 1 })
  })

  it("answers everybody when it closes, and starts nothing more", () => {
    const { log, pool, submit } = scene({ threads: 1 })
    submit("a")
    submit("b")
    pool.close()
    submit("c")
    assert.deepStrictEqual(
      log.map((line) => line.split(" (")[0]!.split(" and")[0]),
      [
        "start a",
        "a: Lost: waiting lost a Wait",
        "abandon a",
        "b: Lost: waiting lost a Wait",
        "close",
        "c: Overloaded: waiting is closed"
      ]
    )
  })
})
