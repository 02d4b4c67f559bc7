/**
 * Runs the tests of a core on one change after another, in one process: all changes are in the code at once, each behind a
 * switch, and a change meets only the tests that run it. Tells the parent of every change; one that hangs is the parent's.
 */
import { registerHooks } from "node:module"
import { pathToFileURL } from "node:url"

const { changed, known, queue, tests: files } = await new Promise((resolve) => process.once("message", resolve))
/** Resolves when it is on its way, so that an exit does not take it along. */
const tell = (message) => new Promise((resolve) => process.send(message, resolve))
const shim = new URL("./shim.mjs", import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "@effect/vitest" || specifier === "vitest"
      ? { url: shim, shortCircuit: true }
      : next(specifier, context),
  load: (url, context, next) => {
    const source = changed[url]
    return source === undefined ? next(url, context) : { format: "module-typescript", source, shortCircuit: true }
  }
})

// What the switches in the code read and write.
const state = (globalThis.__stryker__ = { mutantCoverage: { static: {}, perTest: {} } })

const { tests } = await import(shim)
for (const file of files) await import(pathToFileURL(file).href)

/** Longest that a test may wait for something, in milliseconds, beyond ten times what it took unchanged. */
const patience = 1000

/** Whether it passes. */
const passes = async (test) => {
  let timer
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(false), patience + 10 * (test.took ?? 30_000))
  })
  try {
    return await Promise.race([late, Promise.resolve(test.run()).then(() => true)])
  } catch (error) {
    test.error = error
    return false
  } finally {
    clearTimeout(timer)
  }
}

/** What each test reaches, and how long it takes, with no change; a process that follows another is told. */
const learn = async () => {
  for (const [i, test] of tests.entries()) {
    state.currentTestId = String(i + 1)
    const start = performance.now()
    if (!(await passes(test))) {
      await tell({ broken: test.name, why: String(test.error?.stack ?? "it took too long") })
      process.exit(1)
    }
    test.took = performance.now() - start
  }
  state.currentTestId = undefined
  const { perTest, static: atImport } = state.mutantCoverage
  return { perTest, atImport, took: tests.map(({ took }) => took) }
}

const learnt = known ?? (await learn())
if (known === undefined) await tell({ learnt })
const { atImport, perTest } = learnt
for (const [i, test] of tests.entries()) test.took = learnt.took[i]
// From here on nobody reads it.
state.mutantCoverage.perTest = {}

for (const id of queue) {
  const covering = tests
    .filter((_, i) => perTest[String(i + 1)]?.[id] !== undefined)
    .toSorted((a, b) => a.took - b.took)
  if (covering.length === 0) {
    await tell({ id, status: atImport[id] === undefined ? "no test" : "at import" })
    continue
  }
  const hits = tests.reduce((sum, _, i) => sum + (perTest[String(i + 1)]?.[id] ?? 0), 0)
  await tell({ id, status: "begun" })
  let status = "survived"
  for (const test of covering) {
    Object.assign(state, { activeMutant: id, hitCount: 0, hitLimit: 100 * hits + 10_000 })
    const passed = await passes(test)
    state.activeMutant = undefined
    if (passed) {
      // A sign of life.
      await tell({})
      continue
    }
    status = "noticed"
    // A change that leaves something behind would be noticed for ever; a fresh process then goes on from here.
    if (!(await passes(test))) status = "noticed, and left something behind"
    break
  }
  await tell({ id, status })
  if (status.endsWith("behind")) process.exit(0)
}
process.exit(0)
