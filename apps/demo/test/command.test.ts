/** The tests' own way to run commands. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { handoff, start } from "./support/command.ts"
import { aNetwork } from "./support/network.ts"

describe("a command that a test has started", () => {
  it.live(
    "goes when the test has gone, however that ended",
    () =>
      Effect.gen(function* () {
        const { child, stderr } = start(["lab", "--hosts", "3", "--network", aNetwork(), "--dns-port", "0"])
        // Node emits no `close` where it was the parent that disconnected.
        const code = yield* Effect.callback<number | null>((resume) => {
          child.once("exit", (code) => resume(Effect.succeed(code)))
          child.stdout.once("data", () => child.disconnect())
          return Effect.sync(() => void child.kill("SIGKILL"))
        })
        assert.strictEqual(code, 143, stderr())
      }),
    60_000
  )

  for (const args of [["--help"], ["survey", "--help"], ["survey", "--no-such-flag"]]) {
    it.live(
      `prints no colours where NO_COLOR asks for none: ${args.join(" ")}`,
      () =>
        Effect.gen(function* () {
          const [plain, coloured] = yield* Effect.all(
            [
              handoff(args, { env: { FORCE_COLOR: "1", NO_COLOR: "1" } }),
              handoff(args, { env: { FORCE_COLOR: "1", NO_COLOR: "" } })
            ],
            { concurrency: 2 }
          )
          assert.notInclude(plain.stdout + plain.stderr, "\u001b[")
          assert.include(coloured.stdout + coloured.stderr, "\u001b[")
          assert.strictEqual(plain.code, coloured.code)
        }),
      60_000
    )
  }

  it.live(
    "ends by itself while the test lives",
    () =>
      Effect.gen(function* () {
        const end = yield* Effect.promise(() => start(["config", "show"]).ended)
        assert.strictEqual(end.code, 0, end.stderr)
        assert.notInclude(end.stderr, "a fault of its own")
      }),
    60_000
  )
})
