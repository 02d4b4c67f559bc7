import { Exchange } from "@handoff/core"
import { Reactor } from "@handoff/reactor"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import { scenarios } from "./support/hostile.ts"
import { octets, tcp } from "./support/peers.ts"

// Something watches the loop: a parser that is quadratic or a buffer that grows without bound would hold it.
// Processor time, so that a busy machine does not count.
let longest = 0
let ticks: NodeJS.Timeout
beforeAll(() => {
  let last = process.cpuUsage()
  ticks = setInterval(() => {
    const { system, user } = process.cpuUsage(last)
    longest = Math.max(longest, (system + user) / 1e3)
    last = process.cpuUsage()
  }, 10)
})
afterAll(() => {
  clearInterval(ticks)
  assert.isBelow(longest, 2_500, "the event loop was held for so many milliseconds")
})

describe("an exchange with a hostile peer ends as it must, with a typed error that names peer and stage:", () => {
  for (const { name, run } of scenarios) {
    it.live(
      name,
      () =>
        Effect.gen(function* () {
          for (const { expected, got, isTyped, what } of yield* run) {
            assert.isTrue(isTyped, `${what}: ${got}`)
            assert.include(expected, got, what)
          }
        }),
      30_000
    )
  }
})

const sockets = (): number =>
  fs.readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:")
    } catch {
      return false
    }
  }).length

describe("the reactor", () => {
  it.live("leaves nothing behind when 1,000 exchanges are interrupted at random moments", () =>
    Effect.gen(function* () {
      const peer = yield* tcp((socket) => {
        socket.on("data", (chunk) => setTimeout(() => socket.write(chunk), Math.random() * 5))
        socket.on("end", () => socket.end())
      })
      const before = sockets()
      const stats = yield* Effect.scoped(
        Effect.gen(function* () {
          const reactor = yield* Reactor.make({ keep: {}, drain: 0 })
          const ask = reactor.run(
            new Exchange({
              transport: "tcp",
              peer: peer.address,
              request: octets("0123456789"),
              until: { _tag: "Octets", octets: 10 }
            })
          )
          yield* Effect.forEach(
            Array.from({ length: 1_000 }, (_, i) => i),
            () =>
              Effect.gen(function* () {
                const fiber = yield* Effect.forkChild(ask)
                yield* Effect.sleep(Math.random() * 10)
                yield* Fiber.interrupt(fiber)
              }),
            { concurrency: 100 }
          )
          return yield* reactor.stats
        })
      )
      assert.deepStrictEqual([stats.running, stats.queued, stats.extra["connections"]], [0, 0, 0])
      assert.strictEqual(stats.done + stats.cancelled, 1_000)
      assert.isAbove(stats.cancelled, 50)
      while (peer.open() > 0) yield* Effect.sleep(5)
      while (sockets() > before) yield* Effect.sleep(5)
    })
  )

  it.live(
    "does 1,000 exchanges with 64 descriptors",
    () =>
      Effect.gen(function* () {
        const answer = yield* Effect.callback<string>((resume) => {
          const child = spawn(
            "sh",
            [
              "-c",
              'ulimit -n 64 && exec "$0" --conditions=@handoff/source "$1" 1000',
              process.execPath,
              fileURLToPath(new URL("./fixtures/many.ts", import.meta.url))
            ],
            { stdio: ["ignore", "pipe", "inherit"] }
          )
          let out = ""
          child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()))
          child.on("close", () => resume(Effect.succeed(out)))
        })
        const { done, scarcities } = JSON.parse(answer) as { done: number; scarcities: number }
        assert.strictEqual(done, 1_000)
        assert.isAbove(scarcities, 0)
      }),
    30_000
  )
})
