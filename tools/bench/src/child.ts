/** One measurement in a process of its own: `child.ts <bench file> <work> <subject> <options as JSON>`. */
import { writeSync } from "node:fs"
import { pathToFileURL } from "node:url"
import { type Context, type Definition, subjectOptions } from "./Bench.ts"

const [, , file, workName, subjectName, json] = process.argv
const options = JSON.parse(json!) as { readonly quick: boolean; readonly environment: Record<string, string> }
const { default: definition } = (await import(pathToFileURL(file!).href)) as { readonly default: Definition }
const work = definition.works.find((one) => one.name === workName)!
const { run } = subjectOptions(work.subjects[subjectName!]!)

let checks = 0
const seconds = options.quick ? 0.2 : 1

const rate: Context["rate"] = async (step, rateOptions) => {
  const perStep = rateOptions?.perStep ?? 1
  const loop = async (milliseconds: number): Promise<number> => {
    const start = performance.now()
    let steps = 0
    for (;;) {
      const pending = step()
      if (pending !== undefined) await pending
      steps++
      // The clock is read often for slow steps and seldom for fast ones.
      if (steps < 64 || steps % 64 === 0) {
        const elapsed = performance.now() - start
        if (elapsed >= milliseconds) return (steps * perStep * 1000) / elapsed
      }
    }
  }
  await loop(seconds * 200)
  return loop(seconds * 1000)
}

const figures = await run({
  quick: options.quick,
  seconds,
  environment: options.environment,
  check: (holds, claim) => {
    checks++
    if (!holds) throw new Error(`${subjectName} at ${workName} gives a wrong result: ${claim}`)
  },
  rate
})
if (checks === 0) throw new Error(`${subjectName} at ${workName} checked no result; call ctx.check before timing`)
writeSync(3, JSON.stringify(figures))
process.exit(0)
