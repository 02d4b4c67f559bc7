/**
 * The README, the tutorial and the how-to guides as a newcomer types them: an empty folder outside the repository, the commands in their
 * order, each block saved under the name that the text gives it, and the outputs that it shows. Only the packages come
 * from tarballs.
 */
import { afterAll, assert, beforeAll, describe, inject, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { nameBefore } from "../src/Example.ts"
import { files, read } from "../src/Workspace.ts"

/** A newcomer's environment; `node` is this one. */
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
  PATH: `${path.dirname(process.execPath)}:${process.env["PATH"]}`,
  NO_COLOR: "1"
}

interface Block {
  readonly kind: "ts" | "sh" | "text"
  /** What stands behind the kind: `of FILE`, `recipe`. */
  readonly mark: string
  readonly text: string
  /** The file name in the words before it: "Save it as `hash.ts`:". */
  readonly name: string | undefined
}

const blocks = (markdown: string): ReadonlyArray<Block> =>
  [...markdown.matchAll(/([\s\S]*?)^```(ts|sh|text)(?: (.+))?\n([\s\S]*?)^```$/gm)].map(
    ([, before, kind, mark = "", text]) => ({
      kind: kind as Block["kind"],
      mark,
      text: text!,
      name: nameBefore(before!)
    })
  )

const isInstall = (line: string): boolean => line.startsWith("npm install ")

describe("typed by a newcomer,", () => {
  let work = ""
  const tarballs = inject("tarballs")

  beforeAll(() => {
    work = mkdtempSync(path.join(os.tmpdir(), "handoff-tutorial-"))
  })

  afterAll(() => rmSync(work, { recursive: true, force: true }))

  /** Runs a line as it stands, but for where the packages come from; what it printed. */
  const command = (project: string, line: string): string => {
    const here = isInstall(line)
      ? `${line
          .split(" ")
          .map((word) => tarballs[word] ?? word)
          .join(" ")} --prefer-offline`
      : line
    const { status, stderr, stdout } = spawnSync("sh", ["-c", here], { cwd: project, env, encoding: "utf8" })
    assert.strictEqual(status, 0, `${line}\n${stdout}\n${stderr}`)
    return stdout
  }

  /** Saves what has a name, runs the commands, and compares what they print; how many outputs there were. */
  const follow = (project: string, page: string, run: (line: string) => string): number => {
    let said = ""
    let outputs = 0
    let unnamed = 0
    const save = (name: string, text: string): void => {
      mkdirSync(path.dirname(path.join(project, name)), { recursive: true })
      writeFileSync(path.join(project, name), text)
    }
    for (const { kind, mark, name, text } of blocks(read(page))) {
      if (kind === "text") {
        assert.strictEqual(said, text, page)
        outputs++
      } else if (kind === "sh") {
        // A recipe takes more than a folder (a database), and has a test of its own.
        if (mark === "") said = text.trim().split("\n").map(run).join("")
      } else if (name !== undefined) save(name, text)
      else if (mark === "") {
        const program = `program${++unnamed}.ts`
        save(program, text)
        said = run(`node ${program}`)
      }
    }
    return outputs
  }

  it("the tutorial works, and prints what it shows", { timeout: 300_000 }, () => {
    const project = path.join(work, "first")
    mkdirSync(project)
    for (const { kind, name, text } of blocks(read("docs/tutorial.md"))) {
      if (kind === "ts") assert.isDefined(name, `no file name stands before: ${text}`)
    }
    assert.isAbove(
      follow(project, "docs/tutorial.md", (line) => command(project, line)),
      2
    )
    assert.match(command(project, "node collect.ts"), /^(cost \d+ Success\n){3}$/)
  })

  it("the README's screen works, and prints what it shows", { timeout: 300_000 }, () => {
    const project = path.join(work, "screen")
    mkdirSync(project)
    assert.strictEqual(
      follow(project, "README.md", (line) => command(project, line)),
      1
    )
    assert.match(command(project, "STRATEGIES=reactor node app.ts"), /^(a (name|hash): Success, by reactor\n){2}$/)
  })

  describe("each guide works", () => {
    const guides = files("docs/how-to/*.md")
    let modules = ""

    // One installation of all that the guides ask for, by their own lines; that each asks for enough is checked elsewhere.
    beforeAll(() => {
      const lines = guides.flatMap((guide) =>
        blocks(read(guide)).flatMap(({ kind, text }) => (kind === "sh" ? text.split("\n").filter(isInstall) : []))
      )
      const wanted = new Set(lines.flatMap((line) => line.split(" ").slice(2)).filter((word) => !word.startsWith("-")))
      wanted.delete("@handoff/demo")
      const project = path.join(work, "guides")
      mkdirSync(project)
      command(project, "npm init -y && npm pkg set type=module")
      command(project, `npm install ${[...wanted].join(" ")}`)
      modules = path.join(project, "node_modules")
    }, 300_000)

    it.for(guides)("%s", { timeout: 120_000 }, (guide) => {
      const project = path.join(work, path.basename(guide, ".md"))
      mkdirSync(project)
      writeFileSync(path.join(project, "package.json"), JSON.stringify({ type: "module" }))
      symlinkSync(modules, path.join(project, "node_modules"))
      follow(project, guide, (line) => (isInstall(line) || line.startsWith("handoff ") ? "" : command(project, line)))
    })
  })
})
