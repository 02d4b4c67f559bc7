/** What only processes can do wrong. */
import { assert, describe, it } from "@effect/vitest"
import type { CallError, Lost } from "@handoff/core"
import { Threads } from "@handoff/threads"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
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

  const frame = (call: number, ...words: ReadonlyArray<number>): Buffer => {
    const octets = Buffer.alloc(8 + 4 * words.length)
    octets.writeUInt32LE(4 * words.length, 0)
    octets.writeInt32LE(call, 4)
    for (const [i, word] of words.entries()) octets.writeInt32LE(word, 8 + 4 * i)
    return octets
  }

  it.live("that claim more than they hold are told with their call at once", () =>
    Effect.promise(async () => {
      const pipe = new PassThrough()
      const seen = collect(pipe)
      const claims: Array<string> = []
      Frames.read(pipe, {
        message: () => {},
        unreadable: (_, { message }) => {
          if (message.includes("claims 268435455 words") || message.includes("claims 67108865 words"))
            claims.push(message)
        }
      })
      // The most of each kind, by its tag: Latin-1, UTF-16, items, fields, octets.
      for (const tag of [6, 7, 8, 9, 10]) pipe.write(frame(tag, ((2 ** 28 - 1) << 4) | tag))
      // A number and a word too many, an array and one too few, and none at all.
      pipe.write(Buffer.concat([frame(1, (5 << 4) | 4, 0), frame(2, (2 << 4) | 8, 4), frame(3)]))
      Frames.write(pipe, 4, "after")
      pipe.end()
      await once(pipe, "end")
      const calls = [6, 7, 8, 9, 10, 1, 2, 3]
      assert.deepStrictEqual(seen, [...calls.map((call) => `unreadable ${call}`), "after"])
      // Items, fields and octets are refused before any is made: they would be gigabytes.
      assert.lengthOf(claims, 3)
    })
  )

  const Octets = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })))

  it.prop(
    "whatever their octets, are told or read, and those after them are read",
    [Arbitrary.schema(Octets)],
    ([octets]) => {
      const pipe = new PassThrough()
      const seen = collect(pipe)
      const head = Buffer.alloc(8)
      head.writeUInt32LE(octets.length, 0)
      pipe.emit("data", Buffer.concat([head, Buffer.from(octets)]))
      pipe.emit("data", frame(1, (7 << 4) | 4))
      assert.strictEqual(seen.length, 2)
      assert.strictEqual(seen[1], 7)
      return true
    }
  )

  it.live("that are sent while another is being written arrive whole, both", () =>
    Effect.promise(async () => {
      const pipe = new PassThrough()
      const seen = collect(pipe)
      const message = {
        first: 1,
        get second() {
          Frames.write(pipe, 2, ["from within", 2])
          return "second"
        }
      }
      Frames.write(pipe, 1, message)
      const thrower = {
        get field(): never {
          throw new RangeError("by the getter")
        }
      }
      assert.throws(() => Frames.write(pipe, 3, thrower), "by the getter")
      Frames.write(pipe, 4, "after")
      pipe.end()
      await once(pipe, "end")
      assert.deepStrictEqual(seen, [["from within", 2], { first: 1, second: "second" }, "after"])
    })
  )
})
