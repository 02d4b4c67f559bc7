import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
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
const tests = examples.filter(({ kind }) => kind === "test")
/** A piece of a file is checked with that file; one that the reader saves is a file of his. */
const whole = examples.filter(({ kind, name }) => kind !== "of" || name !== undefined)
const homes = new Set(whole.map(({ document }) => path.join(root, Example.home(document), ".readme")))

const vitestConfig = `export default {
  ssr: { resolve: { conditions: ["@handoff/source"] } },
  test: { include: ["*.test.ts"] }
}
`
const vitest = path.join(root, "node_modules/vitest/vitest.mjs")

const fileOf = (example: Example.Example): string =>
  path.join(root, Example.home(example.document), ".readme", Example.fileName(example))

const write = (example: Example.Example): void => {
  const file = fileOf(example)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, `${example.code}\nexport {}\n`)
  if (example.kind === "test") writeFileSync(path.join(path.dirname(file), "vitest.config.mjs"), vitestConfig)
}

/** Ends by itself within a minute, or it is no example. */
const run = (file: string, kind: Example.Kind): Promise<{ readonly code: number | null; readonly output: string }> =>
  new Promise((resolve) => {
    const home = file.split("/.readme/")[0]!
    const command = kind === "test" ? [vitest, "run", "--root", path.dirname(file), path.basename(file)] : [file]
    const child = spawn(process.execPath, ["--conditions=@handoff/source", ...command], { cwd: home, timeout: 60_000 })
    let output = ""
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()))
    child.on("close", (code) => resolve({ code, output }))
  })

describe("examples in documents", () => {
  // All of them first: those of a document may import each other.
  const clear = (): void => homes.forEach((home) => rmSync(home, { recursive: true, force: true }))
  beforeAll(() => {
    clear()
    whole.forEach((example) => write(example))
  })
  afterAll(clear)

  it("are found", () => {
    assert.isAbove(programs.length, 5)
    assert.deepStrictEqual(
      Example.extract("a.md", "x\n```ts\nlet a = 1\n```\n```ts test\nb\n```\n```ts run by c.ts\nc\n```\n").map(
        ({ file, kind, line }) => [line, kind, file]
      ),
      [
        [2, "program", undefined],
        [5, "test", undefined],
        [8, "run by", "c.ts"]
      ]
    )
    assert.deepStrictEqual(
      Example.extract("a.md", "Save it as `b/c.ts`:\n\n```ts\nc\n```\nThen:\n```ts\nd\n```\n").map(({ name }) => name),
      ["b/c.ts", undefined]
    )
    assert.throws(() => Example.extract("a.md", "```ts fragment\na\n```\n"), /a\.md, line 1: there is no mark/)
  })

  it("are TypeScript where they are code, so that none escapes the checks", () => {
    for (const document of documents) {
      assert.notMatch(read(document), /^ *```(js|javascript|typescript|tsx|jsx|mts|mjs)\b/m, document)
      assert.notMatch(read(document), /^ +```ts\b/m, `${document}: an indented block is not found`)
    }
  })

  for (const { code, document, file, kind, line } of examples.filter(({ file }) => file !== undefined)) {
    it(`${document}, line ${line}, is run as ${file}`, () => {
      const text = read(file!)
      if (kind === "of") return assert.include(text, code)
      assert.include(text, "```ts run by ", `${file} takes its program from the document`)
      assert.include(text, path.basename(document))
    })
  }

  for (const example of [...programs, ...tests]) {
    it.concurrent(`${example.document}, line ${example.line}, runs`, { timeout: 90_000 }, async () => {
      const { code, output } = await run(fileOf(example), example.kind)
      assert.strictEqual(code, 0, output)
    })
  }

  it("are well typed", { timeout: 120_000 }, async () => {
    for (const home of homes) {
      writeFileSync(
        path.join(home, "tsconfig.json"),
        JSON.stringify({
          extends: path.relative(home, path.join(root, "tsconfig.base.json")),
          compilerOptions: { composite: false, noEmit: true, declarationMap: false, noUnusedLocals: false },
          include: ["**/*.ts"]
        })
      )
      const { stdout } = await promisify(execFile)(path.join(root, "node_modules/.bin/tsc"), ["-p", home]).catch(
        (error: { readonly stdout: string }) => error
      )
      assert.strictEqual(stdout, "")
    }
  })
})
