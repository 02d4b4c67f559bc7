/** The README's runners and submitter on PostgreSQL, as two processes of one program. */
import { assert, describe, it } from "@effect/vitest"
import { execFile, spawn } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import path from "node:path"
import { promisify } from "node:util"
import * as Postgres from "./support/Postgres.ts"

const home = path.resolve(import.meta.dirname, "..")

if (Postgres.absent !== undefined) console.log(`not run: ${Postgres.absent}`)

describe.skipIf(Postgres.absent !== undefined)("the README's program", () => {
  it("is a runner, or a submitter whose task the runner runs", { timeout: 120_000 }, async () => {
    const [, code] = /^```ts run by packages\/cluster\/test\/readme\.test\.ts\n([\s\S]*?)^```/m.exec(
      readFileSync(path.join(home, "README.md"), "utf8")
    )!
    const folder = path.join(home, ".readme-program")
    mkdirSync(folder, { recursive: true })
    const file = path.join(folder, "cluster.ts")
    writeFileSync(file, code!)
    const database = await Postgres.start()
    const command = (...parameters: ReadonlyArray<string>) => ["--conditions=@handoff/source", file, ...parameters]
    const env = { ...process.env, DATABASE_URL: database.url, NO_COLOR: "1" }
    const runner = spawn(process.execPath, command("runner", String(await Postgres.freePort())), {
      env,
      stdio: "ignore"
    })
    try {
      // Waits until a runner has its shards, and says the length of a hash.
      const { stdout } = await promisify(execFile)(process.execPath, command(), { env, timeout: 100_000 })
      assert.match(stdout, /^32$/m)
    } finally {
      const ended = new Promise((resolve) => runner.once("close", resolve))
      runner.kill("SIGKILL")
      await ended
      await database.stop()
      rmSync(folder, { recursive: true })
    }
  })
})
