/** The parts of `serve` that decide: pure, or in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Call, type Executor } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import * as Access from "#demo/serve/Access"
import { Feed } from "#demo/serve/Feed"
import { group } from "#demo/serve/Figures"
import * as Order from "#demo/serve/Order"
import type { Message, Sample, Strategy } from "#demo/serve/shared/Event"
import * as Series from "#demo/serve/shared/Series"
import * as States from "#demo/serve/shared/State"
import * as words from "#demo/serve/shared/words"
import * as Switchboard from "#demo/serve/Switchboard"
import * as Token from "#demo/serve/Token"
import { folder } from "./support/folder.ts"

const policy: Access.Policy = { token: "a".repeat(43), cookie: "handoff-7715", names: ["survey.example.org"] }

const request = (
  changes: Partial<Access.Request> = {},
  headers: Record<string, string | undefined> = {}
): Access.Request => ({
  method: "GET",
  url: "/api/runs",
  cookies: { "handoff-7715": policy.token },
  ...changes,
  headers: { host: "127.0.0.1:7715", ...headers }
})

const refusal = (verdict: Access.Verdict) => (verdict._tag === "Refused" ? verdict.status : verdict._tag)

describe("who may ask", () => {
  it("is whoever has the token: in the address once, in the cookie, or in the header of a program", () => {
    assert.strictEqual(Access.judge(request(), policy)._tag, "Welcome")
    const bearer = { authorization: `Bearer ${policy.token}` }
    assert.strictEqual(Access.judge(request({ cookies: {} }, bearer), policy)._tag, "Welcome")
    const entering = request({ cookies: {}, url: `/runs/1/report.html?token=${policy.token}&a=b` })
    assert.deepStrictEqual(Access.judge(entering, policy), { _tag: "Enter", location: "/runs/1/report.html?a=b" })
  })

  it("is nobody with another token, or none", () => {
    const wrong = "b".repeat(43)
    assert.strictEqual(refusal(Access.judge(request({ cookies: {} }), policy)), 401)
    assert.strictEqual(refusal(Access.judge(request({ cookies: { "handoff-7715": wrong } }), policy)), 401)
    assert.strictEqual(refusal(Access.judge(request({ cookies: { "handoff-7715": "" } }), policy)), 401)
    assert.strictEqual(refusal(Access.judge(request({ url: `/?token=${wrong}` }), policy)), 401)
    assert.strictEqual(refusal(Access.judge(request({}, { authorization: `Bearer ${wrong}` }), policy)), 401)
    // The token of an address does nothing but let in.
    const posting = request({ method: "POST", cookies: {}, url: `/api/stop?token=${policy.token}` })
    assert.strictEqual(refusal(Access.judge(posting, policy)), 401)
  })

  it.each([
    ["127.0.0.1:7715", true],
    ["localhost:7715", true],
    ["LOCALHOST", true],
    ["[::1]:7715", true],
    ["192.0.2.7", true],
    ["survey.example.org:443", true],
    ["evil.example", false],
    ["127.0.0.1.evil.example:7715", false],
    ["localhost.evil.example", false],
    ["user@localhost", false],
    ["localhost:7715:1", false],
    ["", false]
  ])("comes by a name of ours: %j is %s", (host, isOurs) => {
    assert.strictEqual(Access.isOurName(host, policy.names), isOurs)
    assert.strictEqual(refusal(Access.judge(request({}, { host }), policy)), isOurs ? "Welcome" : 421)
  })

  it("is no other page: its Origin, its Sec-Fetch-Site, or the lack of both gives it away", () => {
    const post = (headers: Record<string, string | undefined>) =>
      refusal(Access.judge(request({ method: "POST", url: "/api/stop" }, headers), policy))
    assert.strictEqual(post({ origin: "http://127.0.0.1:7715" }), "Welcome")
    assert.strictEqual(post({ origin: "http://127.0.0.1:7716" }), 403)
    assert.strictEqual(post({ origin: "null" }), 403)
    assert.strictEqual(post({ origin: "http://127.0.0.1:7715", "sec-fetch-site": "cross-site" }), 403)
    assert.strictEqual(post({ "sec-fetch-site": "same-site" }), 403)
    assert.strictEqual(post({}), 403)
    assert.strictEqual(post({ authorization: `Bearer ${policy.token}` }), "Welcome")
    const read = (headers: Record<string, string>) => refusal(Access.judge(request({}, headers), policy))
    assert.strictEqual(read({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }), 403)
    assert.strictEqual(read({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }), "Welcome")
  })

  it.live("keeps its token from one start to the next, unless others could have read it", () =>
    Effect.gen(function* () {
      const file = Path.join(yield* folder, "token")
      const first = yield* Token.read(file)
      assert.match(first, /^[\w-]{43}$/)
      assert.strictEqual((yield* Effect.promise(() => Fs.stat(file))).mode & 0o777, 0o600)
      assert.strictEqual(yield* Token.read(file), first)
      yield* Effect.promise(() => Fs.chmod(file, 0o644))
      const second = yield* Token.read(file)
      assert.notStrictEqual(second, first)
      assert.strictEqual((yield* Effect.promise(() => Fs.stat(file))).mode & 0o777, 0o600)
      const trouble = yield* Effect.flip(Token.read("/nonexistent/token"))
      assert.include(trouble.message, "cannot keep the token")
    })
  )
})

const phase = (name: string): Message => ({ _tag: "Phase", phase: name })

describe("a feed", () => {
  it("gives each reader what came after its place, and says when that is not kept any more", () => {
    const feed = new Feed(3)
    assert.deepStrictEqual(feed.after(0), [])
    for (const name of ["a", "b", "c", "d"]) feed.publish(phase(name))
    assert.deepStrictEqual(
      feed.after(2)!.map(({ message, number }) => [number, message]),
      [
        [3, phase("c")],
        [4, phase("d")]
      ]
    )
    assert.strictEqual(feed.after(1)!.length, 3)
    assert.isUndefined(feed.after(0), "a was dropped")
    assert.isUndefined(feed.after(9), "a place of another server's feed")
  })

  it.effect("wakes those who wait, and forgets those who have gone", () =>
    Effect.gen(function* () {
      const feed = new Feed(3)
      const waiting = yield* Effect.forkChild(feed.beyond(0), { startImmediately: true })
      const leaving = yield* Effect.forkChild(feed.beyond(0), { startImmediately: true })
      assert.strictEqual(feed.readers, 2)
      yield* Fiber.interrupt(leaving)
      assert.strictEqual(feed.readers, 1)
      feed.publish(phase("a"))
      yield* Fiber.join(waiting)
      assert.strictEqual(feed.readers, 0)
      yield* feed.beyond(0)
    })
  )

  it("wakes once for a message whoever waits again as soon as it is woken", () => {
    const feed = new Feed(3)
    let woken = 0
    const wait = (): void => {
      Effect.runCallback(feed.beyond(feed.last), {
        onExit: () => {
          woken++
          if (woken < 100) wait()
        }
      })
    }
    wait()
    feed.publish(phase("a"))
    assert.deepStrictEqual([woken, feed.readers], [1, 1])
  })
})

const strategy = (name: string, changes: Partial<Strategy> = {}): Strategy => ({
  name,
  running: 0,
  queued: 0,
  done: 0,
  failed: 0,
  lost: 0,
  cancelled: 0,
  figures: {},
  members: [],
  ...changes
})

const sample = (at: number, strategies: ReadonlyArray<Strategy>, changes: Partial<Sample> = {}): Sample => ({
  at,
  done: 0,
  failed: 0,
  rejected: 0,
  total: 100,
  strategies,
  loopDelay: { p50: 1, p99: 2, max: 3 },
  cpuSeconds: 0,
  memoryMiB: 100,
  ...changes
})

describe("the lines of the charts", () => {
  it("are tasks a second over about a second, also of a strategy that comes later", () => {
    const chart = Series.tasks([
      sample(0, [strategy("dns")]),
      sample(500, [strategy("dns", { done: 10, failed: 5 })]),
      sample(1_000, [strategy("dns", { done: 20, failed: 10 })]),
      sample(2_000, [strategy("dns", { done: 20, failed: 10 }), strategy("threads", { done: 7 })]),
      // The last sample comes when it ends, however soon after the one before.
      sample(2_001, [strategy("dns", { done: 21, failed: 10 }), strategy("threads", { done: 7 })])
    ])
    assert.deepStrictEqual(chart.times, [0, 0.5, 1, 2, 2.001])
    assert.deepStrictEqual(chart.lines, [
      { name: "dns", values: [null, 30, 30, 0, 1] },
      { name: "threads", values: [null, null, null, 7, 7] }
    ])
  })

  it("are what is queued and running, and the share of answers from the cache", () => {
    const cache = (hits: number, misses: number) => ({ figures: { "cache.hits": hits, "cache.misses": misses } })
    const samples = [
      sample(0, [strategy("dns", cache(0, 0)), strategy("reactor", { queued: 3, running: 4 })]),
      sample(1_000, [strategy("dns", cache(0, 10))]),
      sample(2_000, [strategy("dns", cache(30, 20))]),
      // Made anew: it counts from nothing.
      sample(3_000, [strategy("dns", cache(5, 5))])
    ]
    assert.deepStrictEqual(Series.depths(samples).lines[1], { name: "reactor", values: [7, null, null, null] })
    assert.deepStrictEqual(Series.cacheHits(samples).lines, [{ name: "dns", values: [null, 0, 75, 50] }])
  })

  it("say how much of the time a worker was in use", () => {
    const worker = (figures: Record<string, number>) =>
      strategy("threads", { members: [{ kind: "worker", id: "0", figures }] })
    const samples = [sample(0, [worker({ busy: 100 })]), sample(1_000, [worker({ busy: 350 })])]
    assert.strictEqual(Series.use(samples, "threads", "worker", "0"), 0.25)
    const own = [sample(0, []), sample(1_000, [worker({ utilisation: 0.5 })])]
    assert.strictEqual(Series.use(own, "threads", "worker", "0"), 0.5)
    assert.isUndefined(Series.use(own, "threads", "worker", "1"))
  })

  it("show who worked last where the last sample lists nobody", () => {
    const members = [{ kind: "worker", id: "0", figures: { utilisation: 0.5 } }]
    const samples = [
      sample(0, [strategy("dns"), strategy("threads")]),
      sample(500, [strategy("dns"), strategy("threads", { members })]),
      sample(501, [strategy("dns"), strategy("threads")])
    ]
    assert.deepStrictEqual(Series.withMembers(samples), samples.slice(0, 2))
    assert.deepStrictEqual(Series.withMembers(samples.slice(0, 2)), samples.slice(0, 2))
    assert.deepStrictEqual(Series.withMembers(samples.slice(0, 1)), samples.slice(0, 1))
    assert.deepStrictEqual(Series.withMembers([]), [])
  })

  it("say how long it will take, and how many processors it has", () => {
    assert.strictEqual(Series.remaining(sample(10_000, [], { done: 20, failed: 5 })), 30)
    assert.isUndefined(Series.remaining(sample(10_000, [])))
    assert.strictEqual(Series.processors([sample(0, []), sample(2_000, [], { cpuSeconds: 3 })]), 1.5)
    assert.strictEqual(words.duration(3_725), "1 h 2 min")
    assert.strictEqual(words.number(1_234.5), "1,235")
    assert.strictEqual(words.choice({ executor: ["dns"], call: "threads" }), "compute by threads")
  })
})

describe("what messages add up to", () => {
  it("is the same state for whoever was there and for whoever comes later", () => {
    const choice = { executor: ["dns"] }
    const messages: ReadonlyArray<Message> = [
      { _tag: "Started", survey: { id: 1, title: "a", choice, began: 0 } },
      phase("Building"),
      { _tag: "Began", choice, run: 1 },
      { _tag: "Sample", sample: sample(0, []) },
      {
        _tag: "Rows",
        rows: [
          { line: 1, host: "a", state: "done", says: "" },
          { line: 2, host: "b", state: "done", says: "" }
        ]
      },
      { _tag: "Switched", switched: { at: 1, choice: { executor: ["reactor"] } } },
      { _tag: "Stopping" },
      { _tag: "Ended", end: { how: "stopped" } }
    ]
    const states = messages.map((_, index) => messages.slice(0, index + 1).reduce(States.step, States.idle))
    assert.deepStrictEqual(
      states.map(({ status }) => status),
      ["starting", "starting", "running", "running", "running", "running", "stopping", "over"]
    )
    const last = states.at(-1)!
    assert.deepStrictEqual([last.rows[0]!.host, last.choice?.executor, last.switches.length], ["b", ["reactor"], 1])
    for (const [index, state] of states.entries()) {
      const later = messages.slice(index + 1).reduce(States.step, States.step(States.idle, { _tag: "State", state }))
      assert.deepStrictEqual(later, last)
    }
  })

  it("keeps a bounded number of samples, from the first to the last, however long it runs", () => {
    let state = States.idle
    for (let at = 0; at < 10_000; at++) state = States.step(state, { _tag: "Sample", sample: sample(at, []) })
    assert.isAtMost(state.samples.length, States.samplesKept)
    assert.isAtLeast(state.samples.length, States.samplesKept / 2)
    assert.deepStrictEqual([state.samples[0]!.at, state.samples.at(-1)!.at], [0, 9_999])
    const times = state.samples.map(({ at }) => at)
    assert.deepStrictEqual(
      times,
      times.toSorted((a, b) => a - b)
    )
  })
})

describe("a strategy's own figures", () => {
  it("come to the page by their names alone: many of one thing as rows, the rest as they are", () => {
    const extra = {
      threads: 2,
      "wait p50": 1.23456,
      "cache.hits": 7,
      "worker 0 busy": 5,
      "worker 0 run p50": 2,
      "worker 1 busy": 6,
      "runner 10.0.0.1:3400 shards": 150,
      broken: Number.NaN
    }
    assert.deepStrictEqual(group(extra), {
      figures: { threads: 2, "wait p50": 1.235, "cache.hits": 7 },
      members: [
        { kind: "worker", id: "0", figures: { busy: 5, "run p50": 2 } },
        { kind: "worker", id: "1", figures: { busy: 6 } },
        { kind: "runner", id: "10.0.0.1:3400", figures: { shards: 150 } }
      ]
    })
  })
})

const form = (changes: Record<string, unknown> = {}) =>
  Order.parse({ source: "lab", executor: "dns,reactor,threads", ...changes })

describe("an address that is none", () => {
  it.each(["//", "//[", "http://[", "*", ""])("is judged like any other, and not stumbled over: %j", (url) => {
    assert.strictEqual(refusal(Access.judge(request({ cookies: {}, url }), policy)), 401)
    assert.strictEqual(refusal(Access.judge(request({ url }), policy)), "Welcome")
  })

  it.each(["/.//example.org/", "//example.org/", "/\\example.org/"])(
    "leads to nobody else with the token in it: %j",
    (path) => {
      const verdict = Access.judge(request({ cookies: {}, url: `${path}?token=${policy.token}` }), policy)
      assert.strictEqual(verdict._tag, "Enter")
      if (verdict._tag !== "Enter") return
      const { host } = new URL(verdict.location, "http://127.0.0.1:7715")
      assert.strictEqual(host, "127.0.0.1:7715", verdict.location)
    }
  )
})

describe("an order", () => {
  it("of words becomes a survey, with what is usual where nothing is said", () => {
    const lab = form({ lookup: "dns", exchange: "reactor", call: "threads", hosts: "10", preset: "mail" })
    assert.isTrue(lab.ok)
    if (!lab.ok) return
    assert.strictEqual(lab.value.title, "The lab, 10 hosts, mail")
    assert.deepInclude(lab.value.choice, { lookup: "dns", exchange: "reactor", call: "threads" })
    assert.strictEqual(lab.value.options.concurrency, 64)
    assert.strictEqual(lab.value.ports, "preset")
    const list = form({
      source: "list",
      list: "a.example\n\n192.0.2.0/30 25\n",
      ports: "8443/greeting",
      nameServer: "127.0.0.1:5300"
    })
    assert.isTrue(list.ok)
    if (!list.ok) return
    assert.strictEqual(list.value.title, "a.example and 4 more")
    assert.deepStrictEqual(list.value.options.ports, [{ port: 8_443, protocol: "greeting" }])
    const one = form({ hosts: "1" })
    assert.strictEqual(one.ok && one.value.title, "The lab, 1 host")
    assert.deepStrictEqual(list.value.choice.nameServer, { address: "127.0.0.1", port: 5_300 })
  })

  it("fingerprints with compute in the lab, where strategies are watched, and quickly otherwise, unless told how", () => {
    const chosen = (changes: Record<string, unknown>) => {
      const order = form(changes)
      return order.ok ? order.value.options.fingerprint : order.problems
    }
    const list = { source: "list", list: "a.example" }
    assert.strictEqual(chosen({}), "scrypt")
    assert.strictEqual(chosen(list), "digest")
    assert.strictEqual(chosen({ fingerprint: "digest" }), "digest")
    assert.strictEqual(chosen({ ...list, fingerprint: "scrypt" }), "scrypt")
    assert.deepStrictEqual(chosen({ fingerprint: "md5" }), { fingerprint: '"md5" is not one of digest, scrypt' })
  })

  it.each([
    [{ source: "list", list: "not a host!\n" }, "list", "no line of it is a host; line 1: not a port"],
    [{ source: "list", list: "\n \n" }, "list", "no host: write a name"],
    [{ source: "moon" }, "source", "neither lab nor list"],
    [{ hosts: "0" }, "hosts", "from 1 to 10000"],
    [{ hosts: 5 }, "hosts", "not text"],
    [{ concurrency: "many" }, "concurrency", '"many" is not a whole number'],
    [{ ports: "80/ftp" }, "ports", "not a protocol"],
    [{ preset: "everything" }, "preset", "is not one of web"],
    [{ executor: "fibers" }, "executor", "there are threads, reactor, dns"],
    [{ executor: "" }, "executor", "none is chosen"],
    [{ call: "magic" }, "call", "is not a strategy"],
    [{ source: "list", list: "a.example", nameServer: "nowhere" }, "nameServer", "is not address:port"]
  ])("with %j is refused for its field %s", (changes, field, says) => {
    const parsed = form(changes)
    assert.isFalse(parsed.ok)
    if (!parsed.ok) assert.include(parsed.problems[field], says)
  })

  it("names every wrong field at once, and is an object", () => {
    const parsed = form({ hosts: "x", timeout: "y", ports: "z" })
    assert.deepStrictEqual(parsed.ok ? [] : Object.keys(parsed.problems).toSorted(), ["hosts", "ports", "timeout"])
    for (const nonsense of [null, 7, [], "lab"]) assert.isFalse(Order.parse(nonsense).ok)
  })
})

describe("a switchboard", () => {
  it.live("sends new tasks elsewhere at once, lets those under way end, and keeps the counts of all", () =>
    Effect.gen(function* () {
      const board = yield* Switchboard.make({ executor: ["threads"], threads: 1 })
      const call = (milliseconds: number) =>
        new Call<number>({
          module: import.meta.resolve("./support/waiting.ts"),
          function: "wait",
          args: [milliseconds]
        })
      const slow = yield* Effect.forkChild(board.router.run(call(300)), { startImmediately: true })
      yield* board.change({ executor: ["reactor"] })
      yield* board.router.run(call(1))
      const count = (stats: ReadonlyMap<string, Executor.Stats>, name: string) => stats.get(name)?.done
      assert.strictEqual(count(yield* board.stats, "reactor"), 1)
      assert.strictEqual(yield* Fiber.join(slow), 300)
      yield* board.change({ executor: ["threads"], threads: 2 })
      yield* board.router.run(call(1))
      const stats = yield* board.stats
      assert.strictEqual(count(stats, "threads"), 2)
      assert.strictEqual(count(stats, "reactor"), 1)
      assert.deepStrictEqual(board.choice().executor, ["threads"])
    }).pipe(Effect.scoped)
  )
})
