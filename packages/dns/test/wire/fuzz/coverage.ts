/**
 * Coverage for the fuzzer: the codec's own files are instrumented as they are loaded, a mark at the start of every block.
 * V8's coverage costs 100 ms each time it is asked; this costs microseconds, so it can be asked after every input.
 */
import { readFileSync } from "node:fs"
import { registerHooks, stripTypeScriptTypes } from "node:module"
import { fileURLToPath } from "node:url"

const maxBlocks = 8_192

/** One octet for each block that was instrumented, 1 once it ran. */
export const marks = new Uint8Array(maxBlocks)

let blocks = 0

/** How many blocks there are. */
export const blockCount = (): number => blocks

/** A `{` that begins a block of statements: of a function, a condition, a loop; not of a switch, a class, an object. */
const blockStart = /(\)|=>|\belse|\bdo|\btry|\bfinally)\s+\{/g

const instrument = (code: string): string =>
  code.replaceAll(blockStart, (match, _before, at: number) => {
    const line = code.slice(code.lastIndexOf("\n", at) + 1, at + 1)
    if (/\bswitch\s*\(/.test(line)) return match
    return `${match}__marks[${blocks++}]=1;`
  })

/** Call before the codec is imported for the first time. */
export const install = (): void => {
  Object.assign(globalThis, { __marks: marks })
  registerHooks({
    load(url, context, next) {
      if (!url.includes("/dns/src/wire/") || !url.endsWith(".ts")) return next(url, context)
      const source = stripTypeScriptTypes(readFileSync(fileURLToPath(url), "utf8"))
      return { format: "module", source: instrument(source), shortCircuit: true }
    }
  })
}
