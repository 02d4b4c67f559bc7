import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { handoff } from "./support/command.ts"
import { folder } from "./support/folder.ts"

describe("handoff config", () => {
  it.live(
    "begins a file that is right and never writes over one, checks it, and shows where values come from",
    () =>
      Effect.gen(function* () {
        const file = Path.join(yield* folder, "of", "its", "own", "handoff.json")
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
        // What the environment says is neither checked nor covers up what the file says.
        const env = { HANDOFF_EXECUTOR: "dns", HANDOFF_CONCURRENCY: "many" }
        const wrong = yield* handoff(["config", "check", file], { env })
        assert.strictEqual(wrong.code, 2)
        assert.include(wrong.stderr, 'unknown key "timeuot"; did you mean "timeout"?')
        assert.include(wrong.stderr, 'executor: "fibers" is not a strategy')
        assert.notInclude(wrong.stderr, "many")
      }).pipe(Effect.scoped),
    60_000
  )
})

describe("handoff completions", () => {
  it.live("prints a script for each shell that knows every command", () =>
    Effect.gen(function* () {
      for (const shell of ["bash", "zsh", "fish"]) {
        const { code, stdout } = yield* handoff(["completions", shell])
        assert.strictEqual(code, 0)
        assert.strictEqual((yield* handoff(["--completions", shell])).stdout, stdout)
        const checked = ChildProcess.spawnSync(shell, ["-n"], { input: stdout, encoding: "utf8" })
        if (checked.error !== undefined) console.log(`skipped: no ${shell} here to read its script`)
        else assert.strictEqual(checked.status, 0, checked.stderr)
        for (const command of ["survey", "logs", "lookup", "compare", "explain", "config", "lab"]) {
          assert.include(stdout, command)
        }
      }
    })
  )

  /** What bash offers when Tab is pressed at the end of a line. */
  const offered = (script: string, line: string): ReadonlyArray<string> => {
    const words = line.split(" ")
    const press = `${script}
      COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
      COMP_LINE='${line}'; COMP_POINT=${line.length}
      "$(complete -p handoff | sed 's/.*-F \\([^ ]*\\) .*/\\1/')" handoff '${words.at(-1)}' '${words.at(-2)}'
      printf '%s\\n' "\${COMPREPLY[@]}"`
    const { status, stderr, stdout } = ChildProcess.spawnSync("bash", ["--norc", "-c", press], { encoding: "utf8" })
    assert.strictEqual(status, 0, stderr)
    return stdout.split("\n").flatMap((word) => (word.trim() === "" ? [] : [word.trim()]))
  }

  it.live("are offered by bash: commands, commands of commands, flags, and the values of flags", () =>
    Effect.gen(function* () {
      if (ChildProcess.spawnSync("bash", ["--version"]).error !== undefined) return console.log("skipped: no bash here")
      const { stdout } = yield* handoff(["completions", "bash"])
      assert.deepStrictEqual(offered(stdout, "handoff sur"), ["survey"])
      assert.deepStrictEqual(offered(stdout, "handoff config "), ["init", "check", "show"])
      assert.deepStrictEqual(offered(stdout, "handoff survey --exe"), ["--executor"])
      assert.includeMembers([...offered(stdout, "handoff survey --fo")], ["--format"])
      assert.deepStrictEqual(offered(stdout, "handoff survey --format ma"), ["markdown"])
      assert.deepStrictEqual(offered(stdout, "handoff completions f"), ["fish"])
    })
  )
})
