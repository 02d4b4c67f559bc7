import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import path from "node:path"
import { read, root } from "../src/Workspace.ts"

const dev = (await import(path.join(root, "tools/dev.mjs"))) as {
  readonly projects: () => ReadonlyMap<string, string>
  readonly loop: (
    words: ReadonlyArray<string>
  ) => ReadonlyArray<{ readonly folder: string; readonly command: ReadonlyArray<string> }> | undefined
}

describe("npm run dev", () => {
  it("watches the tests that a change reaches, or one project's", () => {
    assert.deepStrictEqual(dev.loop([]), [{ folder: ".", command: ["vitest", "--changed", "main"] }])
    assert.deepStrictEqual(dev.loop(["dns", "resolution"]), [
      { folder: "packages/dns", command: ["vitest", "resolution"] }
    ])
    assert.isTrue([...dev.projects().values()].every((folder) => existsSync(path.join(root, folder, "package.json"))))
  })

  it("starts the command and the site", () => {
    assert.include(dev.loop(["demo", "survey", "--lab"])!.at(-1)!.command.join(" "), "--watch")
    assert.strictEqual(dev.loop(["docs"])!.at(-1)!.folder, "docs")
    // Without arguments there is nothing to run again: its tests.
    assert.strictEqual(dev.loop(["demo"])!.at(-1)!.folder, "apps/demo")
  })

  it("has every loop that CONTRIBUTING.md names, and says which there are for another", () => {
    const table = read("CONTRIBUTING.md").split("## Loops")[1]!.split("##")[0]!
    const named = [...table.matchAll(/^\| `(\w+)/gm)].map(([, name]) => name!).filter((name) => name !== "npm")
    assert.isAbove(named.length, 3)
    for (const name of named) assert.isDefined(dev.loop([name]), name)
    const { status, stderr } = spawnSync(process.execPath, [path.join(root, "tools/dev.mjs"), "nonsense"], {
      encoding: "utf8"
    })
    assert.strictEqual(status, 2)
    assert.match(stderr, /no loop nonsense; there are: types, docs, demo .*threads/)
  })
})
