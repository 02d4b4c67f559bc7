import { assert, describe, it } from "@effect/vitest"
import { existsSync } from "node:fs"
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
          ![name, "@handoff/testing", "@handoff/bench", ...allowed].includes(ownerOf(specifier))
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
        if (/^(\.|#|node:)/.test(specifier)) return false
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

  it("every path that ARCHITECTURE.md names exists", () => {
    const named = [...read("ARCHITECTURE.md").matchAll(/`((?:packages|apps|tools|docs|\.ci)\/[\w./-]+)`/g)].map(
      (match) => match[1]!
    )
    assert.isAbove(named.length, 10)
    assert.deepStrictEqual(
      named.filter((file) => !existsSync(path.join(root, file))),
      []
    )
  })

  it("every strategy has the same things in it", () => {
    const missing = ["threads", "reactor", "dns", "cluster"].flatMap((name) =>
      ["README.md", "src/index.ts", "src/limits.ts", "test/contract.test.ts", "bench"]
        .map((thing) => `packages/${name}/${thing}`)
        .filter((file) => !existsSync(path.join(root, file)))
    )
    assert.deepStrictEqual(missing, [])
  })

  it("no test is skipped, focused or left to do", () => {
    const marks = /\b(?:it|test|describe)(?:\.effect|\.live|\.scoped)?\.(?:skip|only|todo)\b/
    assert.deepStrictEqual(
      files(["packages/*/test/**/*.ts", "apps/*/test/**/*.ts"]).filter((file) => marks.test(read(file))),
      []
    )
  })
})

const isTypeOnly = (file: string, specifier: string): boolean =>
  new RegExp(`import type [^"]*from "${specifier}"`).test(read(file))
