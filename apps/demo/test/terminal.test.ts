/** The command on a real terminal: a pseudo-terminal that `script` of util-linux opens. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { main } from "./support/command.ts"
import { folder } from "./support/folder.ts"
import { silence } from "./support/serving.ts"

const patience = 60_000

const version = ChildProcess.spawnSync("script", ["--version"], { encoding: "utf8" })
const hasScript = version.error === undefined && version.stdout.includes("util-linux")
if (!hasScript) console.log("skipped: no script(1) of util-linux here to open a terminal")

interface Shown {
  readonly code: number | null
  /** Everything that the terminal was told. */
  readonly said: string
  /** What is on it in the end, line by line. */
  readonly screen: ReadonlyArray<string>
  /** The progress bar, each time it was drawn. */
  readonly bars: ReadonlyArray<string>
}

// What whoever runs the tests wants of colours; with both set, Node says on the terminal that it passes over one.
const { FORCE_COLOR: _, NO_COLOR: __, ...environment } = process.env

/** Runs `handoff` on a terminal; `type` is asked what to type whenever something has been said. */
const onTerminal = (
  args: ReadonlyArray<string>,
  options: {
    readonly columns?: number
    readonly env?: Record<string, string>
    readonly type?: (said: string) => string
  } = {}
): Effect.Effect<Shown> =>
  Effect.callback<Shown>((resume) => {
    const words = [process.execPath, "--conditions=@handoff/source", main, ...args].map((word) => `'${word}'`).join(" ")
    const child = ChildProcess.spawn(
      "script",
      ["-q", "-e", "-c", `stty cols ${options.columns ?? 80}; exec ${words}`, "/dev/null"],
      { env: { ...environment, TERM: "xterm", HANDOFF_CONFIG: "none", ...options.env } }
    )
    let said = ""
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      said += piece
      const typed = options.type?.(said) ?? ""
      if (typed !== "") child.stdin.write(typed)
    })
    child.on("close", (code) => {
      const bars = said.split(clear).flatMap((after) => /^survey[^\r\n]*/.exec(after)?.[0] ?? [])
      resume(Effect.succeed({ code, said, screen: screenOf(said), bars }))
    })
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

/** Back to the beginning of the line, and nothing left of it. */
const clear = "\r\u001b[K"

/** What stays of all that was said: carriage returns go back, `ESC [ K` clears the rest of the line. */
const screenOf = (said: string): ReadonlyArray<string> => {
  const lines = [""]
  let column = 0
  for (const piece of said.replaceAll(clear, "\r\v").split(/([\r\n\v])/)) {
    const line = lines.at(-1)!
    if (piece === "\r") column = 0
    else if (piece === "\n") lines.push("")
    else if (piece === "\v") lines[lines.length - 1] = line.slice(0, column)
    else {
      lines[lines.length - 1] = line.slice(0, column) + piece + line.slice(column + piece.length)
      column += piece.length
    }
  }
  return lines
}

/** Ports that nobody listens on, and one that takes connections and is silent for so many milliseconds. */
const hosts = Effect.fnUntraced(function* (timeout = 1_500) {
  const port = yield* silence
  const file = Path.join(yield* folder, "hosts")
  Fs.writeFileSync(file, `# Not a host.\n127.0.0.0/30 9\n127.0.0.1 ${port}`)
  return [file, "--timeout", String(timeout), "--name-server", "127.0.0.1:9", "--executor", "dns,reactor"]
})

describe.skipIf(!hasScript)("on a terminal", () => {
  for (const columns of [100, 20]) {
    it.live(
      `of ${columns} columns a survey shows a bar that is drawn again in its place, and leaves nothing of it`,
      () =>
        Effect.gen(function* () {
          const { bars, code, said, screen } = yield* onTerminal(["survey", ...(yield* hosts())], {
            columns,
            env: { NO_COLOR: "1" }
          })
          assert.strictEqual(code, 0, said)
          assert.isAtLeast(bars.length, 5)
          for (const bar of bars) assert.isBelow(bar.length, columns, bar)
          if (columns === 100) {
            // The range is four hosts, the comment none, and the last line counts without a newline.
            assert.match(bars.at(-1)!, /^survey \[#+\.+\] 4\/5 hosts, 4 failed \([\d.]+\/s, \d+ s left\)$/)
          }
          assert.notMatch(screen.join("\n"), /survey \[|survey \d| left\)/)
          assert.match(screen.join("\n"), /5 hosts: 0 done, 5 failed/)
          // oxlint-disable-next-line no-control-regex
          assert.notMatch(said, /\u001b\[[\d;]*m/)
        }).pipe(Effect.scoped),
      patience
    )
  }

  it.live(
    "that cannot go back in a line a survey says plain lines, and with --quiet nothing but findings",
    () =>
      Effect.gen(function* () {
        const [longer, args] = [yield* hosts(2_500), yield* hosts()]
        const [dumb, quiet] = yield* Effect.all(
          [onTerminal(["survey", ...longer], { env: { TERM: "dumb" } }), onTerminal(["survey", "--quiet", ...args])],
          { concurrency: 2 }
        )
        assert.strictEqual(dumb.code, 0, dumb.said)
        assert.notInclude(dumb.said, "\u001b")
        assert.match(dumb.said, /^survey: 4\/5 hosts, 4 failed/m)
        assert.strictEqual(quiet.code, 0, quiet.said)
        assert.deepStrictEqual(quiet.bars, [])
        assert.match(quiet.screen[0]!, /^host +state/)
        assert.notInclude(quiet.said, "5 hosts")
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "Ctrl-C ends a survey with what was found, and without the bar",
    () =>
      Effect.gen(function* () {
        let typed = false
        const { code, said, screen } = yield* onTerminal(["survey", ...(yield* hosts(600_000))], {
          type: (said) => {
            if (typed || !said.includes("4/5")) return ""
            typed = true
            return "\u0003"
          }
        })
        assert.strictEqual(code, 130, said)
        const shown = screen.join("\n")
        assert.match(shown, /stopped after 4 of 5 hosts: 0 done, 4 failed/)
        assert.strictEqual(shown.match(/^127\.0\.0\.\d +failed/gm)?.length, 4, shown)
        assert.notMatch(shown, /survey \[/)
        assert.notInclude(shown, "a fault of its own")
      }).pipe(Effect.scoped),
    patience
  )
})
