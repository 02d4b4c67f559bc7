import { assert, describe, it } from "@effect/vitest"
import { existsSync, globSync } from "node:fs"
import path from "node:path"
import { files, imports, packages, read, root, specifiers } from "../src/Workspace.ts"

/** Who may import whom: the drawing in ARCHITECTURE.md as a table. Tests may also use the contract suite. */
const mayImport: Readonly<Record<string, ReadonlyArray<string>>> = {
  "@handoff/core": [],
  "@handoff/testing": ["@handoff/core"],
  "@handoff/threads": ["@handoff/core"],
  "@handoff/reactor": ["@handoff/core"],
  "@handoff/dns": ["@handoff/core"],
  "@handoff/cluster": ["@handoff/core"],
  "@handoff/demo": ["@handoff/core", "@handoff/threads", "@handoff/reactor", "@handoff/dns", "@handoff/cluster"]
}

/** What a bench may measure itself against besides. */
const mayCompare: Readonly<Record<string, ReadonlyArray<string>>> = { "@handoff/cluster": ["@handoff/threads"] }

/** Folders of `packages/` that are a way to run tasks. */
const strategies = packages
  .filter(({ folder }) => folder.startsWith("packages/"))
  .map(({ folder }) => path.basename(folder))
  .filter((name) => name !== "core" && name !== "testing")

const ownerOf = (specifier: string): string => specifier.split("/").slice(0, 2).join("/")

describe("the reader of imports", () => {
  it("sees every form of import, and no comment", () => {
    assert.deepStrictEqual(
      specifiers(
        [
          'import type { A } from "a"',
          "export {",
          "  B",
          '} from "b"',
          'import "c"',
          'const d = await import("d")',
          'const e = import.meta.resolve("#e")',
          '// import "no"',
          '/* import "no" */'
        ].join("\n")
      ),
      ["a", "b", "c", "d", "#e"]
    )
  })
})

describe("the layout", () => {
  it("knows every package", () => {
    assert.sameMembers(
      packages.map(({ name }) => name),
      Object.keys(mayImport)
    )
  })

  for (const { folder, manifest, name } of packages) {
    const allowed = mayImport[name] ?? []

    it(`${name} imports only whom it may`, () => {
      const wrong = imports(folder, "src").filter(
        ({ specifier }) =>
          specifier.startsWith("@handoff/") && ownerOf(specifier) !== name && !allowed.includes(ownerOf(specifier))
      )
      assert.deepStrictEqual(wrong, [])
      const inTests = [...imports(folder, "test"), ...imports(folder, "bench")].filter(
        ({ specifier }) =>
          specifier.startsWith("@handoff/") &&
          ![name, "@handoff/testing", "@handoff/bench", ...allowed, ...(mayCompare[name] ?? [])].includes(
            ownerOf(specifier)
          )
      )
      assert.deepStrictEqual(inTests, [])
    })

    it(`${name} enters other packages by their documented doors`, () => {
      const all = [...imports(folder, "src"), ...imports(folder, "test"), ...imports(folder, "bench")]
      const closed = all.filter(({ specifier }) => {
        if (!specifier.startsWith("@handoff/") || ownerOf(specifier) === "@handoff/bench") return false
        const owner = packages.find((one) => one.name === ownerOf(specifier))
        const door = `.${specifier.slice(ownerOf(specifier).length)}`
        return owner?.manifest.exports?.[door] === undefined
      })
      assert.deepStrictEqual(closed, [])
    })

    it(`${name} never reaches into another folder by a relative path`, () => {
      const escaping = (["src", "test", "bench"] as const).flatMap((room) =>
        imports(folder, room).filter(
          ({ file, specifier }) =>
            specifier.startsWith(".") &&
            !path.join(path.dirname(file), specifier).startsWith(room === "src" ? `${folder}/src/` : `${folder}/`)
        )
      )
      assert.deepStrictEqual(escaping, [])
    })

    it(`${name} declares what its source imports`, () => {
      const declared = new Set([
        name,
        ...Object.keys(manifest.dependencies ?? {}),
        ...Object.keys(manifest.peerDependencies ?? {})
      ])
      const undeclared = imports(folder, "src").filter(({ specifier }) => {
        // What begins with a slash is an address of the page that the source is served to.
        if (/^(\.|#|node:|\/)/.test(specifier)) return false
        const dependency = specifier.startsWith("@") ? ownerOf(specifier) : specifier.split("/")[0]!
        return !declared.has(dependency)
      })
      assert.deepStrictEqual(undeclared, [])
    })

    it(`${name} imports Effect's modules, not its barrel, so that it starts fast`, () => {
      if (name === "@handoff/demo") return
      assert.deepStrictEqual(
        imports(folder, "src").filter(({ specifier }) => specifier === "effect"),
        []
      )
    })
  }

  it("core needs neither Node nor anything but Effect", () => {
    assert.deepStrictEqual(
      imports("packages/core", "src").filter(
        ({ file, specifier }) =>
          !/^(\.|effect\/)/.test(specifier) &&
          !(specifier.startsWith("node:") && read(file).includes(`import type * as`) && isTypeOnly(file, specifier))
      ),
      []
    )
  })

  it.for(["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/design.md", "SECURITY.md"])(
    "every path that %s names exists, and every script",
    (document) => {
      const text = read(document)
      const named = [...text.matchAll(/`((?:packages|apps|tools|docs|examples|\.ci)\/[\w./-]+)`/g)].map(
        ([, file]) => file!
      )
      assert.isAbove(named.length, 0)
      assert.deepStrictEqual(
        named.filter((file) => !existsSync(path.join(root, file))),
        []
      )
      const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: Readonly<Record<string, string>> }
      for (const [, script] of text.matchAll(/npm run ([\w-]+)/g)) assert.property(scripts, script!)
    }
  )

  it("every room of the repository has its line in ARCHITECTURE.md", () => {
    const text = read("ARCHITECTURE.md")
    const rooms = ["packages/*", "apps/*", "tools/*", "docs", "examples"].flatMap((room) =>
      globSync(room, { cwd: root })
    )
    assert.isAbove(rooms.length, 10)
    assert.deepStrictEqual(
      rooms.filter((room) => !text.includes(`\`${room}\``)),
      []
    )
  })

  it("every strategy has the same things in it", () => {
    const missing = strategies.flatMap((name) =>
      ["README.md", "src/index.ts", "src/limits.ts", "test/contract.test.ts", "bench"]
        .map((thing) => `packages/${name}/${thing}`)
        .filter((file) => !existsSync(path.join(root, file)))
    )
    assert.deepStrictEqual(missing, [])
    for (const name of strategies) {
      const file = `packages/${name}/src/${name[0]!.toUpperCase()}${name.slice(1)}.ts`
      const text = read(file)
      assert.match(text, /^\/\*\*\n/, `${file} begins with what it is`)
      const names = [...text.matchAll(/^export (?:const|interface) (\w+)/gm)].map(([, name]) => name)
      assert.includeMembers(names, ["Options", "make", "layer", "layerConfig", "strategy"], file)
    }
  })

  it("in the demo strategies.ts alone knows all strategies, and who else knows one is a part of it", () => {
    const strategies = ["threads", "reactor", "dns", "cluster"].map((name) => `@handoff/${name}`)
    // Doors through which an executor is made; the others have wires, zones and servers behind them.
    const doors = new Set([...strategies, "@handoff/threads/libc", "@handoff/cluster/postgres"])
    const known = new Map<string, Set<string>>()
    for (const { file, specifier } of imports("apps/demo", "src")) {
      if (doors.has(specifier)) known.set(file, (known.get(file) ?? new Set()).add(ownerOf(specifier)))
    }
    const all = known.get("apps/demo/src/strategies.ts") ?? new Set()
    // The cluster is entered through its folder, which stays unread until it is chosen.
    assert.sameMembers([...all], strategies.slice(0, 3))
    known.delete("apps/demo/src/strategies.ts")
    for (const [file, owners] of known) {
      assert.match(file, /^apps\/demo\/src\/(?:cluster\/|inspect\/onLoop\.ts$)/)
      assert.strictEqual(owners.size, 1, file)
    }
    const entering = imports("apps/demo", "src").filter(
      ({ file, specifier }) => /\/cluster\/\w+\.ts$/.test(specifier) && !file.includes("/cluster/")
    )
    assert.sameMembers(
      [...new Set(entering.map(({ file }) => file))],
      ["apps/demo/src/strategies.ts", "apps/demo/src/commands/runner.ts"]
    )
  })

  it("no test is skipped, focused or left to do", () => {
    const marks = /\b(?:it|test|describe)(?:\.effect|\.live|\.scoped)?\.(?:skip|only|todo)\b/
    const tests = files(["*/**/test/**/*.ts", "tools/checks/packed/*.ts"])
    for (const room of ["packages/core", "apps/demo", "tools/bench", "tools/checks", "examples"]) {
      assert.isTrue(
        tests.some((file) => file.startsWith(`${room}/`)),
        room
      )
    }
    assert.deepStrictEqual(
      tests.filter((file) => marks.test(read(file))),
      []
    )
  })
})

const isTypeOnly = (file: string, specifier: string): boolean =>
  new RegExp(`import type [^"]*from "${specifier}"`).test(read(file))
