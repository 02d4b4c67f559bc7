/** The addon's threads: how many there are, when they go, and that nobody waits for one that blocks. */
import { assert, describe, it } from "@effect/vitest"
import { CFunction, Libc } from "@handoff/threads/libc"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { execFile } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import { promisify } from "node:util"
import { Worker } from "node:worker_threads"

const usleep = (micros: number) =>
  new CFunction({ library: "", symbol: "usleep", types: ["uint32"], returns: "int32", args: [micros] })

/** Runs a module's text in a Node of its own. */
const runNode = (text: string) =>
  Effect.promise(() =>
    promisify(execFile)(process.execPath, ["--conditions=@handoff/source", "--input-type=module", "-e", text], {
      cwd: import.meta.dirname
    })
  )

const preamble = `
  import { CFunction, Libc } from "@handoff/threads/libc"
  import * as Effect from "effect/Effect"
  import * as Fiber from "effect/Fiber"
  import * as Scope from "effect/Scope"
  const libc = await Effect.runPromise(Scope.provide(Libc.make(), Scope.makeUnsafe()))
  const sleep = (seconds) =>
    libc.run(new CFunction({ library: "", symbol: "sleep", types: ["uint32"], returns: "uint32", args: [seconds] }))`

const threadCount = () => fs.readdirSync("/proc/self/task").length

describe("the addon's threads", () => {
  it.live("start when calls need them, up to the limit, and retire when idle", () =>
    Effect.gen(function* () {
      const libc = yield* Libc.make({ threads: 300, idleTime: "50 millis" })
      assert.deepStrictEqual((yield* libc.stats).extra, { threads: 0, idle: 0, abandoned: 0 })
      const all = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 400 }), () => libc.run(usleep(1_000_000)), { concurrency: "unbounded" }),
        { startImmediately: true }
      )
      assert.deepInclude(yield* libc.stats, { running: 300, queued: 100 })
      yield* Effect.repeat(Effect.delay(libc.stats, "1 millis"), { until: ({ extra }) => extra["threads"] === 300 })
      if (process.platform === "linux") assert.isAtLeast(threadCount(), 300)
      yield* Fiber.join(all)
      yield* Effect.repeat(Effect.delay(libc.stats, "5 millis"), { until: ({ extra }) => extra["threads"] === 0 })
    })
  )

  it.live("one after the other, calls share one thread", () =>
    Effect.gen(function* () {
      const libc = yield* Libc.make()
      for (let i = 0; i < 20; i++) {
        yield* libc.run(usleep(1))
        // The thread is idle a moment after its answer.
        yield* Effect.repeat(Effect.delay(libc.stats, "1 millis"), { until: ({ extra }) => extra["idle"] === 1 })
      }
      assert.strictEqual((yield* libc.stats).extra["threads"], 1)
    })
  )

  it.live("a hundred block at once without a word from the file system's pool", () =>
    Effect.gen(function* () {
      const libc = yield* Libc.make({ threads: 100 })
      const all = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 100 }), () => libc.run(usleep(2_000_000)), { concurrency: "unbounded" }),
        { startImmediately: true }
      )
      for (let i = 0; i < 20; i++) yield* Effect.promise(() => fs.promises.readFile(new URL(import.meta.url)))
      assert.strictEqual((yield* libc.stats).running, 100)
      yield* Fiber.interrupt(all)
    })
  )

  it.live(
    "keep the process alive while somebody waits, and not when the call was given up",
    () =>
      Effect.gen(function* () {
        const { stdout } = yield* runNode(`${preamble}
        const began = performance.now()
        Effect.runFork(Effect.map(sleep(1), () => console.log("returned " + (performance.now() - began > 900))))
        const fiber = Effect.runFork(sleep(1000))
        setTimeout(() => Effect.runFork(Fiber.interrupt(fiber)), 50)`)
        assert.strictEqual(stdout.trim(), "returned true")
      }),
    30_000
  )

  it.live(
    "end with the process, whatever they do",
    () =>
      Effect.gen(function* () {
        const { stdout } = yield* runNode(`${preamble}
        for (let i = 0; i < 64; i++) Effect.runFork(sleep(1000))
        setTimeout(() => { console.log("bye"); process.exit(0) }, 50)`)
        assert.strictEqual(stdout.trim(), "bye")
      }),
    30_000
  )

  it.live(
    "survive the worker thread that started them",
    () =>
      Effect.gen(function* () {
        const text = `${preamble}
        import { parentPort } from "node:worker_threads"
        for (let i = 0; i < 8; i++) Effect.runFork(sleep(1))
        parentPort.postMessage("blocking")`
        const file = `${import.meta.dirname}/support/.worker-${process.pid}.mjs`
        yield* Effect.acquireRelease(
          Effect.sync(() => fs.writeFileSync(file, text)),
          () => Effect.sync(() => fs.rmSync(file))
        )
        const worker = new Worker(file)
        yield* Effect.promise(() => once(worker, "message"))
        yield* Effect.promise(() => worker.terminate())
        // The eight calls return after their worker has gone; this process is still there.
        yield* Effect.sleep("1500 millis")
        const libc = yield* Libc.make()
        assert.strictEqual((yield* libc.run(usleep(1))).value, 0)
      }),
    30_000
  )
})

describe("options", () => {
  it.live("are read from the environment", () =>
    Effect.gen(function* () {
      const libc = yield* Libc.Libc
      const all = yield* Effect.forkChild(
        Effect.forEach([1, 2, 3], () => libc.run(usleep(200_000)), { concurrency: "unbounded" }),
        { startImmediately: true }
      )
      assert.deepInclude(yield* libc.stats, { running: 2, queued: 1 })
      yield* Fiber.interrupt(all)
      const error = yield* Effect.flip(libc.run(usleep(10_000_000)))
      assert.strictEqual(error._tag === "CFunctionError" && error.reason, "Timeout")
    }).pipe(
      Effect.provide(Libc.layerConfig()),
      Effect.provide(
        ConfigProvider.layer(
          ConfigProvider.fromEnv({ env: { LIBC_THREADS: "2", LIBC_TIMEOUT: "50 millis", LIBC_BACKEND: "addon" } })
        )
      )
    )
  )
})
