/** What documents owe to those who have nothing but them: how to install, where to go on, and nothing left out. */
import { assert, describe, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import path from "node:path"
import * as Example from "../src/Example.ts"
import { files, type Manifest, packages, read, root, specifiers } from "../src/Workspace.ts"

const published = packages.filter(({ manifest }) => manifest.private !== true)
const libraries = published.filter(({ manifest }) => manifest.exports?.["."] !== undefined)
const commands = published.filter(({ manifest }) => manifest.bin !== undefined)

/** What the document tells to install by `npm install`, without options. */
const installed = (markdown: string): ReadonlyArray<string> =>
  [...markdown.matchAll(/^npm install (.+)$/gm)].flatMap(([, words]) =>
    words!
      .replace(/#.*/, "")
      .split(/\s+/)
      .filter((word) => /^[@\w]/.test(word))
  )

/** The packages that the code of a document imports. */
const imported = (document: string): ReadonlyArray<string> =>
  Example.extract(document, read(document))
    .flatMap(({ code }) => specifiers(code))
    .filter((specifier) => !/^(\.|#|\/|node:)/.test(specifier))
    .map((specifier) =>
      specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/")
    )

describe("a README on the registry", () => {
  it.for(libraries)("of $name tells to install all that its code imports", ({ folder, manifest, name }) => {
    const optional = Object.keys(manifest.peerDependenciesMeta ?? {})
    const peers = Object.keys(manifest.peerDependencies ?? {}).filter((peer) => !optional.includes(peer))
    const wanted = new Set([name, ...peers, ...files(`${folder}/**/README.md`).flatMap(imported)])
    const told = installed(read(`${folder}/README.md`))
    assert.deepStrictEqual(
      [...wanted].filter((one) => !told.includes(one)),
      []
    )
  })

  it.for(commands)("of $name tells how to get its command", ({ folder, name }) => {
    assert.include(installed(read(`${folder}/README.md`)), name)
  })
})

describe("the README, the tutorial and the guides", () => {
  it.for(files(["README.md", "docs/tutorial.md", "docs/how-to/*.md"]))(
    "%s tells to install all that its code imports",
    (page) => {
      const told = installed(read(page))
      assert.deepStrictEqual(
        imported(page).filter((one) => !told.includes(one)),
        []
      )
    }
  )
})

describe("the guide to a strategy of one's own", () => {
  it("shows the example that the contract holds, and its test", () => {
    const guide = read("docs/how-to/write-a-strategy-of-your-own.md")
    const table = read("examples/own-strategy/Table.ts")
    assert.include(guide, table.slice(table.indexOf("/** `entries`")))
    assert.include(guide, "```ts of examples/test/own-strategy.test.ts")
  })
})

describe("nothing is left out", () => {
  it("by the README of the repository: every package", () => {
    const text = read("README.md")
    assert.deepStrictEqual(
      packages.filter(({ folder }) => !text.includes(`](${folder})`)),
      []
    )
  })

  it("by SECURITY.md: what every package trusts, and every part of it that listens to the network", () => {
    const sections = [...read("SECURITY.md").matchAll(/^### (.+)$/gm)].flatMap(([, title]) => title!.split(", "))
    const parts = [
      "threads/libc",
      ...["recursive", "dnssec", "server", "update", "transfer", "mdns"].map((one) => `dns/${one}`)
    ]
    assert.sameMembers(sections, [...published.map(({ folder }) => path.basename(folder)), ...parts])
  })

  it("by the reference: every library", () => {
    const { entryPoints } = JSON.parse(read("docs/typedoc.json")) as { readonly entryPoints: ReadonlyArray<string> }
    assert.sameMembers(
      entryPoints.map((entry) => path.join("docs", entry)),
      libraries.map(({ folder }) => folder)
    )
  })

  it("by releases, coverage and these checks: every library; by the type check: every project", () => {
    const { fixed } = JSON.parse(read(".changeset/config.json")) as {
      readonly fixed: ReadonlyArray<ReadonlyArray<string>>
    }
    assert.sameMembers(
      [...fixed[0]!],
      published.map(({ name }) => name)
    )
    const coverage = read("vitest.config.ts")
    const { devDependencies } = JSON.parse(read("tools/checks/package.json")) as Manifest
    for (const { folder, name } of libraries) {
      assert.include(coverage, `"${folder}/src/**"`)
      assert.property(devDependencies, name)
    }
    const { references } = JSON.parse(read("tsconfig.json")) as {
      readonly references: ReadonlyArray<{ readonly path: string }>
    }
    assert.sameMembers(
      references.map(({ path: folder }) => path.normalize(folder)),
      files(["{packages,apps,tools}/*/tsconfig.json", "examples/tsconfig.json"]).map((file) => path.dirname(file))
    )
  })

  it("by the tests and the README of the examples: every example", () => {
    const folders = new Set(files("examples/*/*.ts").map((file) => path.basename(path.dirname(file))))
    folders.delete("test")
    assert.isAbove(folders.size, 5)
    for (const folder of folders) {
      const test = `examples/test/${folder}.test.ts`
      assert.isTrue(existsSync(path.join(root, test)), test)
      assert.include(read(test), `../${folder}/`)
      assert.include(read("examples/README.md"), `| \`${folder}\``)
    }
  })

  it("by the sidebar of the site: every page that is in no folder", () => {
    const config = read("docs/.vitepress/config.ts")
    for (const page of files("docs/*.md").map((file) => path.basename(file, ".md"))) {
      if (page !== "index") assert.include(config, `link: "/${page}"`)
    }
  })

  it.for(["how-to", "explanation"])("and every page of %s has a place of its own", (folder) => {
    const orders = files(`docs/${folder}/*.md`).map((file) => /^order: (\d+)$/m.exec(read(file))?.[1])
    assert.notInclude(orders, undefined)
    assert.strictEqual(new Set(orders).size, orders.length, orders.join(", "))
  })
})
