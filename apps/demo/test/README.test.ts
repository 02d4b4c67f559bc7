import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { commands } from "#demo/cli"
import { known, meaning, split } from "./support/parser.ts"

/** Every `handoff` command line in the shell examples, without its comment. */
const lines = [...Fs.readFileSync(new URL("../README.md", import.meta.url), "utf8").matchAll(/^```sh\n([^]*?)^```/gm)]
  .flatMap(([, block]) => block!.split("\n"))
  .flatMap((line) => /(?:^|\| )handoff ([^#|>]+)/.exec(line)?.[1]?.trim() ?? [])

const names = known.map(({ words }) => words.join(" "))

/** The longest name of a command that a line begins with. */
const named = (line: string): string =>
  names.filter((name) => `${line} `.startsWith(`${name} `)).toSorted((a, b) => b.length - a.length)[0] ?? "none"

describe("the README", () => {
  it("has examples of every command", () => {
    for (const { name } of commands) {
      assert.isTrue(
        lines.some((line) => line.startsWith(name)),
        `no example of ${name}`
      )
    }
  })

  it.live.each(lines.filter((line) => !line.startsWith("--")))(
    "has an example that is understood: handoff %s",
    (line) => Effect.map(meaning(split(line)), (meant) => assert.strictEqual(meant, named(line)))
  )
})

describe("the help", () => {
  it("has examples of every command", () => {
    for (const { command, words } of known) {
      assert.isAbove(command.examples.length, 0, words.join(" "))
      assert.match(command.description ?? "", /^[A-Z]/, words.join(" "))
    }
  })

  const examples = known.flatMap(({ command, words }) =>
    command.examples.map((example) => [words.join(" "), example.command] as const)
  )
  it.live.each(examples)("of handoff %s has an example that is understood: %s", ([words, example]) =>
    Effect.gen(function* () {
      // The shell's part: what comes before a pipe, where the output goes, and settings in front.
      const line = /(?:^|\| )(?:[A-Z_]+=\S+ )*handoff ([^|>]+)/.exec(example)?.[1]?.trim()
      if (line === undefined) return assert.fail(`it is not about handoff: ${example}`)
      const meant = yield* meaning(split(line))
      assert.strictEqual(meant, named(line))
      // A runner's examples end with a survey that uses it.
      assert.isTrue(meant.startsWith(words) || words === "runner", `an example of ${meant}`)
    })
  )
})
