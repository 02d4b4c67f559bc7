/** One configuration for all strategies: every package's section together, as an app has them. */
import { assert, describe, it } from "@effect/vitest"
import { Call, LookupHost, Section, Settings, Source, Strategies } from "@handoff/core"
import { Dns } from "@handoff/dns"
import { Reactor } from "@handoff/reactor"
import { Threads } from "@handoff/threads"
import { Libc } from "@handoff/threads/libc"
import * as Effect from "effect/Effect"

const strategies = [Dns.strategy, Reactor.strategy, Threads.strategy, Libc.strategy] as const

const from = (...sources: ReadonlyArray<Source.Source>) => ({ sources: Effect.succeed(sources) })

describe("one configuration", () => {
  it("has a default, a range and a reason for every setting of every strategy, and is documented from the schema", () => {
    const sections = strategies.map(({ section }) => section as Section.Section<any>)
    const document = Settings.document(sections)
    for (const section of sections) {
      assert.isAbove(Object.keys(section.fields).length, 3)
      for (const field of Object.keys(section.fields)) assert.include(document, Section.variable(section, field))
    }
  })

  it.live("makes the strategies that it names, with their limits, from a file and the environment", () =>
    Effect.gen(function* () {
      const file = yield* Source.file(
        "handoff.toml",
        `executor = ["libc", "threads"]\n[threads]\nmaxThreads = 1\nidleTimeout = "5 seconds"\n`
      )
      const environment = Source.environment({ HANDOFF_LIBC_THREADS: "2" })
      const { router, running } = yield* Strategies.make(strategies, from(environment, file))
      assert.deepStrictEqual((yield* running).toSorted(), ["libc", "threads"])
      assert.isAbove((yield* router.run(new LookupHost({ name: "localhost" }))).length, 0)
      const octets = yield* router.run(new Call<Buffer>({ module: "node:crypto", function: "randomBytes", args: [8] }))
      assert.strictEqual(octets.length, 8)
      assert.strictEqual(router.explain("Call").chosen, "threads")
    })
  )

  it.effect("reports unknown keys and bad values of all strategies at once, each with where it stands", () =>
    Effect.gen(function* () {
      const file = yield* Source.file("handoff.yaml", "threads:\n  maxThreads: many\nreactor:\n  conections: 5\n")
      const environment = Source.environment({ HANDOFF_DNS_TIMEOUT: "-1", HANDOFF_LIBC_BACKEND: "magic" })
      const error = yield* Effect.flip(Strategies.make(strategies, from(environment, file)))
      assert.strictEqual(error._tag, "SettingsError")
      for (const part of [
        "HANDOFF_DNS_TIMEOUT",
        "HANDOFF_LIBC_BACKEND",
        "threads.maxThreads",
        "reactor.conections",
        "did you mean reactor.connections"
      ]) {
        assert.include(error.message, part)
      }
    })
  )
})
