import { assert, describe, it } from "@effect/vitest"
import { RouterSettings, Section, Setting, Settings, Source } from "@handoff/core"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"

const limit = (value: number, min: number, max: number, unit: string) => ({
  default: value,
  min,
  max,
  unit,
  reason: `a reason for ${value}`
})

const threads = Section.define("threads", {
  maxThreads: Setting.integer(limit(4, 1, 512, "threads")),
  idle: Setting.duration(limit(30_000, 0, 3_600_000, "ms")),
  heap: Setting.octets(limit(65_536, 0, 1_000_000_000, "octets")),
  share: Setting.number(limit(0.05, 0, 1, "of all")),
  start: Setting.word(["eager", "lazy"], { default: "lazy", reason: "a pool that is not used costs nothing" }),
  trace: Setting.flag({ default: false, reason: "quiet" }),
  label: Setting.text({ default: undefined, reason: "none needed" })
})
const sections = [RouterSettings.top, RouterSettings.kinds(), threads] as const

const files = {
  "handoff.toml": `executor = ["dns", "threads"]\nonLost = "next"\n[kinds]\nCall = "threads"\n[threads]\nmaxThreads = 2\nidle = "5 seconds"\nheap = "64 KiB"\n`,
  "handoff.yaml": `executor: [dns, threads]\nonLost: next\nkinds:\n  Call: threads\nthreads:\n  maxThreads: 2\n  idle: 5 seconds\n  heap: 64 KiB\n`,
  "handoff.json": JSON.stringify({
    executor: "dns,threads",
    onLost: "next",
    kinds: { Call: ["threads"] },
    threads: { maxThreads: 2, idle: 5000, heap: 65_536 }
  })
}

describe("one configuration", () => {
  it.effect("without any source is all defaults", () =>
    Effect.gen(function* () {
      const loaded = yield* Settings.load(sections, [])
      assert.deepStrictEqual(loaded.threads, {
        maxThreads: 4,
        idle: 30_000,
        heap: 65_536,
        share: 0.05,
        start: "lazy",
        trace: false,
        label: undefined
      })
    })
  )

  for (const [name, text] of Object.entries(files)) {
    it.effect(`reads the same from ${name}`, () =>
      Effect.gen(function* () {
        const loaded = yield* Settings.load(sections, [yield* Source.file(name, text)])
        assert.deepStrictEqual(loaded[""].executor, ["dns", "threads"])
        assert.strictEqual(loaded[""].onLost, "next")
        assert.deepStrictEqual(loaded.kinds["Call"], ["threads"])
        assert.strictEqual(loaded.threads.maxThreads, 2)
        assert.strictEqual(loaded.threads.idle, 5000)
        assert.strictEqual(loaded.threads.heap, 65_536)
      })
    )
  }

  it.effect("reads the environment, which wins over a file that comes after it", () =>
    Effect.gen(function* () {
      const environment = Source.environment({
        HANDOFF_EXECUTOR: "threads",
        HANDOFF_THREADS_MAX_THREADS: "8",
        HANDOFF_THREADS_TRACE: "yes",
        HANDOFF_KINDS_LOOKUP_HOST: "dns",
        PATH: "/bin"
      })
      const file = yield* Source.file("handoff.toml", files["handoff.toml"])
      const loaded = yield* Settings.load(sections, [environment, file])
      assert.deepStrictEqual(loaded[""].executor, ["threads"])
      assert.strictEqual(loaded.threads.maxThreads, 8)
      assert.strictEqual(loaded.threads.trace, true)
      assert.strictEqual(loaded.threads.idle, 5000)
      assert.deepStrictEqual(loaded.kinds["LookupHost"], ["dns"])
    })
  )

  it.effect("reads the ConfigProvider of the program, when no source is given", () =>
    Effect.gen(function* () {
      const env = { HANDOFF_THREADS_START: "eager" }
      const loaded = yield* Effect.provideService(
        Settings.load(sections),
        ConfigProvider.ConfigProvider,
        ConfigProvider.fromEnv({ env })
      )
      assert.strictEqual(loaded.threads.start, "eager")
    })
  )

  it.effect("reports unknown keys and bad values of all sources at once, each with where it stands", () =>
    Effect.gen(function* () {
      const environment = Source.environment({
        HANDOFF_EXECUTER: "dns",
        HANDOFF_THREADS_MAX_THREADS: "0",
        HANDOFF_THREADS_TRACE: "perhaps"
      })
      const file = yield* Source.file("handoff.yaml", "threads:\n  idle: soon\n  maxThread: 3\nreactor:\n  x: 1\n")
      const { problems } = yield* Effect.flip(Settings.load(sections, [environment, file]))
      assert.deepStrictEqual(
        problems.map(({ problem, source, where }) => `${source} | ${where} | ${problem}`),
        [
          "environment | HANDOFF_EXECUTER | unknown key; did you mean HANDOFF_EXECUTOR?",
          'environment | HANDOFF_THREADS_MAX_THREADS | expected a whole number of threads from 1 to 512, found "0"',
          'environment | HANDOFF_THREADS_TRACE | expected true or false, found "perhaps"',
          'handoff.yaml | threads.idle | expected a number of ms from 0 to 3600000, or a duration such as "5 seconds", found "soon"',
          "handoff.yaml | threads.maxThread | unknown key; did you mean threads.maxThreads?",
          "handoff.yaml | reactor.x | unknown key"
        ]
      )
    })
  )

  const unreadable: ReadonlyArray<readonly [name: string, text: string]> = [
    ["a.toml", "executor = "],
    ["a.json", "{"],
    ["a.yaml", "a: [1"],
    ["a.ini", "x=1"]
  ]
  for (const [name, text] of unreadable) {
    it.effect(`says that ${name} with ${JSON.stringify(text)} cannot be read`, () =>
      Effect.gen(function* () {
        const { problems } = yield* Effect.flip(Source.file(name, text))
        assert.strictEqual(problems.length, 1)
        assert.strictEqual(problems[0]!.source, name)
        assert.isAbove(problems[0]!.problem.length, 0)
      })
    )
  }

  it.effect("gives a strategy its own section and leaves the others alone", () =>
    Effect.gen(function* () {
      const source = Source.code({ threads: { maxThreads: 3 }, dns: { whatever: 1 } })
      assert.strictEqual((yield* Settings.loadSection(threads, [source])).maxThreads, 3)
      const bad = Source.code({ threads: { maxThreads: 3, nonsense: 1 }, dns: { whatever: 1 } })
      const { problems } = yield* Effect.flip(Settings.loadSection(threads, [bad]))
      assert.deepStrictEqual(
        problems.map(({ where }) => where),
        ["threads.nonsense"]
      )
    })
  )

  it.effect("gives a router its policy, and minds the sections of the strategies at hand", () =>
    Effect.gen(function* () {
      const env = {
        HANDOFF_EXECUTOR: "dns, threads",
        HANDOFF_ON_OVERLOADED: "next",
        HANDOFF_REPEATABLE: "Call",
        HANDOFF_KINDS_LOOKUPHOST: "dns",
        HANDOFF_THREADS_MAX_THREADS: "8"
      }
      const read = RouterSettings.policy({ others: [threads], sources: [Source.environment(env)] })
      assert.deepStrictEqual(yield* read, {
        preference: ["dns", "threads"],
        repeatable: ["Call"],
        onOverloaded: "next",
        onLost: "fail",
        kinds: { LookupHost: ["dns"] }
      })
      const alone = RouterSettings.policy({ sources: [Source.environment(env)] })
      assert.deepStrictEqual(
        (yield* Effect.flip(alone)).problems.map(({ where }) => where),
        ["HANDOFF_THREADS_MAX_THREADS"]
      )
    })
  )

  it.effect("is a Config of Effect's, a section at a time", () =>
    Effect.gen(function* () {
      const read = (env: Record<string, string>) =>
        Effect.provideService(
          Config.unwrap<{ readonly idle: number; readonly name: string }>({
            idle: Config.map(Settings.config(threads), ({ idle }) => idle),
            name: Config.succeed("x")
          }),
          ConfigProvider.ConfigProvider,
          ConfigProvider.fromEnv({ env })
        )
      assert.deepStrictEqual(yield* read({ HANDOFF_THREADS_IDLE: "2 seconds" }), { idle: 2000, name: "x" })
      const error = yield* Effect.flip(read({ HANDOFF_THREADS_IDLE: "-1", HANDOFF_THREADS_X: "1" }))
      assert.include(error.message, "HANDOFF_THREADS_IDLE: expected")
      assert.include(error.message, "HANDOFF_THREADS_X: unknown key")
    })
  )

  it.effect("takes a strategy's table of limits as it is", () =>
    Effect.gen(function* () {
      const limits = {
        idle: limit(1000, 0, 60_000, "milliseconds"),
        buffer: limit(65_536, 1, 1e9, "octets"),
        peers: limit(8, 1, 64, "peers")
      }
      const section = Section.define("reactor", Section.ofLimits(limits))
      const source = Source.environment({
        HANDOFF_REACTOR_IDLE: "5 seconds",
        HANDOFF_REACTOR_BUFFER: "1 MiB",
        HANDOFF_REACTOR_PEERS: "16"
      })
      assert.deepStrictEqual(yield* Settings.loadSection(section, [source]), {
        idle: 5000,
        buffer: 1_048_576,
        peers: 16
      })
      const wrong = yield* Effect.flip(
        Settings.loadSection(section, [Source.environment({ HANDOFF_REACTOR_PEERS: "1.5" })])
      )
      assert.strictEqual(wrong.problems[0]!.problem, 'expected a whole number of peers from 1 to 64, found "1.5"')
    })
  )

  it("documents the router's own settings in the README, as generated from the schema", () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8")
    // The formatter pads the columns of tables.
    const plain = (text: string) => text.replaceAll(/ +/g, " ").replaceAll(/ ?-+ ?/g, "-")
    assert.include(plain(readme), plain(Settings.document([RouterSettings.top, RouterSettings.kinds()])))
  })

  it("documents every key with its variable, default, unit, range and reason", () => {
    const lines = Settings.document([threads]).trimEnd().split("\n")
    assert.strictEqual(lines.length, 2 + Object.keys(threads.fields).length)
    assert.strictEqual(
      lines[2],
      "| `threads.maxThreads` | `HANDOFF_THREADS_MAX_THREADS` | 4 threads | a whole number of threads from 1 to 512 | a reason for 4 |"
    )
  })
})
