import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import { handoff } from "./command.ts"

describe("handoff config", () => {
  it.live(
    "begins a file that is right and never writes over one, checks it, and shows where values come from",
    () =>
      Effect.gen(function* () {
        const folder = yield* Effect.acquireRelease(
          Effect.promise(() => Fs.mkdtemp(Path.join(Os.tmpdir(), "handoff-test-"))),
          (folder) => Effect.promise(() => Fs.rm(folder, { recursive: true }))
        )
        const file = Path.join(folder, "handoff.json")
        assert.strictEqual((yield* handoff(["config", "init", file])).code, 0)
        assert.include((yield* handoff(["config", "check", file])).stdout, "is right")
        const again = yield* handoff(["config", "init", file])
        assert.strictEqual(again.code, 1)
        assert.include(again.stderr, "is there already")
        const shown = yield* handoff(["config", "show", "--config", file, "--timeout", "77"], {
          env: { HANDOFF_CALL: "reactor" }
        })
        assert.match(shown.stdout, /^timeout +77 +--timeout /m)
        assert.match(shown.stdout, /^call +reactor +HANDOFF_CALL /m)
        const executor = shown.stdout.split("\n").find((line) => line.startsWith("executor"))
        assert.deepStrictEqual(executor?.split(/ +/).slice(1, 3), ["dns,reactor,threads", file])
        assert.match(shown.stdout, /^lookup +by preference +default /m)
        yield* Effect.promise(() => Fs.writeFile(file, '{"timeuot": 3, "executor": "dns,fibers"}'))
        const wrong = yield* handoff(["config", "check", file])
        assert.strictEqual(wrong.code, 1)
        assert.include(wrong.stderr, 'unknown key "timeuot"; did you mean "timeout"?')
      }).pipe(Effect.scoped),
    60_000
  )
})

describe("handoff --completions", () => {
  it.live("prints a script for each shell that knows every command", () =>
    Effect.gen(function* () {
      for (const shell of ["bash", "fish"]) {
        const { code, stdout } = yield* handoff(["--completions", shell])
        assert.strictEqual(code, 0)
        for (const command of ["survey", "logs", "lookup", "compare", "explain", "config", "lab"]) {
          assert.include(stdout, command)
        }
      }
    })
  )
})
