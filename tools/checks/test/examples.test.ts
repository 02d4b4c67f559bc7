import { assert, describe, it } from "@effect/vitest"
import { execFile, spawn } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import path from "node:path"
import { promisify } from "node:util"
import * as Example from "../src/Example.ts"
import { files, read, root } from "../src/Workspace.ts"

/** Every document whose code is run: the READMEs beside the code and the pages of docs/. */
const documents = files(["README.md", "packages/*/**/README.md", "apps/*/README.md", "docs/**/*.md"])
const examples = documents.flatMap((document) => Example.extract(document, read(document)))
const programs = examples.filter(({ kind }) => kind === "program")

const write = (example: Example.Example): string => {
  const file = path.join(root, Example.home(example.document), ".readme", Example.fileName(example))
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, `${example.code}\nexport {}\n`)
  return file
}

/** Ends by itself within a minute, or it is no example. */
const run = (file: string): Promise<{ readonly code: number | null; readonly output: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ["--conditions=@handoff/source", file], {
      cwd: path.dirname(path.dirname(file)),
      timeout: 60_000
    })
    let output = ""
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()))
    child.on("close", (code) => resolve({ code, output }))
  })

describe("examples in documents", () => {
  it("are found", () => {
    assert.isAbove(programs.length, 5)
    assert.deepStrictEqual(
      Example.extract("a.md", "x\n```ts\nlet a = 1\n```\n```ts fragment\nb\n```\n").map(({ kind, line }) => [
        line,
        kind
      ]),
      [
        [2, "program"],
        [5, "fragment"]
      ]
    )
  })

  for (const example of programs) {
    it.concurrent(`${example.document}, line ${example.line}, runs`, { timeout: 90_000 }, async () => {
      const { code, output } = await run(write(example))
      assert.strictEqual(code, 0, output)
    })
  }

  it("are well typed", { timeout: 120_000 }, async () => {
    const homes = new Set(programs.map((example) => path.dirname(write(example))))
    for (const home of homes) {
      writeFileSync(
        path.join(home, "tsconfig.json"),
        JSON.stringify({
          extends: path.relative(home, path.join(root, "tsconfig.base.json")),
          compilerOptions: { composite: false, noEmit: true, declarationMap: false, noUnusedLocals: false },
          include: ["*.ts"]
        })
      )
      const { stdout } = await promisify(execFile)(path.join(root, "node_modules/.bin/tsc"), ["-p", home]).catch(
        (error: { readonly stdout: string }) => error
      )
      assert.strictEqual(stdout, "")
      rmSync(home, { recursive: true })
    }
  })
})
