/** The examples in the comments of the fakes are run as they stand. */
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import path from "node:path"

const home = path.resolve(import.meta.dirname, "..")

const expected: Readonly<Record<string, RegExp>> = { Stepper: /192\.0\.2\.1/, FakeNetwork: /^220 mail\.test/ }

describe("the example in the comment of", () => {
  for (const [name, output] of Object.entries(expected)) {
    it(name, () => {
      const source = readFileSync(path.join(home, "src", `${name}.ts`), "utf8")
      const block = / \* ```ts\n([\s\S]*?) \* ```/.exec(source)
      assert.isNotNull(block)
      const file = path.join(home, `.example-${name}.ts`)
      writeFileSync(file, block[1]!.replaceAll(/^ \* ?/gm, ""))
      try {
        const printed = execFileSync(process.execPath, ["--conditions=@handoff/source", file], {
          cwd: home,
          encoding: "utf8"
        })
        assert.match(printed, output)
      } finally {
        rmSync(file)
      }
    })
  }
})
