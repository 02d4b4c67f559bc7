/**
 * Fuzzes the codec and prints a report as JSON:
 *
 * `node --conditions=@handoff/source test/wire/fuzz/main.ts <seed> <most inputs> <most seconds>`
 */
import * as Coverage from "./coverage.ts"

Coverage.install()
const { run } = await import("./Fuzzer.ts")
const { corpus } = await import("../corpus.ts")

const [seed, maxInputs, maxSeconds] = process.argv.slice(2).map(Number)
const report = run({ seed: seed ?? 1, corpus, maxInputs: maxInputs ?? 1_000_000, maxSeconds: maxSeconds ?? 60 })
process.stdout.write(`${JSON.stringify({ ...report, instrumented: Coverage.blockCount() })}\n`)
