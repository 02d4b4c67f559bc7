import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { Finding } from "#demo/survey/Finding"
import * as Store from "#demo/survey/Store"
import { handoff, json, start } from "./command.ts"
import { aNetwork } from "./network.ts"

const folder = Effect.acquireRelease(
  Effect.promise(() => Fs.mkdtemp(Path.join(Os.tmpdir(), "handoff-test-"))),
  (folder) => Effect.promise(() => Fs.rm(folder, { recursive: true }))
)

const finding = (line: number, host: string, state: Finding["state"] = "done"): Finding => ({
  line,
  host,
  state,
  addresses: [],
  ports: []
})

/** Findings in the file at this moment, seen from another process. */
const stored = (file: string): number => {
  try {
    const database = new DatabaseSync(file, { readOnly: true })
    const row = database.prepare("SELECT count(*) AS count FROM finding").get()
    database.close()
    return Number(row?.["count"])
  } catch {
    // Not there yet, or being written to.
    return 0
  }
}

describe("a store of findings", () => {
  it.live("goes on with a run that was not finished, and knows the last one that was", () =>
    Effect.gen(function* () {
      const file = Path.join(yield* folder, "findings.sqlite")
      const first = finding(1, "a.example")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const store = yield* Store.open(file)
          assert.isFalse(store.resumed)
          yield* store.add(first)
        })
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const store = yield* Store.open(file)
          assert.isTrue(store.resumed)
          assert.deepStrictEqual(store.has(1, "a.example"), first)
          assert.isUndefined(store.has(2, "a.example"))
          assert.isUndefined(store.before("a.example"))
          yield* store.add(finding(2, "b.example"))
          yield* store.finish
        })
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const store = yield* Store.open(file)
          assert.isFalse(store.resumed)
          assert.isUndefined(store.has(1, "a.example"))
          assert.deepStrictEqual(store.before("a.example"), first)
          assert.isTrue(Store.isSame(finding(9, "a.example"), first))
          assert.isFalse(Store.isSame(finding(1, "a.example", "failed"), first))
        })
      )
    })
  )

  it.live("that is no SQLite file is refused with what to do", () =>
    Effect.gen(function* () {
      const file = Path.join(yield* folder, "not.sqlite")
      yield* Effect.promise(() => Fs.writeFile(file, "no database, only words; and a few more of them".repeat(100)))
      const trouble = yield* Effect.flip(Effect.scoped(Store.open(file)))
      assert.include(trouble.message, "it is not an SQLite file")
      assert.include((yield* Effect.flip(Effect.scoped(Store.open("/nonexistent/a.sqlite")))).message, "cannot open")
    })
  )

  it.live(
    "lets a survey that was killed go on where it was, and tells what has changed since the last",
    () =>
      Effect.gen(function* () {
        const store = Path.join(yield* folder, "findings.sqlite")
        const network = aNetwork()
        const lab = (seed: number) => ["survey", "--lab", "--hosts", "36", "--network", network, "--seed", String(seed)]
        const options = ["--executor", "dns,reactor", "--timeout", "1000", "--format", "ndjson", "--store", store]
        // A crash, not a goodbye: what is not in the file by now is lost. It is written at least every second.
        const killed = start([...lab(1), ...options, "--concurrency", "1"])
        yield* Effect.callback<void>((resume) => {
          killed.child.stdout.on("data", () => stored(store) > 0 && resume(Effect.void))
          killed.child.on("close", () => resume(Effect.void))
        })
        killed.child.kill("SIGKILL")
        yield* Effect.promise(() => killed.ended)
        const rest = yield* handoff([...lab(1), ...options])
        assert.strictEqual(rest.code, 0, rest.stderr)
        assert.include(rest.stderr, "36 hosts: ")
        const restored = /(\d+) of them from before/.exec(rest.stderr)?.[1]
        assert.isAtLeast(Number(restored), 1)
        assert.strictEqual(json(rest.stdout).length, 36 - Number(restored))
        const again = yield* handoff([...lab(1), ...options, "--changed", "--fail-on", "changed"])
        assert.deepStrictEqual([again.code, again.stdout], [0, ""])
        const other = yield* handoff([...lab(2), ...options, "--changed", "--fail-on", "changed"])
        assert.strictEqual(other.code, 3)
        assert.isAtLeast(json(other.stdout).length, 5)
      }).pipe(Effect.scoped),
    90_000
  )
})
