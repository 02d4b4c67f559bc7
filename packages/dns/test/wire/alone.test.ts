import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"

const imports = /^(?:import|export)[^"']*?from "([^"]+)"/gm

/** Every module that one loads, by itself and by what it loads; type imports count for nothing. */
const graph = (entry: URL): { readonly files: number; readonly outside: ReadonlyArray<string> } => {
  const seen = new Set<string>()
  const outside = new Set<string>()
  const visit = (file: URL): void => {
    if (seen.has(file.href)) return
    seen.add(file.href)
    for (const [statement, target] of readFileSync(file, "utf8").matchAll(imports)) {
      if (statement.startsWith("import type")) continue
      if (target!.startsWith(".")) visit(new URL(target!, file))
      else outside.add(target!)
    }
  }
  visit(entry)
  return { files: seen.size, outside: [...outside] }
}

describe("the codec alone", () => {
  it("loads nothing but its own files: no Effect, no tr46, no node: module", () => {
    const { files, outside } = graph(new URL("../../src/wire/index.ts", import.meta.url))
    assert.isAbove(files, 100)
    assert.deepEqual(outside, [])
  })

  it("stays within its folder", () => {
    const sources = ["index", "Schemas", "EffectDns", "Idna", "Include"].map((name) =>
      graph(new URL(`../../src/wire/${name}.ts`, import.meta.url))
    )
    const modules = [...new Set(sources.flatMap(({ outside }) => outside))].filter(
      (name) => !name.startsWith("effect/")
    )
    assert.deepEqual(modules.toSorted(), ["node:fs", "node:path", "tr46"])
  })
})
