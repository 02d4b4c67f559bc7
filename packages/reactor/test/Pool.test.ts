import { Framing, Pool } from "@handoff/reactor"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { closedPort, octets, tcp, text } from "./support/peers.ts"

const line = Framing.lines()

/** Answers each line, after a while, in order; counts how many are under way per connection. */
const lineServer = (delay = 0) => {
  const under = { most: 0, asked: 0 }
  return Effect.map(
    tcp((socket) => {
      let held = ""
      let waiting = 0
      socket.on("data", (chunk) => {
        held += chunk.toString("latin1")
        const lines = held.split("\n")
        held = lines.pop()!
        for (const one of lines) {
          under.asked++
          under.most = Math.max(under.most, ++waiting)
          setTimeout(() => {
            waiting--
            if (one === "break") socket.destroy()
            else if (one === "babble") socket.write("re: babble\nand more\n")
            else socket.write(`re: ${one}\n`)
          }, delay)
        }
      })
      socket.on("end", () => socket.end())
    }),
    (peer) => ({ ...peer, under, endpoint: `tcp:127.0.0.1:${peer.port}` })
  )
}

const ask = (pool: Pool.Pool, endpoint: string, question: string) =>
  Effect.map(pool.exchange(endpoint, octets(`${question}\n`), line), text)

describe("a pool", () => {
  it.live("uses few connections for many requests, and gives each its own reply", () =>
    Effect.gen(function* () {
      const peer = yield* lineServer()
      const pool = yield* Pool.make({ perPeer: 4 })
      const replies = yield* Effect.forEach(
        Array.from({ length: 200 }, (_, i) => i),
        (i) => ask(pool, peer.endpoint, `${i}`),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        replies,
        replies.map((_, i) => `re: ${i}`)
      )
      assert.isAtMost(peer.accepted(), 4)
      assert.strictEqual(peer.under.most, 1)
      assert.deepInclude(yield* pool.stats, { waiting: 0, opened: peer.accepted() })
    })
  )

  it.live("sends several requests ahead where that is allowed", () =>
    Effect.gen(function* () {
      const peer = yield* lineServer(2)
      const pool = yield* Pool.make({ perPeer: 1, pipeline: 10 })
      const replies = yield* Effect.forEach(
        Array.from({ length: 100 }, (_, i) => i),
        (i) => ask(pool, peer.endpoint, `${i}`),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(replies[99], "re: 99")
      assert.strictEqual(peer.accepted(), 1)
      assert.strictEqual(peer.under.most, 10)
    })
  )

  it.live("does not hand out a connection that the peer has closed meanwhile, or that speaks unasked", () =>
    Effect.gen(function* () {
      const sockets: Array<import("node:net").Socket> = []
      const peer = yield* tcp((socket) => {
        sockets.push(socket)
        socket.on("data", () => socket.write("yes\n"))
      })
      const endpoint = `tcp:127.0.0.1:${peer.port}`
      const pool = yield* Pool.make()
      assert.strictEqual(yield* ask(pool, endpoint, "one"), "yes")
      sockets[0]!.end()
      while ((yield* pool.stats).open > 0) yield* Effect.sleep(1)
      assert.strictEqual(yield* ask(pool, endpoint, "two"), "yes")
      sockets[1]!.write("by the way\n")
      while ((yield* pool.stats).open > 0) yield* Effect.sleep(1)
      assert.strictEqual(yield* ask(pool, endpoint, "three"), "yes")
      assert.deepInclude(yield* pool.stats, { opened: 3, dropped: 2 })
    })
  )

  it.live("fails those under way when their connection breaks, and serves the others", () =>
    Effect.gen(function* () {
      const peer = yield* lineServer(5)
      const pool = yield* Pool.make({ perPeer: 2 })
      const outcomes = yield* Effect.forEach(
        ["a", "break", "b", "c", "d"],
        (question) => Effect.exit(ask(pool, peer.endpoint, question)),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        outcomes.map((exit) => exit._tag),
        ["Success", "Failure", "Success", "Success", "Success"]
      )
      const refused = yield* Effect.flip(ask(pool, `tcp:127.0.0.1:${yield* closedPort}`, "x"))
      assert.strictEqual(refused._tag, "ConnectFailed")
      const quiet = yield* tcp(() => {})
      const hasty = yield* Pool.make({ idleTimeout: 30 })
      const late = yield* Effect.flip(ask(hasty, `tcp:127.0.0.1:${quiet.port}`, "x"))
      assert.strictEqual(late._tag, "IdleTimeout")
    })
  )

  it.live("closes the connection of one who gives up, so that his reply reaches nobody else", () =>
    Effect.gen(function* () {
      const peer = yield* lineServer(50)
      const pool = yield* Pool.make({ perPeer: 1 })
      const fiber = yield* Effect.forkChild(ask(pool, peer.endpoint, "mine"))
      while (peer.under.asked === 0) yield* Effect.sleep(1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* ask(pool, peer.endpoint, "theirs"), "re: theirs")
      assert.strictEqual(peer.accepted(), 2)
    })
  )

  it.live("leases a connection, and takes it back only when all went well", () =>
    Effect.gen(function* () {
      const peer = yield* lineServer()
      const pool = yield* Pool.make({ perPeer: 1 })
      const work = (end: "well" | "badly") =>
        pool.use(peer.endpoint, (connection) =>
          Effect.gen(function* () {
            yield* connection.write(octets("leased\n"))
            const reply = text(yield* connection.read(line))
            return end === "well" ? reply : yield* Effect.fail("badly" as const)
          })
        )
      assert.strictEqual(yield* work("well"), "re: leased")
      assert.strictEqual(yield* ask(pool, peer.endpoint, "between"), "re: between")
      assert.strictEqual(peer.accepted(), 1)
      assert.strictEqual(yield* Effect.flip(work("badly")), "badly")
      assert.strictEqual(yield* work("well"), "re: leased")
      assert.strictEqual(peer.accepted(), 2)
    })
  )
})
