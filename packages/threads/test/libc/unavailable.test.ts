import { assert, describe, it } from "@effect/vitest"
import { LookupHost } from "@handoff/core"
import { Libc } from "@handoff/threads/libc"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import { execFile } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { promisify } from "node:util"

/** Runs a module's text in a Node of its own, because a module that failed to load stays failed. */
const runNode = (text: string) =>
  Effect.promise(() =>
    promisify(execFile)(process.execPath, ["--conditions=@handoff/source", "--input-type=module", "-e", text], {
      cwd: import.meta.dirname
    })
  )

/** An executable that says that it was made for musl: the binary for musl does not load here. */
const executable = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "handoff-"))
    const file = path.join(folder, "node")
    fs.writeFileSync(file, "\u007fELF /lib/ld-musl-x86_64.so.1")
    return file
  }),
  (file) => Effect.sync(() => fs.rmSync(path.dirname(file), { recursive: true }))
)

const pretend = (execPath: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = process.execPath
      process.execPath = execPath
      return before
    }),
    (before) =>
      Effect.sync(() => {
        process.execPath = before
      })
  )

describe("on a machine for which there is no binary", () => {
  it.live(
    "and no koffi, making the executor fails, with what was tried and what to use instead",
    () =>
      Effect.gen(function* () {
        // koffi has no binary for this processor either.
        const { stdout } = yield* runNode(`
          Object.defineProperty(process, "arch", { value: "mips" })
          const { Libc } = await import("@handoff/threads/libc")
          const Effect = await import("effect/Effect")
          const failure = (options) => Effect.runPromise(Effect.scoped(Effect.flip(Libc.make(options))))
          const [any, addon] = [await failure(), await failure({ backend: "addon" })]
          console.log(JSON.stringify({ tag: any._tag, target: any.target, message: any.message, only: addon.reasons }))`)
        const { message, only, tag, target } = JSON.parse(stdout)
        assert.strictEqual(tag, "LibcUnavailable")
        assert.include(target, "-mips")
        assert.match(message, /prebuilds.*not there.*koffi.*Install.*@handoff\/dns/s)
        assert.isFalse(only.some((reason: string) => reason.startsWith("koffi")))
      }),
    30_000
  )

  it.live("that loads, workers make the calls", () =>
    Effect.gen(function* () {
      yield* pretend(yield* executable)
      const libc = yield* Libc.make()
      assert.strictEqual(libc.backend, "workers")
      const found = yield* libc.run(new LookupHost({ name: "127.0.0.1" }))
      assert.deepStrictEqual(found.map(NetAddress.formatIp), ["127.0.0.1"])
    }).pipe(Effect.scoped)
  )
})
