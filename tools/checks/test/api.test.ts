import { afterAll, assert, describe, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import * as Changesets from "../src/api/Changesets.ts"
import * as Difference from "../src/api/Difference.ts"
import * as Report from "../src/api/Report.ts"
import * as Surface from "../src/api/Surface.ts"

const home = mkdtempSync(path.join(os.tmpdir(), "handoff-api-"))
afterAll(() => rmSync(home, { recursive: true, force: true }))

let count = 0
/** The surface of a package with these declaration files; `index.d.ts` is its entry. */
const surfaceOf = (files: Readonly<Record<string, string>>): Surface.Surface => {
  const folder = path.join(home, String(count++))
  mkdirSync(folder)
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text)
  return Surface.read([["pkg", path.join(folder, "index.d.ts")]], folder)
}

const pool = {
  "index.d.ts": `/** The pool. */\nexport * as Pool from "./Pool.ts";\nexport { grow } from "./Pool.ts";\n`,
  "Pool.d.ts": [
    "/** How large. */",
    "export interface Options {",
    "    /** Most threads. */",
    "    readonly threads: number;",
    "    readonly hidden?: Secret;",
    "}",
    "export declare const grow: (options: Options) => void;",
    "export declare const shrink: () => void;",
    "interface Secret {",
    "    readonly key: string;",
    "}",
    "export {};",
    ""
  ].join("\n")
}

const changesOf = (from: string, to: string, before: Readonly<Record<string, string>> = pool) =>
  Difference.compare(
    Surface.texts(surfaceOf(before)),
    Surface.texts(surfaceOf({ ...before, "Pool.d.ts": before["Pool.d.ts"]!.replace(from, to) }))
  ).map(({ kind, name }) => `${kind} ${name}`)

describe("the surface of a package", () => {
  it("has every name that an importer can reach, and what their declarations mention", () => {
    const surface = surfaceOf(pool)
    assert.deepStrictEqual(
      surface.map(({ documented, exported, name }) => [name, exported, documented]),
      [
        ["Pool#Secret", false, false],
        ["pkg Pool", true, true],
        ["pkg Pool.Options", true, true],
        ["pkg Pool.grow", true, false],
        ["pkg Pool.shrink", true, false],
        ["pkg grow", true, false]
      ]
    )
  })

  const unnameable = (edit: (text: string) => string) => {
    const surface = surfaceOf({ ...pool, "Pool.d.ts": edit(pool["Pool.d.ts"]) })
    return Report.unnameable({ name: "pkg", version: "0.1.0", surface, changes: undefined, bump: undefined })
  }

  it("lacks types that it mentions and does not export, but for what is internal", () => {
    assert.deepStrictEqual(
      unnameable((text) => text),
      ["Pool#Secret"]
    )
    assert.deepStrictEqual(
      unnameable((text) => text.replace("interface Secret", "export interface Secret")),
      []
    )
    assert.deepStrictEqual(
      unnameable((text) => text.replace("readonly hidden", "/** @internal */ readonly hidden")),
      []
    )
    // What a value is can be told without its name.
    const ofValue = (text: string) =>
      text.replace("?: Secret", "?: typeof secret").replace("interface Secret {", "declare const secret: {")
    assert.deepStrictEqual(unnameable(ofValue), [])
  })

  it("leaves out what is internal", () => {
    const internal = surfaceOf({
      ...pool,
      "Pool.d.ts": pool["Pool.d.ts"].replace(
        "export declare const shrink",
        "/** @internal */\nexport declare const shrink"
      )
    })
    assert.notInclude(
      internal.map(({ name }) => name),
      "pkg Pool.shrink"
    )
  })

  it("can be read back from the page that it is written to", () => {
    const surface = surfaceOf(pool)
    assert.deepStrictEqual(Surface.parse(Surface.format("pkg", surface)), Surface.texts(surface))
  })

  it("is the same when only comments and order change", () => {
    assert.deepStrictEqual(changesOf("/** Most threads. */", "/** The most threads. */"), [])
    const [first = "", second = ""] = pool["Pool.d.ts"].split("export declare")
    assert.isNotEmpty(second)
    assert.deepStrictEqual(changesOf(first, `interface Other {\n}\n${first}`), [])
  })
})

describe("a difference of surfaces", () => {
  it("tells what was added and extended, which breaks nobody", () => {
    assert.deepStrictEqual(changesOf("export {};", "export declare const halve: () => void;\nexport {};"), [
      "added pkg Pool.halve"
    ])
    assert.deepStrictEqual(changesOf("    readonly threads", "    readonly name?: string;\n    readonly threads"), [
      "extended pkg Pool.Options"
    ])
  })

  it("tells what is gone or has another shape, also of what is only mentioned", () => {
    assert.deepStrictEqual(changesOf("export declare const shrink", "declare const shrink"), [
      "removed pkg Pool.shrink"
    ])
    assert.deepStrictEqual(changesOf("threads: number", "threads: bigint"), ["changed pkg Pool.Options"])
    assert.deepStrictEqual(changesOf("key: string", "key: number"), ["changed Pool#Secret"])
    // A member that must be given breaks those who give it.
    assert.deepStrictEqual(changesOf("    readonly threads", "    readonly name: string;\n    readonly threads"), [
      "changed pkg Pool.Options"
    ])
    assert.deepStrictEqual(changesOf("hidden?: Secret", "hidden: Secret"), ["changed pkg Pool.Options"])
  })
})

describe("a break", () => {
  const report = (bump: Changesets.Bump | undefined, version = "0.3.0"): Report.Report => ({
    name: "@handoff/core",
    version,
    surface: [],
    bump,
    changes: [{ name: "@handoff/core Router.make", kind: "removed", before: "x", after: "" }]
  })

  it("is refused, with what to do, unless a changeset of the package admits it", () => {
    const [line = ""] = Report.unadmitted(report(undefined))
    assert.match(line, /Router\.make removed.*npx changeset, minor/)
    assert.lengthOf(Report.unadmitted(report("patch")), 1)
    assert.lengthOf(Report.unadmitted(report("minor")), 0)
    assert.lengthOf(Report.unadmitted(report("minor", "1.3.0")), 1)
    assert.lengthOf(Report.unadmitted(report("major", "1.3.0")), 0)
  })

  it("cannot be before the first release", () => {
    const first = { ...report(undefined), changes: undefined }
    assert.deepStrictEqual(Report.unadmitted(first), [])
    assert.include(Report.format(first), "first release")
  })

  it("is admitted by the front matter of changesets alone, the largest of them", () => {
    const folder = path.join(home, "changesets")
    mkdirSync(folder)
    writeFileSync(
      path.join(folder, "a.md"),
      `---\n"@handoff/core": patch\n'@handoff/dns': minor\n---\n\n@handoff/dns: major\n`
    )
    writeFileSync(path.join(folder, "b.md"), `---\n"@handoff/core": minor\n---\n\nMore.\n`)
    assert.deepStrictEqual(
      [...Changesets.pending(folder)],
      [
        ["@handoff/core", "minor"],
        ["@handoff/dns", "minor"]
      ]
    )
  })
})
