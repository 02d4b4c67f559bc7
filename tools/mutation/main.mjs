/**
 * `npm run mutate -- <core>`: changes the core's code in one small way after another (`<` to `<=`, a block left out), runs
 * its tests on each, and reports the changes that no test noticed. Seconds to minutes per core.
 *
 * The changes are made by Stryker's instrumenter, all at once and each behind a switch. Running them is ours: the tests of
 * a pure core are plain functions, so one process runs those that reach a change, and the next change costs milliseconds
 * where a start of Vitest would cost a second.
 */
import { Instrumenter } from "@stryker-mutator/instrumenter"
import { fork } from "node:child_process"
import { globSync, readFileSync } from "node:fs"
import path from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { parseArgs } from "node:util"
import { cores } from "./cores.mjs"

const here = path.dirname(fileURLToPath(import.meta.url))
const root = path.resolve(here, "../..")
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    only: { type: "string", multiple: true }
  }
})
const names = positionals.length > 0 ? positionals : Object.keys(cores)
const unknown = names.filter((name) => !(name in cores))
if (unknown.length > 0) {
  console.error(`there is no core ${unknown.join(", ")}; there are: ${Object.keys(cores).join(", ")}
usage: npm run mutate -- [core ...] [--sample N [--seed N]] [--only FILE[:LINE[:COLUMN]] ...]`)
  process.exit(2)
}

const silent = { isDebugEnabled: () => false, debug: () => {}, info: () => {}, warn: () => {} }

/** The changes of a core's files, and the files with all of them behind switches, by URL. */
const instrument = async (core) => {
  const files = globSync(core.mutate, { cwd: path.join(root, core.folder), exclude: core.leave ?? [] })
    .toSorted()
    .map((file) => path.join(root, core.folder, file))
  const { files: changed, mutants } = await new Instrumenter(silent).instrument(
    files.map((name) => ({ name, mutate: true, content: readFileSync(name, "utf8") })),
    // Messages are for people; what a test should read of them it reads by other changes.
    { plugins: null, ignorers: [], excludedMutations: ["StringLiteral"] }
  )
  return {
    changed: Object.fromEntries(changed.map(({ content, name }) => [pathToFileURL(name).href, content])),
    mutants: mutants.filter(({ status }) => status !== "Ignored")
  }
}

/** So many of them, the same for the same seed. */
const sample = (all, count, seed) => {
  let state = seed >>> 0
  const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0)
  return all
    .map((one) => ({ one, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .slice(0, count)
    .map(({ one }) => one)
}

/** A change may keep a test from ending; after so long without a word it is taken for noticed. Milliseconds. */
const silence = 8_000

/** Statuses by id: "noticed", "hung" (or crashed), "survived", "no test", "at import". */
const run = async (core, changed, ids) => {
  const statuses = new Map()
  let queue = ids
  let known
  while (queue.length > 0) {
    let current = queue[0]
    await new Promise((resolve, reject) => {
      // A process, not a thread: a change may exhaust memory in a way that takes the whole process along.
      const worker = fork(path.join(here, "worker.mjs"), {
        execArgv: ["--conditions=@handoff/source", "--max-old-space-size=1024"],
        serialization: "advanced",
        stdio: ["ignore", "ignore", "ignore", "ipc"]
      })
      worker.send({ changed, known, queue, tests: core.tests.map((file) => path.join(root, core.folder, file)) })
      const hung = () => worker.kill("SIGKILL")
      // The tests run once unchanged before the first word.
      let timer = setTimeout(hung, 20 * silence)
      worker.on("message", ({ broken, id, learnt, status, why }) => {
        clearTimeout(timer)
        timer = setTimeout(hung, silence)
        if (broken !== undefined) reject(new Error(`without any change, "${broken}" fails: ${why}`))
        else if (learnt !== undefined) known = learnt
        else if (status === "begun") current = id
        else if (status !== undefined) statuses.set(id, status.startsWith("noticed") ? "noticed" : status)
      })
      worker.on("error", reject)
      worker.on("close", () => {
        clearTimeout(timer)
        // It hung, or ended the process.
        if (!statuses.has(current)) statuses.set(current, "hung")
        resolve()
      })
    })
    queue = queue.filter((id) => !statuses.has(id))
  }
  return statuses
}

let isShort = false
for (const name of names) {
  const core = cores[name]
  const started = performance.now()
  const { changed, mutants } = await instrument(core)
  // Stryker counts lines and columns from 0, editors from 1.
  const whereOf = ({ fileName, location }) =>
    `${path.relative(root, fileName)}:${location.start.line + 1}:${location.start.column + 1}`
  const wanted =
    values.only === undefined
      ? mutants
      : mutants.filter((one) => values.only.some((only) => `${whereOf(one)}:`.includes(`${only}:`)))
  const chosen = values.sample === undefined ? wanted : sample(wanted, Number(values.sample), Number(values.seed))
  const statuses = await run(
    core,
    changed,
    chosen.map(({ id }) => id)
  )
  // What only runs when a file is imported cannot be switched on afterwards: tables, constants.
  const valid = chosen.filter(({ id }) => statuses.get(id) !== "at import")
  const missed = valid.filter(({ id }) => ["survived", "no test"].includes(statuses.get(id)))
  const hung = valid.filter(({ id }) => statuses.get(id) === "hung").length
  const score = (100 * (valid.length - missed.length)) / valid.length
  const seconds = Math.round((performance.now() - started) / 1000)
  console.log(
    `\n${name}: ${valid.length - missed.length} of ${valid.length} changes noticed, ${score.toFixed(1)} %` +
      ` (${hung} by hanging; ${chosen.length - valid.length} act at import only and are left out; ${seconds} s)`
  )
  for (const one of missed) {
    const how = statuses.get(one.id) === "no test" ? ", run by no test" : ""
    console.log(`  ${whereOf(one)}  ${one.mutatorName}${how}: ${one.replacement?.split("\n")[0]}`)
  }
  if (score < core.least && values.only === undefined) {
    console.error(
      `${name} must notice ${core.least} %: add a test that fails on a change above, or explain it in docs/mutation.md`
    )
    isShort = true
  }
}
process.exit(isShort ? 1 : 0)
