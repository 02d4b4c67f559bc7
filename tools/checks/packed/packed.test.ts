/**
 * What a stranger gets: every package packed, installed alone in an empty project outside the repository, and its
 * README's examples run there by plain Node from JavaScript and checked from TypeScript, on the oldest and the newest
 * supported Node.
 */
import { afterAll, assert, beforeAll, describe, inject, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import os from "node:os"
import path from "node:path"
import { promisify } from "node:util"
import { createContext, runInContext } from "node:vm"
import * as Example from "../src/Example.ts"
import * as Weight from "../src/Weight.ts"
import { needed, packages, read, root } from "../src/Workspace.ts"

const execute = promisify(execFile)

/** A stranger's environment: without what npm tells the scripts of this repository, such as how it installs. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)))

/** Runs a command; a failure carries all that was printed. */
const run = async (folder: string, command: string, ...parameters: ReadonlyArray<string>): Promise<string> => {
  try {
    const { stdout } = await execute(command, parameters, {
      cwd: folder,
      env,
      maxBuffer: 2 ** 26,
      timeout: 240_000
    })
    return stdout
  } catch (error) {
    const { stderr, stdout } = error as { readonly stdout: string; readonly stderr: string }
    throw new Error(`${command} ${parameters.join(" ")} failed:\n${stdout}\n${stderr}`, { cause: error })
  }
}

const published = packages.filter(({ manifest }) => manifest.private !== true)
/** Packages to import, and packages that are a command. */
const libraries = published.filter(({ manifest }) => manifest.exports?.["."] !== undefined)
const commands = published.filter(({ manifest }) => manifest.bin !== undefined)
const bin = (name: string): string => path.join(root, "tools/checks/node_modules/.bin", name)
const tsc = path.join(root, "node_modules/.bin/tsc")

/** What was measured, for the page that states it. */
const sizes = new Map<string, Weight.Size>()
const starts = new Map<string, Weight.Start>()

let work = ""
const tarballs = inject("tarballs")
const nodes = new Map<string, string>([["this repository's Node", process.execPath]])

/** A Node of another version, or the reason why this machine has none. */
const anotherNode = async (version: string): Promise<string> => {
  const folder = path.join(work, `node-${version}`)
  mkdirSync(folder)
  writeFileSync(path.join(folder, "package.json"), "{}")
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`
  await run(folder, "npm", "install", "--no-save", "--ignore-scripts", `${name}@${version}`)
  const file = path.join(folder, "node_modules", name, "bin/node")
  await run(folder, file, "--version")
  return file
}

beforeAll(async () => {
  work = mkdtempSync(path.join(os.tmpdir(), "handoff-packed-"))
  for (const version of ["22.19.0", "26.12.1"]) {
    try {
      nodes.set(`Node ${version}`, await anotherNode(version))
    } catch (error) {
      console.log(`not run on Node ${version}: ${(error as Error).message.split("\n").slice(0, 3).join(" ")}`)
    }
  }
}, 300_000)

afterAll(() => {
  if (process.env["STATE"] !== undefined) Weight.state(sizes, starts)
  rmSync(work, { recursive: true, force: true })
})

describe.each(libraries.map(({ folder, manifest, name }) => ({ name, folder, manifest })))("$name", (one) => {
  const { folder, manifest, name } = one
  const programs = Example.extract(`${folder}/README.md`, read(`${folder}/README.md`)).filter(
    ({ kind }) => kind === "program"
  )
  let project = ""

  beforeAll(async () => {
    project = path.join(work, name.replaceAll("/", "-"))
    mkdirSync(project)
    writeFileSync(
      path.join(project, "package.json"),
      JSON.stringify({ name: "stranger", private: true, type: "module" })
    )
    const own = [name, ...needed(name)].map((dependency) => tarballs[dependency]!)
    await run(project, "npm", "install", "--prefer-offline", ...own, "effect@4.1.0", "@types/node@24.19.2")
    programs.forEach((example, i) => {
      writeFileSync(path.join(project, `example${i}.ts`), `${example.code}\nexport {}\n`)
      writeFileSync(path.join(project, `example${i}.js`), stripTypeScriptTypes(example.code))
    })
  }, 300_000)

  it("is what publint asks of a package", { timeout: 120_000 }, async () => {
    await run(work, bin("publint"), "run", tarballs[name]!, "--strict")
  })

  it("has types that resolve for every kind of importer of modules", { timeout: 120_000 }, async () => {
    await run(work, bin("attw"), tarballs[name]!, "--profile", "esm-only")
  })

  it("has an example in its README", () => {
    assert.isAbove(programs.length, 0)
  })

  it("runs its README's examples as JavaScript", { timeout: 600_000 }, async () => {
    for (const [, node] of nodes) {
      for (let i = 0; i < programs.length; i++) await run(project, node, `example${i}.js`)
    }
  })

  it("type-checks its README's examples", { timeout: 240_000 }, async () => {
    for (const [module, moduleResolution] of [
      ["nodenext", "nodenext"],
      ["preserve", "bundler"]
    ]) {
      const config = {
        compilerOptions: {
          module,
          moduleResolution,
          target: "es2024",
          lib: ["es2024", "dom"],
          strict: true,
          noEmit: true,
          types: ["node"]
        },
        include: ["example*.ts"]
      }
      writeFileSync(path.join(project, "tsconfig.json"), JSON.stringify(config))
      await run(project, tsc, "-p", project)
    }
  })

  it("opens every documented entry, and no other", { timeout: 120_000 }, async () => {
    const doors = Object.keys(manifest.exports!).filter((door) => door !== "./package.json")
    for (const door of doors) {
      await run(project, process.execPath, "--input-type=module", "-e", `await import("${name}${door.slice(1)}")`)
    }
    const closed = await run(
      project,
      process.execPath,
      "--input-type=module",
      "-e",
      `await import("${name}/src/index.ts")`
    ).then(
      () => false,
      (error: Error) => error.message.includes("ERR_PACKAGE_PATH_NOT_EXPORTED")
    )
    assert.isTrue(closed, "its insides can be imported")
  })

  it("ships sources for its source maps, and is as large as the page says", () => {
    assertShipped(project, name)
  })

  it("says what it is, who may use it and where it comes from", () => {
    assertDescribed(path.join(project, "node_modules", name))
  })

  if (name === "@handoff/core") {
    it("bundles for browsers, and runs tasks with what a browser has", { timeout: 60_000 }, async () => {
      writeFileSync(
        path.join(project, "browser.js"),
        `import * as core from "${name}"
import * as Effect from "effect/Effect"

globalThis.core = core
globalThis.answer = Effect.gen(function* () {
  const add = core.Direct.handle(core.Call, ({ args: [a, b] }) => Effect.as(Effect.sleep(1), a + b))
  const queue = yield* core.CompletionQueue.make(yield* core.Direct.make([add]))
  yield* queue.submit(new core.Call({ module: "file:///sums.js", function: "add", args: [40, 2] }), "sum")
  return (yield* queue.take).exit.value
}).pipe(Effect.scoped, Effect.runPromise)
`
      )
      const out = path.join(project, "browser.bundle.js")
      // Without Node's modules at hand, an import of one would fail the build.
      await run(project, bin("esbuild"), "browser.js", "--bundle", "--platform=browser", `--outfile=${out}`)
      const bundle = readFileSync(out, "utf8")
      assert.notMatch(bundle, /(?:from |require\()"node:/)
      // A world without `process`, `Buffer` and `require`.
      const { AbortController, clearTimeout, performance, queueMicrotask, setTimeout } = globalThis
      const { TextDecoder, TextEncoder, URL } = globalThis
      const page: { readonly answer?: Promise<number> } = createContext({
        AbortController,
        clearTimeout,
        performance,
        queueMicrotask,
        setTimeout,
        TextDecoder,
        TextEncoder,
        URL
      })
      runInContext(bundle, page)
      assert.strictEqual(await page.answer, 42)
    })
  }

  it("loads no more at an import, and takes no longer, than the page says", { timeout: 120_000 }, () => {
    for (const door of Object.keys(manifest.exports!).filter((one) => one !== "./package.json")) {
      const specifier = `${name}${door.slice(1)}`
      starts.set(specifier, Weight.start(project, specifier))
    }
    if (process.env["STATE"] !== undefined) return
    const own = [...starts].filter(([specifier]) => specifier.startsWith(`${name}/`) || specifier === name)
    assert.deepStrictEqual(
      own.flatMap(([specifier, start]) => Weight.judgeStart(specifier, start)),
      []
    )
  })
})

describe.each(commands.map(({ manifest, name }) => ({ name, command: Object.keys(manifest.bin!)[0]! })))(
  "the command of $name",
  ({ command, name }) => {
    let project = ""
    beforeAll(async () => {
      project = path.join(work, `command-${command}`)
      mkdirSync(project)
      writeFileSync(path.join(project, "package.json"), JSON.stringify({ name: "stranger", private: true }))
      const own = [name, ...needed(name)].map((dependency) => tarballs[dependency]!)
      await run(project, "npm", "install", "--prefer-offline", ...own)
    }, 300_000)

    it("is what publint asks of a package", { timeout: 120_000 }, async () => {
      await run(work, bin("publint"), "run", tarballs[name]!, "--strict")
    })

    it("ships sources for its source maps, and is as large as the page says", () => {
      assertShipped(project, name)
    })

    it("says what it is, who may use it and where it comes from", () => {
      assertDescribed(path.join(project, "node_modules", name))
    })

    it("is started by npx and explains itself", { timeout: 120_000 }, async () => {
      assert.include(await run(project, "npx", "--no-install", command, "--help"), "survey")
      const { version } = JSON.parse(
        readFileSync(path.join(project, "node_modules", name, "package.json"), "utf8")
      ) as {
        readonly version: string
      }
      assert.include(await run(project, "npx", "--no-install", command, "--version"), version)
    })

    it("surveys its lab network, on every Node", { timeout: 300_000 }, async () => {
      const script = path.join(project, "node_modules/.bin", command)
      for (const [, node] of nodes) {
        const out = await run(project, node, script, "survey", "--lab", "--hosts", "12", "--format", "csv")
        assert.isAbove(out.trim().split("\n").length, 12)
      }
    })
  }
)

/** Files as installed: their size, and the sources that their maps point at. */
function assertShipped(project: string, name: string): void {
  const home = path.join(project, "node_modules", name)
  // Types of Node are for the checks of this file alone.
  sizes.set(name, Weight.size(project, name, ["@types/node", "undici-types"]))
  if (process.env["STATE"] === undefined) assert.deepStrictEqual(Weight.judgeSize(name, sizes.get(name)!), [])
  const maps = globSync("dist/**/*.js.map", { cwd: home })
  assert.isNotEmpty(maps)
  for (const file of maps) {
    const map = JSON.parse(readFileSync(path.join(home, file), "utf8")) as { readonly sources: ReadonlyArray<string> }
    for (const source of map.sources) {
      assert.isTrue(existsSync(path.resolve(home, path.dirname(file), source)), `${file} points at ${source}`)
    }
  }
}

/** What a registry shows of a package, and what a bundler and an installer read. */
function assertDescribed(home: string): void {
  const manifest = JSON.parse(readFileSync(path.join(home, "package.json"), "utf8")) as Readonly<
    Record<string, unknown>
  >
  for (const key of ["description", "keywords", "repository", "license", "engines", "sideEffects", "publishConfig"]) {
    assert.notStrictEqual(manifest[key], undefined, key)
  }
  assert.deepStrictEqual(manifest["engines"], { node: ">=22.19.0" })
  for (const file of ["README.md", "LICENSE"]) assert.isTrue(existsSync(path.join(home, file)), file)
}
