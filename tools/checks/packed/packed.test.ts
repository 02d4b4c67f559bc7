/**
 * What a stranger gets: every package packed, installed alone in an empty project outside the repository, and its
 * README's examples run there by plain Node from JavaScript and checked from TypeScript, on the oldest and the newest
 * supported Node.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import os from "node:os"
import path from "node:path"
import { promisify } from "node:util"
import * as Example from "../src/Example.ts"
import { packages, read, root } from "../src/Workspace.ts"

const execute = promisify(execFile)

/** Runs a command; a failure carries all that was printed. */
const run = async (folder: string, command: string, ...parameters: ReadonlyArray<string>): Promise<string> => {
  try {
    const { stdout } = await execute(command, parameters, { cwd: folder, maxBuffer: 2 ** 26, timeout: 240_000 })
    return stdout
  } catch (error) {
    const { stderr, stdout } = error as { readonly stdout: string; readonly stderr: string }
    throw new Error(`${command} ${parameters.join(" ")} failed:\n${stdout}\n${stderr}`, { cause: error })
  }
}

const published = packages.filter(({ manifest }) => manifest.private !== true)
const bin = (name: string): string => path.join(root, "tools/checks/node_modules/.bin", name)
const tsc = path.join(root, "node_modules/.bin/tsc")

/** Installed size of one package, in KiB, without its dependencies: room for a third more than today's. */
const sizeLimits: Readonly<Record<string, number>> = {
  "@handoff/core": 700,
  "@handoff/testing": 500,
  "@handoff/threads": 1600,
  "@handoff/reactor": 1200,
  "@handoff/dns": 4000,
  "@handoff/cluster": 600
}

/** Milliseconds to import a package's main entry, over an empty program; Effect's own modules are most of it. */
const importLimit = 1500

let work = ""
const tarballs = new Map<string, string>()
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
  for (const { folder, name } of published) {
    const out = await run(path.join(root, folder), "npm", "pack", "--json", "--pack-destination", work)
    const packed = JSON.parse(out) as
      | ReadonlyArray<{ readonly filename: string }>
      | Record<string, { filename: string }>
    tarballs.set(name, path.join(work, Object.values(packed)[0]!.filename))
  }
  for (const version of ["22.19.0", "26.10.0"]) {
    try {
      nodes.set(`Node ${version}`, await anotherNode(version))
    } catch (error) {
      console.log(`not run on Node ${version}: ${(error as Error).message.split("\n").slice(0, 3).join(" ")}`)
    }
  }
}, 300_000)

afterAll(() => rmSync(work, { recursive: true, force: true }))

/** The packages of this repository that one needs beside it. */
const needed = (name: string): ReadonlyArray<string> => {
  const { manifest } = packages.find((one) => one.name === name)!
  const own = Object.keys(manifest.dependencies ?? {}).filter((dependency) => dependency.startsWith("@handoff/"))
  return [...new Set([...own, ...own.flatMap(needed)])]
}

describe.each(published.map(({ folder, manifest, name }) => ({ name, folder, manifest })))("$name", (one) => {
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
    const own = [name, ...needed(name)].map((dependency) => tarballs.get(dependency)!)
    await run(project, "npm", "install", "--prefer-offline", ...own, "effect@4.1.0", "@types/node@24.19.2")
    programs.forEach((example, i) => {
      writeFileSync(path.join(project, `example${i}.ts`), `${example.code}\nexport {}\n`)
      writeFileSync(path.join(project, `example${i}.js`), stripTypeScriptTypes(example.code))
    })
  }, 300_000)

  it("is what publint asks of a package", { timeout: 120_000 }, async () => {
    await run(work, bin("publint"), "run", tarballs.get(name)!, "--strict")
  })

  it("has types that resolve for every kind of importer of modules", { timeout: 120_000 }, async () => {
    await run(work, bin("attw"), tarballs.get(name)!, "--profile", "esm-only")
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

  it("ships sources for its source maps, and stays within its size", () => {
    const home = path.join(project, "node_modules", name)
    const size = globSync("**/*", { cwd: home })
      .map((file) => statSync(path.join(home, file)))
      .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0)
    console.log(`${name}: ${Math.round(size / 1024)} KiB installed`)
    assert.isBelow(size / 1024, sizeLimits[name]!)
    for (const file of globSync("dist/**/*.js.map", { cwd: home })) {
      const map = JSON.parse(readFileSync(path.join(home, file), "utf8")) as { readonly sources: ReadonlyArray<string> }
      for (const source of map.sources) {
        assert.isTrue(existsSync(path.resolve(home, path.dirname(file), source)), `${file} points at ${source}`)
      }
    }
  })

  if (name === "@handoff/core") {
    it("bundles for browsers", { timeout: 60_000 }, async () => {
      writeFileSync(path.join(project, "browser.js"), `export * from "${name}"\n`)
      const out = path.join(project, "browser.bundle.js")
      // Without Node's modules at hand, an import of one would fail the build.
      await run(
        project,
        bin("esbuild"),
        "browser.js",
        "--bundle",
        "--format=esm",
        "--platform=browser",
        `--outfile=${out}`
      )
      assert.notMatch(readFileSync(out, "utf8"), /from "node:/)
    })
  }

  it("is imported quickly", { timeout: 60_000 }, async () => {
    const script = `const start = performance.now(); await import("${name}"); console.log(performance.now() - start)`
    const times: Array<number> = []
    for (let i = 0; i < 3; i++) {
      times.push(Number(await run(project, process.execPath, "--input-type=module", "-e", script)))
    }
    console.log(`${name}: imported in ${Math.round(Math.min(...times))} ms`)
    assert.isBelow(Math.min(...times), importLimit)
  })
})
