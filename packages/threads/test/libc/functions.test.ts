import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { type CFunctionError, Libc } from "@handoff/threads/libc"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"

const snprintf = Libc.function("", "snprintf", {
  args: [
    ...(["buffer", "size", "string"] as const),
    ...(["string", "int32", "double", "int64", "double", "int64", "int64", "int64", "int64", "double"] as const)
  ],
  returns: "int32"
})
const read = Libc.function("", "read", { args: ["int32", "buffer", "size"], returns: "int64", fails: "negative" })
const open = Libc.function("", "open", {
  args: ["string", "int32", "uint32"],
  returns: "int32",
  fails: "negative"
})
const sleep = Libc.function("", "sleep", { args: ["uint32"], returns: "uint32" })

const asFunctionError = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.strictEqual(error._tag, "CFunctionError")
    return error as unknown as CFunctionError
  })

/** A pipe that the file system has a name for: whoever opens one end blocks until the other is opened. */
const fifo = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "handoff-"))
    const file = path.join(folder, "fifo")
    execFileSync("mkfifo", [file])
    return file
  }),
  (file) => Effect.sync(() => fs.rmSync(path.dirname(file), { recursive: true }))
)

/** Waits until `condition` holds, for as long as the test lasts. */
const until = (condition: Effect.Effect<boolean, never, Libc.Libc>) =>
  Effect.repeat(Effect.delay(condition, "2 millis"), { until: (holds) => holds })

/** Until a thread has taken the only call that is outstanding. A call that none has taken yet is dropped, not abandoned. */
const taken = until(
  Effect.map(
    Effect.flatMap(Libc.Libc, (libc) => libc.stats),
    ({ extra: { idle, threads } }) => (threads ?? 0) - (idle ?? 0) === 1
  )
).pipe(Effect.andThen(Effect.sleep("50 millis")))

const abandoned = Effect.map(
  Effect.flatMap(Libc.Libc, (libc) => libc.stats),
  ({ extra }) => extra["abandoned"]!
)

describe("a bound C function", () => {
  it("has the types of its signature", () => {
    const pow = Libc.function("libm", "pow", { args: ["double", "double"], returns: "double" })
    expectTypeOf(pow).parameters.toExtend<readonly [number, number]>()
    expectTypeOf(pow).returns.toExtend<Effect.Effect<number, unknown, Libc.Libc>>()
    // @ts-expect-error one argument is missing
    void pow(1)
    expectTypeOf(read).parameters.toExtend<readonly [number, Uint8Array | null, number | bigint]>()
  })
})

for (const backend of ["addon", "workers"] as const) {
  const provided = Effect.provide(Libc.layer({ backend, threads: 2 }))

  describe(`C functions by ${backend}`, () => {
    it.live("take and return reals", () =>
      Effect.gen(function* () {
        const cbrt = Libc.function("libm", "cbrt", { args: ["double"], returns: "double" })
        assert.closeTo(yield* cbrt(27), 3, 1e-12)
        const ldexp = Libc.function("libm.so.6", "ldexp", { args: ["double", "int32"], returns: "double" })
        assert.strictEqual(yield* ldexp(0.75, 4), 12)
        const powf = Libc.function("libm", "powf", { args: ["float", "float"], returns: "float" })
        assert.strictEqual(yield* powf(1.5, 2), 2.25)
      }).pipe(provided)
    )

    it.live("take and return integers of every width, negative ones as well", () =>
      Effect.gen(function* () {
        const abs = Libc.function("", "abs", { args: ["int32"], returns: "int32" })
        assert.strictEqual(yield* abs(-(2 ** 31 - 1)), 2 ** 31 - 1)
        const labs = Libc.function("", "labs", { args: ["int64"], returns: "int64" })
        assert.strictEqual(yield* labs(-(2n ** 62n)), 2n ** 62n)
        const htonl = Libc.function("", "htonl", { args: ["uint32"], returns: "uint32" })
        assert.strictEqual(yield* htonl(0xff), 0xff000000)
        const strtoul = Libc.function("", "strtoul", { args: ["string", "pointer", "int32"], returns: "uint64" })
        assert.strictEqual(yield* strtoul("18446744073709551615", null, 10), 2n ** 64n - 1n)
      }).pipe(provided)
    )

    it.live("take more arguments than there are registers, of both kinds, and write into a buffer", () =>
      Effect.gen(function* () {
        const text = new Uint8Array(100)
        const format = "%s %d %.2f %ld %.1f %ld %ld %ld %ld %.3f"
        const written = yield* snprintf(text, text.length, format, "tau", -2, 6.28, 3, 0.5, 4n, 5n, -6n, 7n, 8.125)
        assert.strictEqual(Buffer.from(text.subarray(0, written)).toString(), "tau -2 6.28 3 0.5 4 5 -6 7 8.125")
      }).pipe(provided)
    )

    it.live("copy strings both ways, and null", () =>
      Effect.gen(function* () {
        const strerror = Libc.function("", "strerror", { args: ["int32"], returns: "string" })
        assert.include(yield* strerror(os.constants.errno.ENOENT), "No such file")
        const getenv = Libc.function("", "getenv", { args: ["string"], returns: "string" })
        assert.isNull(yield* getenv("HANDOFF_NO_SUCH_VARIABLE"))
        const strlen = Libc.function("", "strlen", { args: ["string"], returns: "size" })
        assert.strictEqual(yield* strlen("z\u00e9ro"), 5n)
      }).pipe(provided)
    )

    it.live("fail with errno's name where the signature says how they fail", () =>
      Effect.gen(function* () {
        const error = yield* asFunctionError(open("/nonexistent/file", 0, 0))
        assert.deepStrictEqual([error.reason, error.errno], ["Failed", "ENOENT"])
        const outcome = yield* Libc.function("", "open", {
          args: ["string", "int32", "uint32"],
          returns: "int32"
        }).outcome("/nonexistent/file", 0, 0)
        assert.deepStrictEqual(outcome, { value: -1, errno: os.constants.errno.ENOENT })
        const fallocate = Libc.function("", "posix_fallocate", {
          args: ["int32", "int64", "int64"],
          returns: "int32",
          fails: "returned"
        })
        assert.strictEqual((yield* asFunctionError(fallocate(-1, 0, 1))).errno, "EBADF")
        const strtol = Libc.function("", "strtol", {
          args: ["string", "pointer", "int32"],
          returns: "int64",
          fails: "errno"
        })
        assert.strictEqual((yield* asFunctionError(strtol("9".repeat(40), null, 10))).errno, "ERANGE")
        assert.strictEqual(yield* strtol("-12", null, 10), -12n)
      }).pipe(provided)
    )

    it.live("that do not exist, or are called wrongly, are refused without a call", () =>
      Effect.gen(function* () {
        const reasonOf = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
          Effect.map(asFunctionError(effect), ({ reason }) => reason)
        const nothing = { args: [], returns: "void" } as const
        assert.strictEqual(yield* reasonOf(Libc.function("libnosuch", "f", nothing)()), "NoLibrary")
        assert.strictEqual(yield* reasonOf(Libc.function("libm", "no_such_symbol", nothing)()), "NoSymbol")
        for (const args of [[1.5], ["1"], [2 ** 31], [1, 2]]) {
          const abs = Libc.function("", "abs", { args: ["int32"], returns: "int32" })
          assert.strictEqual(yield* reasonOf(abs(...(args as [number]))), "BadCall", JSON.stringify(args))
        }
      }).pipe(provided)
    )

    it.live("that block delay nobody, and answer when they return", () =>
      Effect.gen(function* () {
        const file = yield* fifo
        const reader = yield* Effect.forkChild(open(file, 0, 0), {
          startImmediately: true
        })
        const writer = yield* open(file, 1, 0)
        const descriptor = yield* Fiber.join(reader)
        const buffer = new Uint8Array(16)
        const reading = yield* Effect.forkChild(read(descriptor, buffer, buffer.length), { startImmediately: true })
        yield* Effect.sleep("20 millis")
        assert.isUndefined(reading.pollUnsafe())
        fs.writeSync(writer, "octets")
        assert.strictEqual(yield* Fiber.join(reading), 6n)
        assert.strictEqual(Buffer.from(buffer.subarray(0, 6)).toString(), "octets")
        fs.closeSync(writer)
        assert.strictEqual(yield* read(descriptor, buffer, 16), 0n)
        fs.closeSync(descriptor)
      }).pipe(Effect.scoped, provided)
    )

    it.live("that are interrupted while they block keep their thread, and what they write reaches nobody", () =>
      Effect.gen(function* () {
        const file = yield* fifo
        const [descriptor, writer] = yield* Effect.all([open(file, 0, 0), open(file, 1, 0)], { concurrency: 2 })
        const buffer = new Uint8Array(16)
        const reading = yield* Effect.forkChild(read(descriptor, buffer, 16), { startImmediately: true })
        yield* taken
        yield* Fiber.interrupt(reading)
        assert.strictEqual(yield* abandoned, 1)
        // The other thread still works.
        const labs = Libc.function("", "labs", { args: ["int64"], returns: "int64" })
        assert.strictEqual(yield* labs(-3n), 3n)
        fs.writeSync(writer, "too late")
        yield* until(Effect.map(abandoned, (count) => count === 0))
        assert.deepStrictEqual(buffer, new Uint8Array(16))
        fs.closeSync(writer)
        fs.closeSync(descriptor)
      }).pipe(Effect.scoped, provided)
    )

    it.live("wait for a thread in the order in which they came; one that is given up then never starts", () =>
      Effect.gen(function* () {
        const libc = yield* Libc.Libc
        const [one, two] = yield* Effect.all([fifo, fifo])
        const blocked = yield* Effect.forEach([one, two], (file) =>
          Effect.forkChild(open(file, 0, 0), { startImmediately: true })
        )
        const queued = yield* Effect.forkChild(sleep(1000), { startImmediately: true })
        assert.strictEqual((yield* libc.stats).queued, 1)
        yield* Fiber.interrupt(queued)
        assert.deepInclude(yield* libc.stats, { queued: 0, running: 2, cancelled: 1 })
        // A writer lets the blocked open return; in between all threads are taken.
        const ends = yield* Effect.forEach([one, two], (file) => Effect.promise(() => fs.promises.open(file, "r+")))
        for (const descriptor of yield* Effect.forEach(blocked, Fiber.join)) fs.closeSync(descriptor)
        yield* Effect.forEach(ends, (end) => Effect.promise(() => end.close()))
        assert.strictEqual(yield* abandoned, 0)
      }).pipe(Effect.scoped, provided)
    )

    it.live("that take longer than they may fail, and go on", () =>
      Effect.gen(function* () {
        const file = yield* fifo
        const impatient = Libc.function("", "open", {
          args: ["string", "int32", "uint32"],
          returns: "int32",
          timeout: 300
        })
        const [elapsed, error] = yield* Effect.timed(asFunctionError(impatient(file, 0, 0)))
        assert.strictEqual(error.reason, "Timeout")
        assert.isAtLeast(Duration.toMillis(elapsed), 290)
        assert.strictEqual(yield* abandoned, 1)
        const end = yield* Effect.promise(() => fs.promises.open(file, "r+"))
        yield* until(Effect.map(abandoned, (count) => count === 0))
        yield* Effect.promise(() => end.close())
      }).pipe(Effect.scoped, provided)
    )
  })
}
