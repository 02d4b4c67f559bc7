/**
 * Someone else's package, which has nothing of this repository but the two tarballs that would be published: their
 * executor is held to the contract there, with types, and a broken one is caught.
 */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { promisify } from "node:util"

const packages = path.resolve(import.meta.dirname, "../..")
const run = promisify(execFile)

/** Nothing of this run's Vitest, and no condition that leads to sources. */
const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], CI: "1", NO_COLOR: "1" }

/** The folder of an installed package, as Node would find it from here. */
const folderOf = (name: string): string => {
  for (let from = import.meta.dirname; from !== path.dirname(from); from = path.dirname(from)) {
    const folder = path.join(from, "node_modules", name)
    if (existsSync(folder)) return realpathSync(folder)
  }
  throw new Error(`${name} is not installed`)
}

const tsc = path.join(folderOf("typescript"), "bin/tsc")

/** Packs a package as `npm publish` would, and unpacks it where `npm install` would. */
const install = async (name: "core" | "testing", into: string): Promise<void> => {
  const source = path.join(packages, name)
  await run(process.execPath, [tsc, "-b", "tsconfig.src.json"], { cwd: source, env })
  const { stdout } = await run("npm", ["pack", "--silent", "--json", "--pack-destination", into], { cwd: source, env })
  const [{ filename }] = JSON.parse(stdout)
  const target = path.join(into, "node_modules/@handoff", name)
  mkdirSync(target, { recursive: true })
  await run("tar", ["-xzf", path.join(into, filename), "--strip-components=1", "-C", target], { env })
}

const stranger = `
import { contract } from "@handoff/testing"
import { Executor, Outstanding, Task } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"

class Failed extends Schema.TaggedError<Failed>()("Failed", {}) {}

class Square extends Task.make("Square", {
  payload: { n: Schema.Number },
  success: Schema.Number,
  failure: Failed
}) {}

class Other extends Task.make("Other", { payload: {} }) {}

const make = Effect.gen(function* () {
  const outstanding = new Outstanding<Square>("squares")
  yield* Effect.addFinalizer(() => Effect.sync(() => outstanding.close()))
  return Executor.make<Square>({
    name: "squares",
    kinds: ["Square"],
    submitUnsafe: (task, onExit, _context, watch) => {
      const job = outstanding.admit(task, onExit, watch)
      if (job === undefined) return Executor.nothingToCancel
      if (task.n === Infinity) return job.cancel
      const handle = setImmediate(() => {
        job.start()
        job.answer(task.n < 0 ? Exit.fail(new Failed()) : Exit.succeed(task.n * task.n FAULT))
      })
      job.release = () => clearImmediate(handle)
      return job.cancel
    },
    stats: outstanding.statsEffect()
  })
})

contract("squares", make, {
  succeed: (index) => ({ task: new Square({ n: index + 2 }), value: (index + 2) ** 2 }),
  fail: (index) => ({ task: new Square({ n: -1 - index }), failure: "Failed" }),
  never: () => new Square({ n: Infinity }),
  unsupported: new Other(),
  patience: 2000,
  tasks: 100
})
`

describe("in a package of someone else's, with the tarballs only", () => {
  it("a good executor passes the contract, a bad one does not, and the types are there", async () => {
    const home = mkdtempSync(path.join(tmpdir(), "handoff-stranger-"))
    try {
      writeFileSync(
        path.join(home, "package.json"),
        JSON.stringify({ name: "stranger", type: "module", private: true })
      )
      await install("core", home)
      await install("testing", home)
      for (const name of ["effect", "vitest", "@effect/vitest"]) {
        const link = path.join(home, "node_modules", name)
        mkdirSync(path.dirname(link), { recursive: true })
        symlinkSync(folderOf(name), link)
      }
      mkdirSync(path.join(home, "good"))
      mkdirSync(path.join(home, "bad"))
      writeFileSync(path.join(home, "good/squares.test.ts"), stranger.replace("FAULT", ""))
      writeFileSync(path.join(home, "bad/squares.test.ts"), stranger.replace("FAULT", "+ (task.n % 2)"))
      writeFileSync(
        path.join(home, "tsconfig.json"),
        JSON.stringify({
          compilerOptions: {
            strict: true,
            noEmit: true,
            skipLibCheck: true,
            module: "nodenext",
            target: "es2024",
            types: ["node"]
          },
          include: ["good"]
        })
      )
      cpSync(folderOf("@types/node"), path.join(home, "node_modules/@types/node"), { recursive: true })

      const packed = JSON.parse(readFileSync(path.join(home, "node_modules/@handoff/testing/package.json"), "utf8"))
      assert.strictEqual(packed.exports["."].default, "./dist/index.js")
      const vitest = path.join(home, "node_modules/vitest/vitest.mjs")
      const test = (folder: string) =>
        run(process.execPath, [vitest, "run", "--root", home, folder], { cwd: home, env }).catch((error) => error)
      const good = await test("good")
      assert.match(good.stdout, /Tests +\d+ passed/, good.stdout + good.stderr)
      const bad = await test("bad")
      assert.match(bad.stdout, /Tests +\d+ failed/, bad.stdout + bad.stderr)
      const types = await run(process.execPath, [tsc, "-p", home], { cwd: home, env }).catch((error) => error)
      assert.strictEqual(types.stdout, "")
    } finally {
      rmSync(home, { recursive: true, force: true })
    }
  }, 120_000)
})
