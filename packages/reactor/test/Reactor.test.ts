import { Call, Direct, Exchange, Task } from "@handoff/core"
import { Faults, Memory, Reactor, Server } from "@handoff/reactor"
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Dns from "effect/net/Dns"
import * as Host from "effect/net/Host"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { octets, tcp, text } from "./support/peers.ts"

class Shout extends Task.make("Shout", { payload: { text: Schema.String }, success: Schema.String }) {}
class Voice extends Context.Service<Voice, { readonly loud: (text: string) => string }>()("test/Voice") {}

const shout = Direct.handle(Shout, ({ text }) =>
  Effect.gen(function* () {
    const { loud } = yield* Voice
    if (text === "hold") {
      const end = performance.now() + 60
      while (performance.now() < end);
    }
    yield* Effect.sleep(1)
    return loud(text)
  })
)

const module = new URL("./fixtures/calls.ts", import.meta.url).href

describe("the reactor", () => {
  it.live("runs kinds of the app's own by effects, and names the one that holds the loop", () =>
    Effect.gen(function* () {
      const reactor = yield* Reactor.make({}, [shout])
      assert.strictEqual(yield* reactor.run(new Shout({ text: "hello" })), "HELLO")
      assert.deepStrictEqual(reactor.holders, [])
      yield* reactor.run(new Shout({ text: "hold" }))
      assert.strictEqual(reactor.holders[0]!.name, "handler of Shout")
      assert.isAtLeast(reactor.holders[0]!.longestMillis, 60)
      const fiber = yield* Effect.forkChild(reactor.run(new Shout({ text: "never mind" })))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* reactor.stats).running, 0)
    }).pipe(Effect.provideService(Voice, { loud: (text) => text.toUpperCase() }))
  )

  it.live("drains when it closes, and cuts what is left after the stated time", () =>
    Effect.gen(function* () {
      let answer: (() => void) | undefined
      let asked = 0
      const peer = yield* tcp((socket) => {
        socket.on("end", () => socket.end())
        socket.once("data", (chunk) => {
          asked++
          if (chunk.toString() === "quick") answer = () => socket.end("done")
        })
      })
      const scope = yield* Scope.make()
      const reactor = yield* Reactor.make({ drain: 300 }).pipe(Scope.provide(scope))
      const ask = (request: string) =>
        reactor.run(
          new Exchange({ transport: "tcp", peer: peer.address, request: octets(request), until: { _tag: "Close" } })
        )
      const quick = yield* Effect.forkChild(ask("quick"))
      const never = yield* Effect.forkChild(Effect.exit(ask("never")))
      while (asked < 2) yield* Effect.yieldNow
      const started = performance.now()
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      // The scope's first step, in the fiber's first turn, is to take no more.
      yield* Effect.yieldNow
      const late = yield* Effect.flip(ask("late"))
      assert.deepInclude(late, { _tag: "Overloaded", reason: "closed" })
      answer!()
      assert.strictEqual(text((yield* Fiber.join(quick)).octets), "done")
      const cut = yield* Fiber.join(never)
      assert.isAtLeast(performance.now() - started, 290)
      assert.isTrue(Exit.isFailure(cut))
      if (Exit.isFailure(cut)) assert.include(String(cut.cause), "Lost")
      yield* Fiber.join(closing)
      while (peer.open() > 0) yield* Effect.sleep(1)
    })
  )

  it.live("closes at once when nothing is outstanding", () =>
    Effect.gen(function* () {
      const started = performance.now()
      yield* Effect.scoped(Reactor.make({ drain: "1 minute" }))
      assert.isBelow(performance.now() - started, 60_000)
    })
  )

  it.live("goes on to the next address when the first hangs or fails its handshake (RFC 8305 section 5)", () =>
    Effect.gen(function* () {
      const network = new Memory.Network()
      const seen: Array<string> = []
      yield* Server.serve({ transport: "custom", listen: network.listen("192.0.2.2:7") }, (peer) =>
        peer.write(octets("found\n"))
      )
      const open = Faults.inject(
        (target, name, handler) => {
          if ("host" in target) seen.push(target.host)
          return network.open(target, name, handler)
        },
        (link) => (link === 0 ? { connect: "hang" } : undefined)
      )
      const dns = Dns.layerStatic({ hosts: { "many.example.org": ["2001:db8::1", "192.0.2.1", "192.0.2.2"] } })
      const reply = yield* Effect.gen(function* () {
        const reactor = yield* Reactor.make({ open, attemptDelay: 30 })
        return yield* reactor.run(
          new Exchange({
            transport: "tcp",
            peer: Host.hostPortFromStringUnsafe("many.example.org:7"),
            request: octets(""),
            until: { _tag: "Octets", octets: 6 }
          })
        )
      }).pipe(Effect.provide(dns))
      assert.strictEqual(text(reply.octets), "found\n")
      assert.deepStrictEqual(seen, ["2001:db8::1", "192.0.2.1", "192.0.2.2"])
      assert.strictEqual(reply.peer, "192.0.2.2:7")
    })
  )

  it.live("runs calls of one key in order, higher priorities first", () =>
    Effect.gen(function* () {
      const reactor = yield* Reactor.make()
      const record = (entry: string, priority: number) =>
        Effect.forkChild(
          reactor.run(new Call<ReadonlyArray<string>>({ module, function: "record", args: [entry], priority }))
        )
      const fibers = yield* Effect.all([record("low", -1), record("middle", 0), record("high", 1)])
      const logs = yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(logs.toSorted((a, b) => b.length - a.length)[0], ["high", "middle", "low"])
      const later = (value: number) =>
        reactor.run(new Call<number>({ module, function: "later", args: [value], key: "one at a time" }))
      const started = performance.now()
      assert.deepStrictEqual(yield* Effect.all([later(1), later(2), later(3)], { concurrency: "unbounded" }), [1, 2, 3])
      assert.isAtLeast(performance.now() - started, 12)
    })
  )

  it.live("takes its options from configuration, and refuses numbers out of range", () =>
    Effect.gen(function* () {
      const layer = Reactor.layerConfig({
        connections: Config.Int("CONNECTIONS"),
        idleTimeout: Config.Duration("IDLE_TIMEOUT")
      })
      const build = (env: Record<string, string>) =>
        Effect.exit(
          Effect.scoped(
            Effect.flatMap(
              Layer.build(layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env }))))),
              (context) => Context.get(context, Reactor.Service).stats
            )
          )
        )
      const made = yield* build({ CONNECTIONS: "7", IDLE_TIMEOUT: "3 seconds" })
      assert.strictEqual(Exit.isSuccess(made) ? made.value.extra["ceiling"] : undefined, 7)
      const wrong = yield* build({ CONNECTIONS: "0", IDLE_TIMEOUT: "3 seconds" })
      assert.include(String(Exit.isFailure(wrong) ? wrong.cause : ""), "connections must be from 1")
    })
  )
})
