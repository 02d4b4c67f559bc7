import { assert, describe, it } from "@effect/vitest"
import { Call, type ExecutorError, type CallError } from "@handoff/core"
import { Threads } from "@handoff/threads"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Pooled from "#src/Pool"

const module = new URL("./modules/life.ts", import.meta.url).href

/** A small generator (mulberry32), so that a failing run can be had again from the seed that it prints. */
const randomOf = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

/** Calls of the run: few by default, to be quick; CI makes it millions, as does `HANDOFF_STRESS_CALLS=5000000`. */
const calls = Number(process.env["HANDOFF_STRESS_CALLS"] ?? 150_000)

describe("the ring under stress", () => {
  it.live(
    `runs ${calls} calls at most once and answers them once each, with their own results, while workers are killed and calls given up`,
    () =>
      Effect.gen(function* () {
        const seed = (Math.random() * 2 ** 31) | 0
        console.log(`seed ${seed}`)
        const random = randomOf(seed)
        const pools: Array<Pooled.Pool> = []
        const submit = Reflect.get(Pooled.Pool.prototype, "submit")
        // The pool of this test's executor, to kill its workers at random: no public door leads there.
        Pooled.Pool.prototype.submit = function (job) {
          if (!pools.includes(this)) pools.push(this)
          submit.call(this, job)
        }
        yield* Effect.addFinalizer(() =>
          Effect.sync(() => {
            Pooled.Pool.prototype.submit = submit
          })
        )
        const runs = new Int32Array(new SharedArrayBuffer(4 * calls))
        const hooks = { module, start: "startCounting" }
        // A call that runs when it is given up takes its thread with it, but no other call.
        const threads = yield* Threads.make({
          minThreads: 2,
          maxThreads: 2,
          hooks,
          data: runs,
          onInterrupt: "terminate"
        })
        const answers = new Uint8Array(calls)
        const given = new Uint8Array(calls)
        let lost = 0
        let wrong = 0
        let killed = 0
        // The rest of the run shows that nothing is left behind.
        const kills = Math.max(20, calls / 10_000)
        const outcome = yield* Effect.callback<string>((resume) => {
          let sent = 0
          let settled = 0
          const settle = () => {
            settled++
            if (settled === calls) resume(Effect.succeed("all settled"))
            else while (sent < calls && sent - settled < 300) next()
          }
          const next = () => {
            const i = sent++
            // Small, of a few hundred octets, and too large for a slot.
            const size = random() < 0.001 ? 5000 : random() < 0.05 ? 300 : 0
            const args = [{ i, text: "x".repeat(size) }]
            const cancel = threads.submitUnsafe(
              new Call<{ readonly i: number; readonly text: string }>({ module, function: "count", args }),
              (exit: Exit.Exit<{ readonly i: number; readonly text: string }, CallError | ExecutorError>) => {
                answers[i]!++
                if (exit._tag === "Success") {
                  if (Atomics.load(runs, i) !== 1) wrong++
                  else if (exit.value.i !== i || exit.value.text.length !== size) wrong++
                } else {
                  const error = exit.cause.reasons.find(Cause.isFailReason)?.error
                  if (error?._tag === "Lost" && error.detail === "by the test") lost++
                  else wrong++
                }
                settle()
              }
            )
            if (random() < 0.02) {
              const when = random()
              const giveUp = () => {
                if (answers[i] !== 0) return
                cancel()
                given[i] = 1
                settle()
              }
              if (when < 0.5) queueMicrotask(giveUp)
              else setTimeout(giveUp, when * 4)
            }
          }
          const kill = setInterval(() => {
            const [pool] = pools
            if (pool === undefined || killed === kills) return
            // Those that have started; otherwise a slow machine would never get one up.
            const workers = [...pool.members].filter(([, member]) => member.state === "ready").map(([worker]) => worker)
            const victim = workers[Math.floor(random() * workers.length)]
            if (victim === undefined) return
            killed++
            pool.terminate(victim, { how: "terminated", detail: "by the test" })
          }, 50)
          while (sent < 300) next()
          return Effect.sync(() => clearInterval(kill))
        }).pipe(Effect.timeoutOption(`${90 + calls / 20_000} seconds`))
        assert.isTrue(
          outcome._tag === "Some",
          `not settled: ${answers.reduce((a, b) => a + b, 0)} answers, seed ${seed}`
        )
        assert.strictEqual(wrong, 0, "an answer was another's, or failed in another way")
        for (let i = 0; i < calls; i++) {
          if (answers[i]! + given[i]! !== 1)
            assert.fail(`call ${i}: ${answers[i]} answers, given up ${given[i]}, seed ${seed}`)
          if (runs[i]! > 1) assert.fail(`call ${i} ran ${runs[i]} times, seed ${seed}`)
        }
        yield* Effect.sleep(50)
        const stats = yield* threads.stats
        assert.deepInclude(stats, { running: 0, queued: 0, lost })
        assert.isAbove(killed, 0)
        console.log(`${killed} workers killed, ${lost} calls lost, ${stats.cancelled} given up`)
      }).pipe(Effect.scoped),
    100_000 + calls / 20
  )
})
