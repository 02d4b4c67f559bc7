import { assert, describe, it } from "@effect/vitest"
import {
  Call,
  Direct,
  Executor,
  Lost,
  LookupHost,
  Observability,
  observe,
  Outstanding,
  type Task,
  Trace
} from "@handoff/core"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Otlp from "effect/observability/Otlp"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import * as References from "effect/References"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { call, held, lookup } from "./held.ts"

const now = { startImmediately: true } as const

/** A metric registry of the test's own, so that tests do not count each other's tasks. */
const ownMetrics = Layer.sync(Metric.MetricRegistry, () => new Map())

const listening = (options?: Observability.Options) =>
  Layer.mergeAll(Observability.layer(options).pipe(Layer.provideMerge(ownMetrics)))

/** One task of each outcome, a second apart. */
const one = Effect.gen(function* () {
  const { executor, outstanding, waiting } = held("dns")
  const observed = observe(executor)
  const run = Effect.fnUntraced(function* (exit: Exit.Exit<any, any>) {
    const fiber = yield* Effect.forkChild(Effect.exit(observed.run(lookup("a.test"))), now)
    yield* TestClock.adjust("1 second")
    waiting()[0]!.answer(exit)
    yield* Fiber.join(fiber)
  })
  yield* run(Exit.succeed([]))
  yield* run(Exit.fail("no"))
  yield* run(Exit.fail(new Lost({ executor: "dns", kind: "LookupHost", how: "crash" })))
  const given = yield* Effect.forkChild(observed.run(lookup("b.test")), now)
  yield* Fiber.interrupt(given)
  observed.submitUnsafe(call("f", 1), () => {}, yield* Effect.context<never>())
  assert.strictEqual(outstanding.size, 1)
  yield* Observability.sample
})

describe("observability", () => {
  it.effect("counts what ended how, by strategy and kind, and what is still there", () =>
    Effect.gen(function* () {
      yield* one
      const text = yield* PrometheusMetrics.format()
      const lines = text.split("\n").filter((line) => !line.startsWith("#"))
      for (const line of [
        'handoff_tasks_total{strategy="dns",kind="LookupHost",outcome="done"} 1',
        'handoff_tasks_total{strategy="dns",kind="LookupHost",outcome="failed"} 1',
        'handoff_tasks_total{strategy="dns",kind="LookupHost",outcome="lost"} 1',
        'handoff_tasks_total{strategy="dns",kind="LookupHost",outcome="cancelled"} 1',
        'handoff_run_milliseconds_count{strategy="dns",kind="LookupHost"} 3',
        'handoff_run_milliseconds_sum{strategy="dns",kind="LookupHost"} 3000',
        'handoff_wait_milliseconds_count{strategy="dns",kind="LookupHost"} 4',
        'handoff_running{strategy="dns"} 1',
        'handoff_queue_depth{strategy="dns"} 0'
      ]) {
        assert.include(lines, line)
      }
    }).pipe(Effect.provide(listening({ spans: false, logs: "none" })))
  )

  it.effect("measures the delay of the loop at intervals", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("5 seconds")
      const text = yield* PrometheusMetrics.format()
      assert.match(text, /handoff_loop_delay_milliseconds_count 5/)
    }).pipe(Effect.provide(listening()))
  )

  it.effect("makes a span per task, a child of the caller's, which a strategy can carry to a thread", () =>
    Effect.gen(function* () {
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      // What a strategy with threads does: the header is all that crosses.
      const outstanding = new Outstanding("threads")
      const overThere: Array<Tracer.ExternalSpan | undefined> = []
      const threads = Executor.make<Task.Any>({
        name: "threads",
        kinds: () => true,
        submitUnsafe: (task, onExit, context: Context.Context<never> | undefined) => {
          const message = structuredClone({ traceparent: Trace.header(context) })
          overThere.push(Trace.span(message.traceparent))
          const job = outstanding.admit(task, onExit)!
          queueMicrotask(() => job.answer(Exit.void))
          return job.cancel
        },
        stats: outstanding.statsEffect()
      })
      yield* observe(threads)
        .run(call("f"))
        .pipe(Effect.withSpan("request"), Effect.provideService(Tracer.Tracer, tracer))
      const [request, task] = spans
      assert.deepStrictEqual(
        spans.map(({ name }) => name),
        ["request", "handoff Call"]
      )
      assert.strictEqual(task!.traceId, request!.traceId)
      assert.strictEqual(task!.attributes.get("handoff.strategy"), "threads")
      assert.strictEqual(task!.status._tag, "Ended")
      assert.deepStrictEqual([overThere[0]!.traceId, overThere[0]!.spanId], [task!.traceId, task!.spanId])
    }).pipe(Effect.provide(listening()))
  )

  it("a text that is no traceparent is no span", () => {
    for (const text of [undefined, "", "00-xyz", "00-00-00-00"]) assert.isUndefined(Trace.span(text))
    assert.isUndefined(Trace.header(undefined))
  })

  for (const [logs, expected] of [
    ["lost", ["Warn a task was lost lost"]],
    [
      "all",
      [
        "Debug a task ended done",
        "Debug a task ended failed",
        "Warn a task was lost lost",
        "Debug a task ended cancelled"
      ]
    ],
    ["none", []]
  ] as const) {
    it.effect(`logs with fields: ${logs}`, () => {
      const lines: Array<string> = []
      const logger = Logger.make(({ fiber, logLevel, message }) => {
        const fields = fiber.getRef(References.CurrentLogAnnotations)
        assert.strictEqual(fields["strategy"], "dns")
        assert.strictEqual(fields["kind"], "LookupHost")
        lines.push(`${logLevel} ${String(message)} ${String(fields["outcome"])}`)
      })
      return Effect.gen(function* () {
        yield* one
        yield* Effect.yieldNow
        assert.deepStrictEqual(lines, [...expected])
      }).pipe(
        Effect.provide([
          listening({ logs, spans: false }),
          Logger.layer([logger]),
          Layer.succeed(References.MinimumLogLevel, "All")
        ])
      )
    })
  }

  it.effect("does not warn of tasks that the program's own end gives up", () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ logLevel }) => {
      lines.push(logLevel)
    })
    return Effect.gen(function* () {
      const { executor, outstanding } = held("dns")
      const fiber = yield* Effect.forkChild(Effect.flip(observe(executor).run(lookup("a.test"))), now)
      outstanding.close()
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Lost")
      assert.deepStrictEqual(lines, [])
    }).pipe(Effect.provide([listening(), Logger.layer([logger])]))
  })

  it.effect("keeps nothing when nobody listens", () =>
    Effect.gen(function* () {
      yield* one
      assert.strictEqual(yield* PrometheusMetrics.format(), "")
    }).pipe(Effect.provide(ownMetrics))
  )

  it.live("is exported by Effect's OTLP modules, and read back", () =>
    Effect.gen(function* () {
      const received: Array<{ readonly url: string; readonly body: any }> = []
      const server = createServer((request, response) => {
        let body = ""
        request.on("data", (chunk) => (body += chunk))
        request.on("end", () => {
          received.push({ url: request.url!, body: JSON.parse(body) })
          response.end("{}")
        })
      })
      yield* Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)))
      const { port } = server.address() as AddressInfo
      const otlp = Otlp.layerJson({
        baseUrl: `http://127.0.0.1:${port}`,
        resource: { serviceName: "handoff-test" },
        metricsExportInterval: "20 millis",
        tracerExportInterval: "20 millis",
        loggerExportInterval: "20 millis"
      }).pipe(Layer.provide(FetchHttpClient.layer))
      const program = Effect.gen(function* () {
        const direct = yield* Direct.make(
          [
            Direct.handle(Call, () => Effect.succeed(1)),
            Direct.handle(LookupHost, (task) =>
              Effect.fail(new Lost({ executor: "direct", kind: task._tag, how: "crash" }))
            )
          ],
          { name: "direct" }
        )
        const observed = observe(direct)
        yield* observed.run(call("f"))
        yield* Effect.ignore(observed.run(lookup("a.test")))
      })
      // Closing the layers exports what is left.
      yield* Effect.scoped(program).pipe(
        Effect.withSpan("request"),
        Effect.provide(Layer.provideMerge(Observability.layer(), Layer.provideMerge(otlp, ownMetrics)))
      )
      server.close()
      const of = (path: string) => received.filter(({ url }) => url === path).map(({ body }) => body)
      const spans = of("/v1/traces").flatMap((body) => body.resourceSpans[0].scopeSpans[0].spans)
      const request = spans.find(({ name }) => name === "request")
      const task = spans.find(({ name }) => name === "handoff Call")
      assert.strictEqual(task.parentSpanId, request.spanId)
      const metric = of("/v1/metrics")
        .at(-1)
        .resourceMetrics[0].scopeMetrics[0].metrics.find(({ name }: any) => name === "handoff_tasks_total")
      const counted = metric.sum.dataPoints.map(({ asDouble, asInt, attributes }: any) => [
        attributes.map(({ value }: any) => value.stringValue).join(" "),
        Number(asDouble ?? asInt)
      ])
      assert.sameDeepMembers(counted, [
        ["direct Call done", 1],
        ["direct LookupHost lost", 1]
      ])
      const records = of("/v1/logs").flatMap((body) => body.resourceLogs[0].scopeLogs[0].logRecords)
      const warning = records.find(({ body }) => body.stringValue === "a task was lost")
      assert.isDefined(warning)
      assert.strictEqual(warning.traceId, request.traceId)
    })
  )
})
