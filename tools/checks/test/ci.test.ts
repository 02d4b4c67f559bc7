import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import path from "node:path"
import { read, root } from "../src/Workspace.ts"

/** The steps of `.ci/run`, as its summary gets their names. */
const steps = [...read(".ci/run").matchAll(/^step "([^"]+)" (.+)$/gm)].map(([, name, command]) => ({
  name: name!.replaceAll(" ", "-"),
  command: command!.replace(/^env /, "")
}))

const summary = (failed: string) =>
  spawnSync(process.execPath, [path.join(root, "tools/summary.mjs")], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, FAILED_STEPS: failed }
  })

describe("the summary of CI", () => {
  it("names the step that failed, the command that runs it again, and what to do", () => {
    assert.isAbove(steps.length, 5)
    for (const { command, name } of steps) {
      const { status, stdout } = summary(name)
      assert.strictEqual(status, 1, "a failed step fails CI whatever the tests say")
      assert.include(stdout, `step failed: ${name}\n  again: ${command}\n  then: `)
      assert.notInclude(stdout, "see what it printed above", name)
    }
  })

  it("ends with the counts, a failed step among the failures", () => {
    assert.match(summary(steps.map(({ name }) => name).join(" ")).stdout, /\d+ passed, \d+ failed(, \d+ skipped)?\n$/)
  })
})
