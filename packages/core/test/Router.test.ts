import { assert, describe, it } from "@effect/vitest"
import { Call, Direct, Lost, Overloaded, QueryRecords, Router, Unsupported } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { address, call, held, lookup } from "./held.ts"

const now = { startImmediately: true } as const

const callsOnly = (name: string) => Direct.make([Direct.handle(Call, () => Effect.succeed(name))], { name })

describe("Router", () => {
  it.effect("sends a kind to the first by preference that supports it, and explains itself", () =>
    Effect.gen(function* () {
      const threads = yield* callsOnly("threads")
      const dns = held("dns")
      const router = yield* Router.make([threads, dns.executor], { preference: ["dns", "threads"] })
      assert.deepStrictEqual(router.explain("LookupHost"), {
        kind: "LookupHost",
        chosen: "dns",
        by: "preference",
        candidates: [
          { executor: "dns", verdict: "chosen" },
          { executor: "threads", verdict: "does not support it" }
        ],
        unused: []
      })
      assert.strictEqual(
        Router.format(router.explain("LookupHost")),
        "LookupHost goes by preference: dns, of dns (chosen), threads (does not support it)"
      )
      yield* Effect.forkChild(router.run(lookup("a")), now)
      assert.deepStrictEqual(dns.seen, ["a"])
    })
  )

  it.effect("sends a named kind to those named and nowhere else", () =>
    Effect.gen(function* () {
      const threads = yield* callsOnly("threads")
      const dns = held("dns")
      const router = yield* Router.make([dns.executor, threads], {
        kinds: { Call: "threads", LookupHost: ["threads"] }
      })
      assert.strictEqual(yield* router.run(call("f")), "threads")
      const error = yield* Effect.flip(router.run(lookup("a")))
      assert.strictEqual(error.message, "router does not run LookupHost; dns can: choose one of them for this kind")
      assert.isFalse(router.supports("LookupHost"))
      assert.strictEqual(
        Router.format(router.explain("LookupHost")),
        "LookupHost is named: unsupported, of threads (does not support it); not in its list, but able: dns"
      )
    })
  )

  it.effect("says that nobody can, where nobody can", () =>
    Effect.gen(function* () {
      const router = yield* Router.make([held("dns").executor])
      const error = yield* Effect.flip(router.run(new QueryRecords({ name: "a", type: "A" }) as never))
      assert.deepStrictEqual(error, new Unsupported({ executor: "router", kind: "QueryRecords", supportedBy: [] }))
    })
  )

  it.effect("a policy that names nobody is refused, and says where", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Router.make([held("dns").executor], { kinds: { Call: "thread" } }))
      assert.strictEqual(error.message, 'kinds.Call names the executor "thread"; there are dns')
      const router = yield* Router.make([held("dns").executor])
      assert.strictEqual((yield* Effect.flip(router.setPolicy({ preference: ["x"] }))).name, "x")
    })
  )

  it.effect("leaves it to the executor inside to say that a task has started, and who runs it", () =>
    Effect.gen(function* () {
      const { executor, waiting } = held("inside", undefined, "waits")
      const router = yield* Router.make([executor])
      const starts: Array<string> = []
      const watch = { executor: "", started: () => starts.push(watch.executor) }
      router.submitUnsafe(call("f"), () => {}, undefined, watch)
      assert.deepStrictEqual(starts, [])
      waiting()[0]!.start()
      assert.deepStrictEqual(starts, ["inside"])
    })
  )

  it.effect("two executors of one name are a mistake of the program", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Router.make([held("dns").executor, held("dns").executor]))
      assert.isTrue(Exit.hasDies(exit))
    })
  )

  const detail = new Unsupported({ executor: "one", kind: "Call", supportedBy: [], detail: "no such transport" })
  const full = new Overloaded({ executor: "one", kind: "Call", reason: "full", outstanding: 1, limit: 1 })
  const lost = new Lost({ executor: "one", kind: "Call", how: "exit" })
  const cases = [
    { what: "falls over on Unsupported always", task: call("f"), error: detail, policy: {}, falls: true },
    { what: "does not on Overloaded", task: call("f"), error: full, policy: {}, falls: false },
    {
      what: "does on Overloaded if asked",
      task: call("f"),
      error: full,
      policy: { onOverloaded: "next" },
      falls: true
    },
    { what: "does not on Lost", task: lookup("a"), error: lost, policy: {}, falls: false },
    {
      what: "does on Lost if asked, for a kind safe to repeat",
      task: lookup("a"),
      error: lost,
      policy: { onLost: "next" },
      falls: true
    },
    { what: "never on Lost for a call", task: call("f"), error: lost, policy: { onLost: "next" }, falls: false },
    {
      what: "does on Lost for a call declared repeatable",
      task: call("f"),
      error: lost,
      policy: { onLost: "next", repeatable: ["Call"] },
      falls: true
    },
    {
      what: "never on the task's own failure",
      task: lookup("a"),
      error: "NXDOMAIN",
      policy: { onLost: "next", onOverloaded: "next" },
      falls: false
    }
  ] as const satisfies ReadonlyArray<{ readonly policy: Router.Policy; readonly [key: string]: unknown }>
  for (const { error, falls, policy, task, what } of cases) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const one = held("one")
        const two = held("two")
        const router = yield* Router.make([one.executor, two.executor], policy)
        const fiber = yield* Effect.forkChild(Effect.exit(router.run(task)), now)
        one.waiting()[0]!.answer(Exit.fail(error))
        assert.strictEqual(two.seen.length, falls ? 1 : 0)
        two.waiting()[0]?.answer(Exit.succeed(address("192.0.2.1")))
        const exit: Exit.Exit<unknown, unknown> = yield* Fiber.join(fiber)
        assert.deepStrictEqual(exit, falls ? Exit.succeed(address("192.0.2.1")) : Exit.fail(error))
        const stats = yield* router.stats
        assert.deepStrictEqual([stats.running, stats.queued], [0, 0])
        assert.strictEqual(stats.extra["fellOver"], falls ? 1 : 0)
      })
    )
  }

  it.effect("replaces an executor: new tasks go to the new one, and the old one is over with its last", () =>
    Effect.gen(function* () {
      const old = held("one")
      const fresh = held("one")
      const router = yield* Router.make([old.executor])
      const first = yield* Effect.forkChild(router.run(call("f", 1)), now)
      const given = yield* Effect.forkChild(router.run(call("f", 2)), now)
      const replaced = yield* Effect.forkChild(router.replace(fresh.executor), now)
      yield* Effect.forkChild(router.run(call("f", 3)), now)
      assert.deepStrictEqual([old.seen, fresh.seen], [["f 1", "f 2"], ["f 3"]])
      yield* Fiber.interrupt(given)
      assert.isUndefined(replaced.pollUnsafe())
      old.waiting()[0]!.answer(Exit.succeed("old"))
      assert.strictEqual(yield* Fiber.join(first), "old")
      yield* Fiber.join(replaced)
    })
  )

  it.effect("a changed policy holds for tasks handed off from then on", () =>
    Effect.gen(function* () {
      const router = yield* Router.make([yield* callsOnly("one"), yield* callsOnly("two")])
      assert.strictEqual(yield* router.run(call("f")), "one")
      yield* router.setPolicy({ preference: ["two", "one"] })
      assert.strictEqual(yield* router.run(call("f")), "two")
      yield* router.remove("two")
      assert.strictEqual(yield* router.run(call("f")), "one")
      assert.strictEqual(router.explain("Call").candidates[0]!.verdict, "unknown")
    })
  )
})
