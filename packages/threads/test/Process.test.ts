/** What only processes can do wrong. */
import { assert, describe, it } from "@effect/vitest"
import type { CallError, Lost } from "@handoff/core"
import { Threads } from "@handoff/threads"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { once } from "node:events"
import { PassThrough } from "node:stream"
import { promisify } from "node:util"
import * as Frames from "#src/Frames"
import type * as functions from "./modules/functions.ts"

const f = Threads.module<typeof functions>(new URL("./modules/functions.ts", import.meta.url))

/** Runs a program that is given by flag, as `node -e` does. */
const program = async (text: string): Promise<string> => {
  const flags = ["--conditions=@handoff/source", "--input-type=module", "-e", text]
  const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: import.meta.dirname })
  return stdout
}
const head = `
  import { Threads } from "@handoff/threads"
  import * as Effect from "effect/Effect"
  console.log("started")`

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe("a worker process", () => {
  it.live("runs its own entry where the program itself was given by flag", () =>
    Effect.gen(function* () {
      const said = yield* Effect.promise(() =>
        program(`${head}
          const run = Effect.gen(function* () {
            const pool = yield* Threads.make({ maxThreads: 1, isolation: "process" })
            return yield* pool.call("node:path", "join", ["a", "b"], {})
          })
          console.log(await Effect.runPromise(Effect.scoped(run)))`)
      )
      // Once: a child that took the flag along would run the program again, and so would its child.
      assert.strictEqual(said, "started\na/b\n")
    })
  )

  it.live("does not outlive its pool's process, even in an endless loop", () =>
    Effect.gen(function* () {
      const said = yield* Effect.promise(() =>
        program(`${head}
          const url = new URL("./modules/hostile.ts", "${import.meta.url}").href
          const onProgress = (pid) => {
            console.log(pid)
            process.exit(0)
          }
          const run = Effect.gen(function* () {
            const pool = yield* Threads.make({ maxThreads: 1, isolation: "process" })
            yield* pool.call(url, "tellsAndLoops", [], { onProgress })
          })
          await Effect.runPromise(Effect.scoped(run))`)
      )
      const pid = Number(said.split("\n")[1])
      assert.isAbove(pid, 1)
      while (isAlive(pid)) yield* Effect.sleep(5)
    })
  )

  it.live("that cannot be started, or not with this data, leaves no call waiting", () =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<readonly [Threads.Options, string]> = [
        [{ data: () => 1 }, "could not be cloned"],
        [{ data: new SharedArrayBuffer(8) }, "does not reach another process"],
        [{ execArgv: ["--no-such-flag"] }, "no thread starts"],
        [{ env: { LARGE: "x".repeat(4_000_000) } }, "no thread starts"]
      ]
      for (const [options, words] of wrong) {
        const lost = (yield* Effect.flip(f.add(1, 2)).pipe(
          Effect.provide(Threads.layer({ maxThreads: 1, isolation: "process", ...options }))
        )) as Lost
        assert.strictEqual(lost._tag, "Lost")
        assert.include(lost.detail, words)
      }
    })
  )

  it.live("is given V8's limits", () =>
    Effect.gen(function* () {
      const flags = yield* Threads.module<{ argv: () => ReadonlyArray<string> }>(
        new URL("./modules/functions.ts", import.meta.url)
      ).argv()
      assert.includeMembers([...flags], ["--max-old-space-size=64", "--max-semi-space-size=8", "--stack-size=500"])
    }).pipe(
      Effect.provide(
        Threads.layer({
          maxThreads: 1,
          isolation: "process",
          resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 24, stackSizeMb: 500 / 1024 }
        })
      )
    )
  )

  it.live("answers with an error where arguments or results are too deep", () =>
    Effect.gen(function* () {
      let deep: unknown = 1
      for (let i = 0; i < 100_000; i++) deep = [deep]
      assert.strictEqual(((yield* Effect.flip(f.echo(deep))) as CallError)._tag, "CallError")
      assert.strictEqual(yield* f.add(1, 2), 3)
    }).pipe(Effect.provide(Threads.layer({ maxThreads: 1, isolation: "process" })))
  )
})

describe("frames", () => {
  const collect = (pipe: PassThrough) => {
    const seen: Array<unknown> = []
    Frames.read(pipe, {
      message: (message) => seen.push(message),
      unreadable: (call) => seen.push(`unreadable ${call}`)
    })
    return seen
  }

  it.live("arrive whole and in order, however they are cut", () =>
    Effect.promise(async () => {
      const whole = new PassThrough()
      const messages = [1, "two", { three: [3, new Uint8Array(300)] }, undefined, new Map([[4, 4n]])]
      for (const [i, message] of messages.entries()) Frames.write(whole, i, message)
      const octets = whole.read() as Buffer
      for (const step of [1, 2, 7, 8, 9, 100, octets.length]) {
        const pipe = new PassThrough()
        const seen = collect(pipe)
        for (let i = 0; i < octets.length; i += step) pipe.write(octets.subarray(i, i + step))
        pipe.end()
        await once(pipe, "end")
        assert.deepStrictEqual(seen, messages)
      }
    })
  )

  it.live("that cannot be read are told with their call, and those after them are read", () =>
    Effect.promise(async () => {
      const pipe = new PassThrough()
      const seen = collect(pipe)
      const junk = Buffer.from("not what V8 writes")
      const head = Buffer.alloc(8)
      head.writeUInt32LE(junk.length, 0)
      head.writeInt32LE(77, 4)
      pipe.write(Buffer.concat([head, junk]))
      head.writeUInt32LE(0, 0)
      pipe.write(Buffer.from(head))
      Frames.write(pipe, 78, "after")
      pipe.end()
      await once(pipe, "end")
      assert.deepStrictEqual(seen, ["unreadable 77", "unreadable 77", "after"])
    })
  )
})
