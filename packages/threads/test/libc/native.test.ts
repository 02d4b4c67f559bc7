/** The addon's pool of threads, without JavaScript, under the compiler's sanitizers. */
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"

const source = fileURLToPath(new URL("../../native/source", import.meta.url))
const stress = fileURLToPath(new URL("./native/stress.c", import.meta.url))
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "handoff-stress-"))

/** Builds and starts it once without work; the reason if either does not work here. */
const build = (sanitizer: string): string | undefined => {
  const program = path.join(folder, sanitizer)
  const flags = `-std=gnu11 -D_GNU_SOURCE -O1 -g -fsanitize=${sanitizer} -I${source} -pthread`.split(" ")
  const built = spawnSync("cc", [...flags, "-o", program, stress, path.join(source, "pool.c")], { encoding: "utf8" })
  if (built.error !== undefined) return built.error.message
  if (built.status !== 0) return built.stderr
  const started = spawnSync(program, ["0"], { encoding: "utf8" })
  return started.stdout === "nothing left\n" ? undefined : `it does not start: ${started.stderr}`
}

describe("the pool of threads", () => {
  for (const sanitizer of ["thread", "address"]) {
    const reason = build(sanitizer)
    if (reason !== undefined) console.log(`no ${sanitizer} sanitizer here: ${reason}`)
    it.skipIf(reason !== undefined)(
      `loses nothing and races nowhere, says the ${sanitizer} sanitizer`,
      {
        timeout: 120_000
      },
      () => {
        const { status, stderr, stdout } = spawnSync(path.join(folder, sanitizer), ["6"], { encoding: "utf8" })
        assert.deepStrictEqual([stdout, stderr, status], ["nothing left\n", "", 0])
      }
    )
  }
})
