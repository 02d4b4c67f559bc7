/** The package must run where there is no Node: its code imports nothing but Effect and itself, and touches no Node global. */
import { assert, it } from "@effect/vitest"
import { globSync, readFileSync } from "node:fs"
import path from "node:path"

const source = path.resolve(import.meta.dirname, "../src")
const files = globSync("**/*.ts", { cwd: source })

it("imports Effect and itself, and of Node only types", () => {
  assert.isAbove(files.length, 30)
  for (const file of files) {
    const text = readFileSync(path.join(source, file), "utf8")
    for (const [, kind, from] of text.matchAll(/^(import|export) [^"]*?from "([^"]+)"/gms)) {
      if (/^(effect\/|\.\.?\/)/.test(from!)) continue
      const statement = text.slice(text.lastIndexOf(`${kind} `, text.indexOf(`from "${from}"`)))
      assert.match(statement, /^import type /, `${file} imports ${from}`)
    }
    assert.notMatch(text, /\bimport\(/, `${file} imports later`)
  }
})

it("uses no global that only Node has", () => {
  for (const file of files) {
    const code = readFileSync(path.join(source, file), "utf8")
      .replaceAll(/\/\*[\s\S]*?\*\//g, "")
      .replaceAll(/\/\/.*$/gm, "")
    assert.notMatch(code, /\b(process|Buffer|setImmediate|__dirname|require)\b[.(]/, file)
  }
})
