/** Whose answer is whose, in memory and on a clock of the test's: every reply reaches the one who asked, or nobody. */
import { Faults, Framing, Memory, Pool, Protocol } from "@handoff/reactor"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { vi } from "vitest"
import { octets, text } from "./support/peers.ts"
import { moveClock, turns, until } from "./support/turns.ts"

const line = Framing.lines()
const endpoint = "tcp:192.0.2.1:7"

/** A peer in memory that is told of each line, and answers when the test says so. */
const peer = Effect.gen(function* () {
  const network = new Memory.Network()
  const asked: Array<string> = []
  const transports: Array<Protocol.Transport> = []
  let answer = (question: string, transport: Protocol.Transport): void => {
    transport.write(octets(`re: ${question}\n`))
  }
  yield* Protocol.serve(
    { transport: "custom", listen: network.listen("192.0.2.1:7") },
    () => ({
      framing: line,
      connectionMade: (transport) => void transports.push(transport),
      frameReceived: (frame, transport) => {
        asked.push(text(frame))
        answer(text(frame), transport)
      }
    }),
    { drain: 0 }
  )
  return {
    open: network.open,
    asked,
    transports,
    answers: (how: typeof answer) => {
      answer = how
    }
  }
})

const ask = (pool: Pool.Pool, question: string) =>
  Effect.map(pool.exchange(endpoint, octets(`${question}\n`), line), text)

moveClock()

describe("a pool", () => {
  it.live("takes a surplus in the chunk of an answer for no answer to the next, who asks in the same turn", () =>
    Effect.gen(function* () {
      const { answers, open } = yield* peer
      answers((question, transport) => {
        transport.write(octets(question === "babble" ? "re: babble\nand more\n" : `re: ${question}\n`))
      })
      for (const pipeline of [1, 2]) {
        const pool = yield* Pool.make({ open, perPeer: 1, pipeline })
        for (const dropped of [1, 2]) {
          assert.strictEqual(yield* ask(pool, "babble"), "re: babble", `pipeline ${pipeline}`)
          assert.strictEqual(yield* ask(pool, "next"), "re: next")
          assert.strictEqual((yield* pool.stats).dropped, dropped)
        }
      }
    })
  )

  it.live("leaves the others on a connection alone when one of them gives up: that answer is nobody's", () =>
    Effect.gen(function* () {
      const { answers, asked, open, transports } = yield* peer
      const pool = yield* Pool.make({ open, perPeer: 1, pipeline: 3 })
      answers(() => {})
      const first = yield* Effect.forkChild(ask(pool, "a"))
      const second = yield* Effect.forkChild(ask(pool, "b"))
      const third = yield* Effect.forkChild(ask(pool, "c"))
      yield* until(() => asked.length === 3)
      yield* Fiber.interrupt(second)
      transports[0]!.write(octets("re: a\nre: b\nre: c\n"))
      assert.deepStrictEqual([yield* Fiber.join(first), yield* Fiber.join(third)], ["re: a", "re: c"])
      // With nobody left who waits for an answer, the connection goes.
      const left = yield* Effect.forEach(["d", "e"], (question) => Effect.forkChild(ask(pool, question)))
      yield* until(() => asked.length === 5)
      yield* Fiber.interruptAll(left)
      assert.deepInclude(yield* pool.stats, { open: 0, opened: 1 })
    })
  )

  it.live("takes no leased connection back on which something is unread, or that either side has ended", () =>
    Effect.gen(function* () {
      const { answers, open, transports } = yield* peer
      const pool = yield* Pool.make({ open, perPeer: 1 })
      answers((question, transport) => {
        transport.write(octets(question === "two" ? "one\nhalf a l" : `re: ${question}\n`))
        if (question === "bye") transport.loseWriteConnection()
      })
      const lease = (question: string) =>
        pool.use(endpoint, (connection) =>
          Effect.gen(function* () {
            yield* connection.write(octets(`${question}\n`))
            const reply = text(yield* connection.read(line))
            if (question === "bye") yield* connection.readSome
            if (question === "end") yield* connection.end
            return reply
          })
        )
      assert.strictEqual(yield* lease("two"), "one")
      const next = yield* Effect.forkChild(ask(pool, "next"))
      yield* until(() => transports.length === 2)
      // What was left of the lessee's answer comes now.
      transports[0]!.write(octets("ine\n"))
      assert.strictEqual(yield* Fiber.join(next), "re: next")
      assert.strictEqual(yield* lease("bye"), "re: bye")
      assert.strictEqual(yield* ask(pool, "after the peer's end"), "re: after the peer's end")
      assert.strictEqual(yield* lease("end"), "re: end")
      assert.strictEqual(yield* ask(pool, "after ours"), "re: after ours")
      assert.strictEqual((yield* pool.stats).opened, 4)
    })
  )

  it.live("lets nobody use a connection whose lease is over", () =>
    Effect.gen(function* () {
      const { open } = yield* peer
      const pool = yield* Pool.make({ open, perPeer: 1, totalTimeout: 40 })
      const kept = yield* pool.use(endpoint, (connection) =>
        Effect.as(Effect.andThen(connection.write(octets("mine\n")), connection.read(line)), connection)
      )
      assert.strictEqual((yield* Effect.flip(kept.write(octets("still me\n"))))._tag, "Closed")
      assert.strictEqual((yield* Effect.flip(kept.read(line)))._tag, "Closed")
      assert.strictEqual(yield* ask(pool, "theirs"), "re: theirs")
      assert.strictEqual((yield* pool.stats).opened, 1)
    })
  )

  it.live("retires a connection that is used up although it is never idle", () =>
    Effect.gen(function* () {
      const { open } = yield* peer
      const pool = yield* Pool.make({ open, perPeer: 1, pipeline: 4, maxUses: 10 })
      const worker = (name: number) =>
        Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], (i) =>
          Effect.map(ask(pool, `${name}.${i}`), (reply) => assert.strictEqual(reply, `re: ${name}.${i}`))
        )
      yield* Effect.forEach([1, 2, 3, 4], worker, { concurrency: "unbounded", discard: true })
      assert.deepInclude(yield* pool.stats, { opened: 4, evicted: 4 })
    })
  )

  it.live("gives a request to the connection with the fewest under way, and opens another while all are busy", () =>
    Effect.gen(function* () {
      const { answers, asked, open, transports } = yield* peer
      const pool = yield* Pool.make({ open, perPeer: 2, pipeline: 4 })
      const per = new Map<Protocol.Transport, number>()
      answers((_question, transport) => void per.set(transport, (per.get(transport) ?? 0) + 1))
      yield* pool.warm(endpoint, 1)
      for (const question of ["a", "b"]) yield* Effect.forkChild(ask(pool, question))
      yield* until(() => transports.length === 2 && asked.length === 2)
      for (const question of ["c", "d"]) yield* Effect.forkChild(ask(pool, question))
      yield* until(() => asked.length === 4)
      assert.deepStrictEqual(Array.from(per.values()), [2, 2])
    })
  )

  it.live("gives one who asks anew when he is told the connection that has just answered, and opens none for him", () =>
    Effect.gen(function* () {
      const { open } = yield* peer
      const pool = yield* Pool.make({ open, perPeer: 8 })
      const worker = (name: string) =>
        Effect.forEach(["1", "2", "3"], (count) => ask(pool, `${name}${count}`), { discard: true })
      yield* Effect.all([worker("a"), worker("b")], { concurrency: "unbounded" })
      assert.strictEqual((yield* pool.stats).opened, 2)
    })
  )

  it.live("gives a connection to those who wait before one who asks anew when he is told", () =>
    Effect.gen(function* () {
      const { asked, open } = yield* peer
      const pool = yield* Pool.make({ open, perPeer: 1 })
      const twice = Effect.andThen(ask(pool, "first"), ask(pool, "anew"))
      yield* Effect.all([twice, ask(pool, "second"), ask(pool, "third")], { concurrency: "unbounded" })
      assert.deepStrictEqual(asked, ["first", "second", "third", "anew"])
    })
  )

  it.live("that is closed says so to everyone, those who wait and those who come", () =>
    Effect.gen(function* () {
      const { answers, asked, open } = yield* peer
      answers(() => {})
      const scope = yield* Scope.make()
      const pool = yield* Pool.make({ open, perPeer: 1 }).pipe(Scope.provide(scope))
      const tagOf = <A, R>(effect: Effect.Effect<A, { readonly _tag: string }, R>) =>
        Effect.map(Effect.flip(effect), (error) => error._tag)
      const hung = yield* Pool.make({
        open: (target, name, handler) => open({ ...target, port: 0 }, name, { ...handler, onClose: () => {} }),
        perPeer: 1
      }).pipe(Scope.provide(scope))
      const under = yield* Effect.forkChild(tagOf(ask(pool, "under way")))
      const waiting = yield* Effect.forkChild(tagOf(ask(pool, "waits")))
      const opening = yield* Effect.forkChild(tagOf(ask(hung, "waits for a connection")))
      yield* until(() => asked.length === 1)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(
        [
          yield* Fiber.join(under),
          yield* Fiber.join(waiting),
          yield* Fiber.join(opening),
          yield* tagOf(ask(pool, "late")),
          yield* tagOf(pool.exchange("tcp:192.0.2.1:8", octets("late, to another\n"), line)),
          yield* tagOf(pool.use(endpoint, () => Effect.void)),
          yield* tagOf(pool.warm(endpoint, 1))
        ],
        ["Closed", "Closed", "Closed", "Closed", "Closed", "Closed", "Closed"]
      )
    })
  )

  it.live("asks anew for one who tries again at once, and does not refuse him in the same breath", () =>
    Effect.gen(function* () {
      let dials = 0
      const network = new Memory.Network()
      const pool = yield* Pool.make({
        perPeer: 1,
        open: (target, name, handler) => {
          dials++
          return network.open(target, name, handler)
        }
      })
      const tries = Effect.gen(function* () {
        for (let i = 0; i < 20; i++) yield* Effect.exit(ask(pool, "anybody?"))
      })
      yield* Effect.all([tries, tries], { concurrency: 2 })
      assert.isAtLeast(dials, 20)
    })
  )

  it.live("warms up, evicts what is idle, old or used up", () =>
    Effect.gen(function* () {
      const { open } = yield* peer
      const pool = yield* Pool.make({ open, perPeer: 8, idle: "2 seconds", maxUses: 3, maxAge: "1 minute" })
      yield* pool.warm(endpoint, 3)
      assert.deepInclude(yield* pool.stats, { open: 3, idle: 3, opened: 3 })
      for (let i = 0; i < 4; i++) yield* ask(pool, `${i}`)
      assert.deepInclude(yield* pool.stats, { open: 2, evicted: 1 })
      vi.advanceTimersByTime(2_020)
      assert.deepInclude(yield* pool.stats, { open: 0, evicted: 3 })
      for (let used = 0; used < 2; used++) {
        assert.strictEqual(yield* ask(pool, "again"), "re: again")
        vi.advanceTimersByTime(1_000)
      }
      assert.deepInclude(yield* pool.stats, { open: 1, opened: 4, evicted: 3 })
      yield* Effect.forEach(Array.from({ length: 40 }), () => Effect.sync(() => vi.advanceTimersByTime(1_500)), {
        discard: true
      })
      assert.deepInclude(yield* pool.stats, { open: 0, evicted: 4 })
    })
  )

  it.live("asks those that were idle for long whether they are well", () =>
    Effect.gen(function* () {
      const { answers, asked, open } = yield* peer
      let health = "pong"
      answers((question, transport) => {
        transport.write(octets(question === "ping" ? `${health}\n` : "yes\n"))
      })
      const pool = yield* Pool.make({
        open,
        idle: "1 hour",
        health: {
          after: "20 seconds",
          request: octets("ping\n"),
          framing: line,
          accept: (reply) => text(reply) === "pong"
        }
      })
      yield* ask(pool, "one")
      vi.advanceTimersByTime(19_000)
      yield* ask(pool, "two")
      assert.deepStrictEqual(asked, ["one", "two"])
      vi.advanceTimersByTime(21_000)
      yield* ask(pool, "three")
      assert.include(asked, "ping")
      const { opened } = yield* pool.stats
      health = "sick"
      vi.advanceTimersByTime(21_000)
      assert.strictEqual(yield* ask(pool, "four"), "yes")
      yield* until(() => asked.filter((question) => question === "ping").length >= 1 + opened)
      while ((yield* pool.stats).dropped < opened) yield* Effect.yieldNow
      assert.include(asked, "four")
    })
  )

  it.live("has limits for the first octet, for silence and for the frame, with errors that say how far it got", () =>
    Effect.gen(function* () {
      const { answers, asked, open, transports } = yield* peer
      const pool = yield* Pool.make({ open, perPeer: 1, firstByteTimeout: 200, idleTimeout: 400, frameTimeout: 1_000 })
      // Kept from before: octets of earlier answers are not the first of this one.
      assert.strictEqual(yield* ask(pool, "warm"), "re: warm")
      answers(() => {})
      const asking = yield* Effect.forkChild(Effect.flip(ask(pool, "silent")))
      yield* until(() => asked.includes("silent"))
      vi.advanceTimersByTime(250)
      const first = yield* Fiber.join(asking)
      assert.deepInclude(first, { _tag: "FirstByteTimeout", stage: "receive", millis: 200, sent: 12, received: 9 })

      answers((_question, transport) => void transport.write(octets("h")))
      const stalls = yield* Effect.forkChild(Effect.flip(ask(pool, "stalls")))
      yield* until(() => asked.includes("stalls"))
      yield* until(turns(5))
      vi.advanceTimersByTime(450)
      assert.deepInclude(yield* Fiber.join(stalls), { _tag: "IdleTimeout", millis: 400, sent: 7, received: 1 })

      const trickles = yield* Effect.forkChild(Effect.flip(ask(pool, "trickles")))
      yield* until(() => asked.includes("trickles"))
      for (let i = 0; i < 4; i++) {
        yield* until(turns(5))
        vi.advanceTimersByTime(300)
        transports.at(-1)!.write(octets("i"))
      }
      const frame = yield* Fiber.join(trickles)
      assert.deepInclude(frame, { _tag: "FrameTimeout", stage: "receive", millis: 1_000, sent: 9, received: 4 })
    })
  )

  it.live("has a limit for an exchange in all, of which waiting for a connection is a part", () =>
    Effect.gen(function* () {
      const { answers, asked, open, transports } = yield* peer
      const pool = yield* Pool.make({ open, perPeer: 1, totalTimeout: 1_000 })
      answers(() => {})
      const first = yield* Effect.forkChild(Effect.flip(ask(pool, "first")))
      yield* until(() => asked.includes("first"))
      vi.advanceTimersByTime(500)
      const second = yield* Effect.forkChild(Effect.flip(ask(pool, "second")))
      yield* until(() => Effect.runSync(pool.stats).waiting === 1)
      transports[0]!.write(octets("not all"))
      yield* until(turns(5))
      vi.advanceTimersByTime(550)
      const all = { _tag: "TotalTimeout", millis: 1_000 } as const
      assert.deepInclude(yield* Fiber.join(first), { ...all, stage: "receive", sent: 6, received: 7 })
      // Who came later has his own time, and has used a part of it.
      yield* until(() => asked.includes("second"))
      vi.advanceTimersByTime(550)
      assert.deepInclude(yield* Fiber.join(second), { ...all, stage: "receive", sent: 7, received: 0 })

      const busy = yield* Effect.forkChild(ask(pool, "busy"))
      yield* until(() => asked.includes("busy"))
      const waits = yield* Effect.forkChild(Effect.flip(pool.exchange(endpoint, octets("waits\n"), line)))
      yield* until(() => Effect.runSync(pool.stats).waiting === 1)
      vi.advanceTimersByTime(500)
      transports.at(-1)!.write(octets("re: busy\n"))
      assert.strictEqual(yield* Fiber.join(busy), "re: busy")
      yield* until(() => asked.includes("waits"))
      vi.advanceTimersByTime(550)
      assert.deepInclude(yield* Fiber.join(waits), { ...all, received: 9 })
    })
  )

  it.live("gives up those who wait for a connection that does not come", () =>
    Effect.gen(function* () {
      const { open } = yield* peer
      const pool = yield* Pool.make({ open: Faults.inject(open, () => ({ connect: "hang" })), totalTimeout: 1_000 })
      const asking = yield* Effect.forkChild(Effect.flip(ask(pool, "anybody?")))
      yield* until(() => Effect.runSync(pool.stats).waiting === 1)
      vi.advanceTimersByTime(1_050)
      const error = yield* Fiber.join(asking)
      assert.deepInclude(error, { _tag: "TotalTimeout", stage: "connect", peer: endpoint, sent: 0, received: 0 })
      assert.strictEqual((yield* pool.stats).waiting, 0)
    })
  )

  it("says which option is out of its range", () => {
    for (const options of [{ pipeline: 0 }, { maxUses: 0 }, { perPeer: 0 }]) {
      assert.throws(() => Effect.runSync(Effect.scoped(Pool.make(options))), RangeError)
    }
  })
})
