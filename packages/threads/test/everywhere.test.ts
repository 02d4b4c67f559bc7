/** What holds of a pool of threads holds of one of processes: the same calls, over both. */
import { assert, describe, it } from "@effect/vitest"
import type { CallError, Lost } from "@handoff/core"
import { Threads } from "@handoff/threads"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { mkdtempSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { MessageChannel, type MessagePort } from "node:worker_threads"
import type * as functions from "./modules/functions.ts"
import type * as hooks from "./modules/hooks.ts"
import type * as hostile from "./modules/hostile.ts"
import { wasm } from "./modules/hostile.ts"
import type * as scoped from "./modules/scoped.ts"
import type * as slow from "./modules/slow.ts"
import * as pools from "./pools.ts"
import { fork, stat, until } from "./pools.ts"

const at = (name: string): URL => new URL(`./modules/${name}.ts`, import.meta.url)
const f = Threads.module<typeof functions>(at("functions"))
const h = Threads.module<typeof hooks>(at("hooks"))
const m = Threads.module<typeof hostile>(at("hostile"))
const s = Threads.module<typeof scoped>(at("scoped"))
const late = Threads.module<typeof slow>(at("slow"))

const failure = <E>(effect: Effect.Effect<unknown, E, Threads.Threads>) =>
  Effect.map(Effect.flip(effect), (error) => error as CallError)

for (const isolation of ["thread", "process"] as const) {
  const withPool = <A, E>(options: Threads.Options, effect: Effect.Effect<A, E, Threads.Threads>) =>
    pools.withPool({ isolation, ...options }, effect)

  describe(`over a ${isolation}`, () => {
    it.live("whatever a function gives back or throws ends its own call, and no other", () =>
      withPool(
        { maxThreads: 1 },
        Effect.gen(function* () {
          yield* f.add(1, 1)
          for (const effect of [m.thenThrows(), m.promisesThenThrows(), m.iteratorThrows(), m.locked()]) {
            const error = yield* failure(effect)
            assert.strictEqual(error._tag, "CallError")
            assert.strictEqual(error.errorMessage, "nobody may look")
          }
          assert.strictEqual((yield* failure(m.fieldThrows())).errorMessage, "nobody may look")
          assert.strictEqual((yield* failure(m.throwsUndefined())).errorName, "undefined")
          assert.strictEqual((yield* failure(m.throwsNull())).errorName, "null")
          assert.strictEqual((yield* failure(m.throwsFrozen())).errorMessage, "frozen")
          assert.strictEqual((yield* failure(m.throwsLocked()))._tag, "CallError")
          assert.deepInclude((yield* failure(m.throwsCycle())).cause, { name: "Error", message: "round" })
          assert.strictEqual(yield* m.settlesTwice(), 1)
          assert.strictEqual((yield* failure(f.notClonable())).errorName, "DataCloneError")
          assert.strictEqual((yield* failure(f.echo(() => 1))).errorName, "DataCloneError")
          assert.strictEqual((yield* failure(f.throwText())).fields, "just text")
          assert.strictEqual(yield* f.add(20, 22), 42)
          assert.strictEqual(yield* stat("restarts"), 0)
        })
      )
    )

    it.live("errors keep class, message, stack, cause and fields, those of an aggregate too", () =>
      withPool(
        {},
        Effect.gen(function* () {
          const plain = yield* failure(f.overheat(99))
          assert.deepInclude(plain, { errorName: "TooHot", errorMessage: "99 degrees", fields: { degrees: 99 } })
          assert.include(plain.errorStack, "functions.ts")
          assert.deepInclude(plain.cause, { name: "TypeError", message: "no fan" })
          const both = yield* failure(m.throwsNameless())
          assert.strictEqual(both.errorName, "AggregateError")
          const [first] = (both.fields as { readonly errors: ReadonlyArray<any> }).errors
          assert.deepInclude(first, { name: "Boiling", message: "first" })
          assert.strictEqual(first.fields.degrees, 100)
          assert.include(first.stack, "hostile.ts")
          assert.deepInclude(first.cause, { name: "TypeError", message: "no fan" })
        })
      )
    )

    it.live("a module that talks to the pool itself is not listened to", () =>
      withPool(
        { maxThreads: 1 },
        Effect.gen(function* () {
          for (let i = 0; i < 3; i++) assert.strictEqual(yield* m.babbles(), "said")
          assert.strictEqual(yield* f.add(1, 2), 3)
        })
      )
    )

    it.live("a thenable that never settles can be given up, and its thread is replaced", () =>
      withPool(
        { maxThreads: 1 },
        Effect.gen(function* () {
          yield* f.add(1, 1)
          const error = yield* Effect.flip(m.neverSettles.with({ timeout: 30, onInterrupt: "terminate" })())
          assert.isTrue(Cause.isTimeoutError(error))
          assert.strictEqual(yield* f.add(1, 2), 3)
        })
      )
    )

    it.live("a stream given up before its generator exists leaves its thread free", () =>
      withPool(
        { maxThreads: 1 },
        Effect.gen(function* () {
          yield* f.add(1, 1)
          const loading = yield* fork(Stream.runCollect(late.count.stream(1_000_000)))
          yield* Effect.sleep(50)
          yield* Fiber.interrupt(loading)
          assert.strictEqual(yield* late.hasBegun(), 0)
          const waiting = yield* fork(Stream.runCollect(m.lateCount.stream(1_000_000)))
          yield* Effect.sleep(50)
          yield* Fiber.interrupt(waiting)
          assert.strictEqual(yield* f.add(1, 2), 3)
          assert.strictEqual(yield* stat("abandoned"), 0)
        })
      )
    )

    it.live("a generator without end that is gathered can be given up", () =>
      withPool(
        { maxThreads: 1 },
        Effect.gen(function* () {
          yield* f.add(1, 1)
          const gathering = yield* fork(m.forEver())
          yield* Effect.sleep(20)
          yield* Fiber.interrupt(gathering)
          assert.strictEqual(yield* f.add(1, 2), 3)
        })
      )
    )

    it.live("streams have back-pressure, errors and a time limit", () =>
      withPool(
        { maxThreads: 1 },
        Effect.gen(function* () {
          const sum = yield* Stream.runFold(
            f.countTo.stream(10_000),
            () => 0,
            (sum, one) => sum + one
          )
          assert.strictEqual(sum, 50_005_000)
          assert.deepStrictEqual(
            yield* Stream.runCollect(Stream.take(f.counting.stream(1_000_000), 10)),
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
          )
          assert.isAtMost(yield* f.producedSoFar(), 128)
          assert.deepStrictEqual(yield* Stream.runCollect(f.countSlowly.stream(5)), [1, 2, 3, 4, 5])
          const seen: Array<unknown> = []
          const collect = (stream: Stream.Stream<unknown, unknown, Threads.Threads>) =>
            Effect.flip(Stream.runForEach(stream, (one) => Effect.sync(() => seen.push(one))))
          assert.deepInclude(yield* collect(f.breaksAt.stream(3)), { errorName: "RangeError" })
          // Those before it arrive, though they travel with it.
          assert.deepInclude(yield* collect(m.breaksOff.stream()), { errorName: "DataCloneError" })
          assert.deepStrictEqual(seen, [1, 2, 1, 2])
          const error = yield* collect(m.lateCount.with({ timeout: 30 }).stream(3))
          assert.isTrue(Cause.isTimeoutError(error))
        })
      )
    )

    it.live("what a generator asks of its call it is told, and what it tells arrives", () =>
      withPool(
        { maxThreads: 1 },
        Effect.gen(function* () {
          for (const one of [m.inItsScope, m.laterInItsScope]) {
            const told: Array<unknown> = []
            const items = yield* Stream.runCollect(one.with({ onProgress: (value) => told.push(value) }).stream())
            assert.deepStrictEqual(items, [{ request: 7 }, 0])
            assert.deepStrictEqual(told, ["first", "last"])
          }
        }).pipe(Effect.annotateLogs({ request: 7 }))
      )
    )

    it.live("what a call tells after its end reaches no other call", () =>
      withPool(
        { maxThreads: 1 },
        Effect.gen(function* () {
          yield* m.tellsLate()
          const told: Array<unknown> = []
          assert.strictEqual(yield* m.waits.with({ onProgress: (value) => told.push(value) })(60), "waited")
          assert.deepStrictEqual(told, ["waiting"])
        })
      )
    )

    it.live("large buffers are copied, in arguments, results and items, and stay the sender's", () =>
      withPool(
        { maxThreads: 1 },
        Effect.gen(function* () {
          const octets = new Uint8Array(200_000).fill(3)
          assert.strictEqual(yield* f.sumOf(octets), 600_000)
          assert.strictEqual(octets.length, 200_000)
          const keeper = yield* m.kept(200_000)
          keeper.fill(1)
          assert.deepStrictEqual(yield* m.kept(200_000), new Uint8Array(200_000).fill(7))
          const items = yield* Stream.runCollect(m.keptItems.stream(200_000))
          assert.deepStrictEqual(items, [new Uint8Array(200_000).fill(7), new Uint8Array(200_000).fill(7)])
          assert.deepStrictEqual(yield* m.kept(200_000), items[0])
        })
      )
    )

    it.live("what is wrapped in `move` arrives unwrapped: alone, from `map`, and from a generator", () =>
      withPool(
        {},
        Effect.gen(function* () {
          const good = (values: ReadonlyArray<Uint8Array>, count: number) => {
            assert.strictEqual(values.length, count)
            for (const value of values) assert.strictEqual(value[99], 7)
          }
          good([yield* m.movedBuffer(100)], 1)
          good(yield* m.movedBuffer.map([100, 100, 100]), 3)
          good(yield* m.movedLater.map([100, 100, 100]), 3)
          good(yield* m.movedItems(100), 3)
          good(yield* Stream.runCollect(m.movedItems.stream(100)), 3)
        })
      )
    )

    it.live("arrays keep what they have beside their items", () =>
      withPool(
        {},
        Effect.gen(function* () {
          const match = (yield* m.matches("abc")) as RegExpExecArray
          const { groups: _, ...rest }: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(match))
          assert.deepStrictEqual(rest, { 0: "bc", 1: "c", index: 1, input: "abc" })
          assert.deepStrictEqual({ ...match.groups }, { next: "c" })
          assert.strictEqual(((yield* f.echo(match)) as RegExpExecArray).index, 1)
        })
      )
    )

    it.live("of typed arrays class and octets arrive, and a buffer of their own", () =>
      withPool(
        {},
        Effect.gen(function* () {
          const octets = new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7, 8])
          const views = [
            octets.subarray(1, 5),
            new Float64Array([0.5, -1]),
            new BigInt64Array([-5n]),
            new DataView(new ArrayBuffer(3)),
            new Uint16Array([1, 2, 3])
          ]
          for (const view of views) {
            assert.deepStrictEqual(yield* f.echo(view), view)
            assert.strictEqual(yield* m.isView(view), Object.prototype.toString.call(view))
          }
          const text = yield* f.echoOctets(Buffer.from("text"))
          assert.strictEqual(new TextDecoder().decode(text), "text")
          assert.isFalse(Buffer.isBuffer(text))
          // Not a piece of what it came in.
          assert.strictEqual(text.buffer.byteLength, 4)
        })
      )
    )

    const Tenant = Context.Reference<unknown>("test/Tenant", { defaultValue: () => "nobody" })

    it.live("trace, annotations and portable references travel; what cannot is left out", () =>
      withPool(
        { portable: [Tenant] },
        Effect.gen(function* () {
          const span = yield* Effect.currentSpan
          const carry = yield* s.carried()
          assert.deepStrictEqual(carry, {
            trace: { traceId: span.traceId, spanId: span.spanId, sampled: span.sampled },
            annotations: { request: 7, tags: ["a"] },
            refs: { "test/Tenant": "acme" }
          })
          const bare = (yield* s.carried().pipe(Effect.provideService(Tenant, new Map([[1, () => 1]])))) as any
          assert.isUndefined(bare.refs)
          const port = new MessageChannel().port1
          assert.isDefined(yield* s.carried().pipe(Effect.annotateLogs({ port })))
        }).pipe(
          Effect.provideService(Tenant, "acme"),
          Effect.annotateLogs({ request: 7, tags: ["a"], f: () => 1, deep: { f: () => 1 } }),
          Effect.withSpan("caller"),
          Effect.orDie
        )
      )
    )

    it.live("progress is told, and a call that is given up hears of it", () =>
      withPool(
        { maxThreads: 1 },
        Effect.gen(function* () {
          const told: Array<unknown> = []
          assert.strictEqual(yield* s.inSteps.with({ onProgress: (value) => told.push(value) })(3), "done")
          assert.strictEqual(told.length, 3)
          const fiber = yield* fork(s.untilAborted())
          yield* Effect.sleep(50)
          yield* Fiber.interrupt(fiber)
          yield* until(Effect.map(stat("abandoned"), (abandoned) => abandoned === 0))
          assert.strictEqual(yield* stat("restarts"), 0)
        })
      )
    )

    it.live("keys run in order, and priorities before what came earlier", () =>
      withPool(
        { maxThreads: 1, callsPerThread: 8 },
        Effect.gen(function* () {
          const order: Array<number> = []
          const one = f.slowly.with({ key: "a" })
          yield* Effect.forEach([20, 1, 10, 1], (delay, i) => Effect.map(one(i, delay), (i) => order.push(i)), {
            concurrency: "unbounded"
          })
          assert.deepStrictEqual(order, [0, 1, 2, 3])
        })
      ).pipe(
        Effect.andThen(
          withPool(
            { maxThreads: 1 },
            Effect.gen(function* () {
              yield* f.add(1, 1)
              const blocker = yield* fork(f.spin(100))
              const words = ["least", "low", "usual", "none", "high", "most"]
              const priorities = [-Infinity, -5, 0, Number.NaN, 5, Infinity]
              const fibers = yield* Effect.forEach(words, (word, i) =>
                fork(f.note.with({ priority: priorities[i] })(word))
              )
              yield* Fiber.join(blocker)
              for (const fiber of fibers) yield* Fiber.join(fiber)
              assert.deepStrictEqual(yield* f.noted(), ["most", "high", "usual", "none", "low", "least"])
            })
          )
        )
      )
    )

    it.live("pinned keys keep their state", () =>
      withPool(
        { keys: "pinned", minThreads: 2 },
        Effect.gen(function* () {
          for (let turn = 1; turn <= 3; turn++) {
            const counts = yield* Effect.forEach(["a", "b", "c"], (key) => h.count.with({ key })(key), {
              concurrency: "unbounded"
            })
            assert.deepStrictEqual(counts, [turn, turn, turn])
          }
        })
      )
    )

    it.live("hooks run before the first call and after the last", () => {
      const file = join(mkdtempSync(join(tmpdir(), "handoff-")), "stopped")
      return Effect.gen(function* () {
        yield* withPool(
          { maxThreads: 1, hooks: { module: at("hooks").href }, data: { file } },
          Effect.gen(function* () {
            assert.deepStrictEqual(yield* h.whatIsOpen(), { file })
            // An idle worker stops by itself when the pool closes.
            yield* Effect.sleep(50)
          })
        )
        assert.strictEqual(readFileSync(file, "utf8"), "stopped after 1")
      })
    })

    it.live("an array in chunks, in order, and refused chunks", () =>
      withPool(
        {},
        Effect.gen(function* () {
          const items = Array.from({ length: 1_000 }, (_, i) => i)
          assert.deepStrictEqual(yield* f.echo.map(items), items)
          assert.deepStrictEqual(yield* f.echo.map(items, { chunk: Infinity }), items)
          assert.deepStrictEqual(yield* f.echo.map([]), [])
          for (const chunk of [0, -1, 0.5, Number.NaN]) {
            const exit = yield* Effect.exit(f.echo.map(items, { chunk }))
            assert.include(String(exit), `chunk is a whole number from 1 to Infinity, not ${chunk}`)
          }
        })
      )
    )

    it.live("a thread that ends takes its own calls along, with how and why", () =>
      withPool(
        { maxThreads: 1, callsPerThread: 2 },
        Effect.gen(function* () {
          const lost = (effect: Effect.Effect<unknown, unknown, Threads.Threads>) =>
            Effect.map(Effect.flip(effect), (error) => error as Lost)
          assert.deepInclude(yield* lost(f.exit(5)), { _tag: "Lost", how: "exit", exitCode: 5 })
          const waiting = yield* fork(lost(f.never()))
          yield* m.loud()
          const crash = yield* Fiber.join(waiting)
          assert.strictEqual(crash.how, "crash")
          assert.include(crash.detail, "uncaught")
          assert.include(String((crash.cause as Error).stack), "hostile.ts")
          assert.strictEqual(yield* f.add(1, 2), 3)
        })
      )
    )

    it.live("an answer given just before the end is an answer", () =>
      withPool(
        { maxThreads: 1 },
        Effect.gen(function* () {
          for (let i = 1; i <= 5; i++) {
            assert.strictEqual((yield* m.answersAndExits(100)).length, 100)
            // A call handed to the one that is about to end would be lost, and rightly.
            yield* until(Effect.map(stat("restarts"), (restarts) => restarts === i))
          }
        })
      )
    )

    if (isolation === "thread") {
      it.live("ports are moved both ways", () =>
        withPool(
          {},
          Effect.gen(function* () {
            const answer = (port: MessagePort) =>
              Effect.promise(
                () =>
                  new Promise((resolve) => {
                    port.once("message", resolve)
                    port.postMessage(21)
                  })
              )
            const { port1, port2 } = new MessageChannel()
            yield* m.listens.with({ transfer: [port2] })(port2)
            assert.strictEqual(yield* answer(port1), 21)
            assert.isAtLeast((yield* answer(yield* m.opens())) as number, 21)
            assert.strictEqual((yield* failure(m.listens(new MessageChannel().port1)))._tag, "CallError")
          })
        )
      )
    }

    it.live("a transfer list of many items is shared out over the calls that a map makes", () =>
      withPool(
        {},
        Effect.gen(function* () {
          const items = Array.from({ length: 10 }, (_, i) => ({ n: [new Uint8Array(8).fill(i)] }))
          const transfer = items.map(({ n }) => n[0]!.buffer)
          const sums = yield* m.sumsOf.map(items, { chunk: 3, transfer })
          assert.deepStrictEqual(
            sums,
            items.map((_, i) => 8 * i)
          )
          if (isolation === "thread") assert.isTrue(transfer.every(({ byteLength }) => byteLength === 0))
        })
      )
    )

    it.live("an argument that throws anything when it is read fails its own call", () =>
      withPool(
        { maxThreads: 1 },
        Effect.gen(function* () {
          for (const thrown of [undefined, null, Object.create(null), "no", new RangeError("no")]) {
            const argument = {
              get n(): never {
                throw thrown
              }
            }
            assert.strictEqual((yield* failure(f.add(argument as never, 1)))._tag, "CallError")
          }
          assert.strictEqual(yield* f.add(1, 2), 3)
        })
      )
    )

    it.live("a transfer list with duplicates, or of what was moved before, fails its own call", () =>
      withPool(
        { maxThreads: 1 },
        Effect.gen(function* () {
          if (isolation === "thread") {
            assert.strictEqual((yield* failure(m.movedTwice(100))).errorName, "DataCloneError")
            const octets = new Uint8Array(100)
            const { buffer } = octets
            const twice = f.sumOf.with({ transfer: [buffer, buffer] })
            assert.strictEqual((yield* failure(twice(octets))).errorName, "DataCloneError")
            assert.strictEqual(octets.length, 100)
          }
          const moved = new Uint8Array(8)
          structuredClone(moved, { transfer: [moved.buffer] })
          assert.strictEqual((yield* failure(f.sumOf(moved))).errorName, "DataCloneError")
          assert.strictEqual(yield* f.add(1, 2), 3)
        })
      )
    )
  })
}

describe("over a process", () => {
  const withProcess = <A, E>(effect: Effect.Effect<A, E, Threads.Threads>) =>
    Effect.provide(effect, Threads.layer({ maxThreads: 1, isolation: "process" }))

  it.live("what is shared or moved is refused by name, in every place", () =>
    withProcess(
      Effect.gen(function* () {
        yield* f.add(1, 1)
        const { port1 } = new MessageChannel()
        const refused = [
          f.echo(new SharedArrayBuffer(8)),
          f.echo({ deep: [new Uint8Array(new SharedArrayBuffer(8))] }),
          f.echo(port1),
          m.listens.with({ transfer: [port1] })(port1),
          m.sharedView(),
          m.opens()
        ]
        for (const effect of refused) {
          const error = yield* failure(effect)
          assert.strictEqual(error.errorName, "DataCloneError")
          assert.include(error.errorMessage, "does not reach another process")
        }
        // V8 writes it, and cannot read it: once that ended the process that read.
        for (const effect of [m.wasm(), f.echo(wasm())]) {
          assert.include((yield* failure(effect)).errorMessage, "cannot be read")
        }
        assert.strictEqual(yield* f.add(1, 2), 3)
        assert.strictEqual(yield* stat("restarts"), 0)
      })
    )
  )

  it.live("large arguments and results arrive whole", () =>
    withProcess(
      Effect.gen(function* () {
        for (const size of [65_535, 1_000_000, 20_000_000]) {
          const octets = new Uint8Array(size).fill(3)
          octets[size - 1] = 9
          const back = yield* f.echoOctets(octets)
          assert.strictEqual(Buffer.compare(back, octets), 0)
          assert.strictEqual(back.buffer.byteLength, size)
        }
      })
    )
  )
})
