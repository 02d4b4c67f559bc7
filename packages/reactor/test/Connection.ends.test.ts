/** What is left of a connection that ends, gives up or changes in mid-conversation: nothing, and no lie. */
import { Connection, Framing, Link, Memory, Protocol, Reactor, Server } from "@handoff/reactor"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scheduler from "effect/Scheduler"
import * as Dns from "effect/net/Dns"
import * as net from "node:net"
import { certificates } from "./support/certificates.ts"
import { octets, tcp, text } from "./support/peers.ts"
import { sockets, turns, until } from "./support/turns.ts"

const line = Framing.lines()

/** Timers on the wheel of deadlines. */
const deadlines = Effect.scoped(
  Effect.flatMap(Reactor.make({ drain: 0 }), (reactor) =>
    Effect.map(reactor.stats, ({ extra }) => extra["deadlines"] as number)
  )
)

describe("STARTTLS", () => {
  it.live("takes nothing that was said before for something said under TLS (RFC 3207 section 6)", () =>
    Effect.gen(function* () {
      const { ca } = certificates()
      // Somebody in between has put a line of his behind the server's.
      const peer = yield* tcp((socket) => socket.write("220 go ahead\r\n250 what an attacker says\r\n"))
      const client = yield* Connection.connect(`tcp:127.0.0.1:${peer.port}`)
      assert.strictEqual(text(yield* client.read(line)), "220 go ahead")
      const error = yield* Effect.flip(client.startTls({ ca, serverName: "good.example.org" }))
      assert.deepInclude(error, {
        _tag: "TlsFailed",
        stage: "tls",
        detail: "27 octets came in plain text and were not read before TLS"
      })
      assert.strictEqual((yield* Effect.flip(client.read(line)))._tag, "TlsFailed")
      yield* until(() => peer.open() === 0)
    })
  )

  it.live("by a protocol costs it its connection when something was said before", () =>
    Effect.gen(function* () {
      const { good } = certificates()
      const lost: Array<string> = []
      const frames: Array<string> = []
      const server = yield* Protocol.serve({}, () => ({
        framing: line,
        frameReceived: (frame, transport) => {
          frames.push(text(frame))
          if (text(frame) === "STARTTLS") transport.startTls(good)
        },
        connectionLost: (reason) => void lost.push(reason?.message ?? "in order")
      }))
      const socket = net.connect(server.port, "127.0.0.1").on("error", () => {})
      socket.write("STARTTLS\r\nDELETE everything\r\n")
      yield* until(() => lost.length === 1)
      assert.deepStrictEqual(frames, ["STARTTLS"])
      assert.include(lost[0], "19 octets came in plain text")
      socket.destroy()
    })
  )

  it.live("checks the address where no name was given", () =>
    Effect.gen(function* () {
      const { ca, good, other } = certificates()
      for (const [pair, expected] of [
        [good, "authorized"],
        [other, "ERR_TLS_CERT_ALTNAME_INVALID"]
      ] as const) {
        const server = yield* Server.serve({ transport: "tls", ...pair }, (peer) => peer.readSome, { drain: 0 })
        const client = yield* Connection.connect(`tcp:${server.address}`)
        const exit = yield* Effect.exit(client.startTls({ ca }))
        const reason = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
        const got = reason?._tag === "Fail" && reason.error._tag === "TlsFailed" ? reason.error.code : "authorized"
        assert.strictEqual(got, expected)
      }
    })
  )
})

describe("a connection", () => {
  it.live("that has closed its side says so to whoever writes, and goes on reading", () =>
    Effect.gen(function* () {
      const server = yield* Server.serve({}, (peer) =>
        Effect.andThen(peer.read(Framing.untilClose()), peer.writeFrame(line, octets("understood")))
      )
      const client = yield* Connection.connect(`tcp:${server.address}`)
      yield* client.write(octets("all I have"))
      yield* client.end
      assert.isFalse(client.isOpen)
      assert.strictEqual((yield* Effect.flip(client.write(octets("one more"))))._tag, "Closed")
      assert.strictEqual(text(yield* client.read(line)), "understood")
      assert.isTrue(Option.isNone(yield* client.readSome))
    })
  )

  it.live("is not cut for a silence that nobody waits through: a write that was given up", () =>
    Effect.gen(function* () {
      const network = new Memory.Network({ highWaterOctets: 10 })
      const far: Array<Protocol.Transport> = []
      yield* Protocol.serve(
        { transport: "custom", listen: network.listen("192.0.2.1:7") },
        () => ({
          connectionMade: (transport) => {
            transport.pauseProducing()
            far.push(transport)
          }
        }),
        { drain: 0 }
      )
      const client = yield* Connection.connect("tcp:192.0.2.1:7", { open: network.open, idleTimeout: 30 })
      const before = yield* deadlines
      const writing = yield* Effect.forkChild(client.write(new Uint8Array(100)))
      yield* until(() => far.length === 1 && client.sent === 100)
      assert.strictEqual(yield* deadlines, before + 1)
      yield* Fiber.interrupt(writing)
      assert.strictEqual(yield* deadlines, before)
      // Whoever still waits is told, and so is nobody else.
      const first = yield* Effect.forkChild(client.write(new Uint8Array(100)))
      const second = yield* Effect.forkChild(client.write(new Uint8Array(100)))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(first)
      far[0]!.resumeReading()
      yield* Fiber.join(second)
      assert.isTrue(client.isOpen)
    })
  )

  it.live("leaves no timer behind, however it ends", () =>
    Effect.gen(function* () {
      const before = yield* deadlines
      const open = sockets()
      const options = { totalTimeout: "1 minute", firstByteTimeout: "1 minute", idleTimeout: "1 minute" } as const
      const server = yield* Server.serve(
        {},
        // Done before the listener has heard of it.
        (peer) => Effect.asVoid(peer.write(octets("hello"))),
        { ...options, drain: 0 }
      )
      const failing = yield* Server.serve({}, () => Effect.fail("at once"), { ...options, drain: 0 })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const client = yield* Connection.connect(`tcp:${server.address}`, options)
          yield* client.read(Framing.fixed(5))
        })
      )
      yield* Effect.scoped(
        Effect.exit(Effect.flatMap(Connection.connect(`tcp:${failing.address}`, options), (client) => client.readSome))
      )
      // Names that are answered at once, and badly.
      const zone = Dns.layerStatic({ hosts: {} })
      const error = yield* Effect.flip(Effect.scoped(Connection.connect("tcp:nobody.example.org:80"))).pipe(
        Effect.provide(zone)
      )
      assert.strictEqual(error._tag, "ResolveFailed")
      yield* until(() => sockets() <= open)
      assert.strictEqual(yield* deadlines, before)
    })
  )

  it.live("that is given up at any step of its opening leaves no link", () =>
    Effect.gen(function* () {
      const network = new Memory.Network()
      yield* Server.serve({ transport: "custom", listen: network.listen("192.0.2.1:7") }, (peer) => peer.readSome, {
        drain: 0
      })
      let given = 0
      // The fiber yields at one step after the link stands, each time another one, and is given up there.
      for (let step = 1; step <= 40; step++) {
        let steps: number | undefined
        const scheduler = new Scheduler.MixedScheduler()
        scheduler.shouldYield = () => {
          if (steps === undefined || ++steps !== step) return false
          queueMicrotask(() => fiber.interruptUnsafe())
          given++
          return true
        }
        const fiber: Fiber.Fiber<void, unknown> = Effect.runFork(
          Connection.connect("tcp:far.example.org:7", {
            open: (target, name, handler) =>
              network.open(target, name, {
                ...Link.deaf,
                onOpen: (link) => {
                  steps = 0
                  handler.onOpen(link)
                }
              })
          }).pipe(
            Effect.andThen(Effect.never),
            Effect.scoped,
            Effect.provide(Dns.layerStatic({ hosts: { "far.example.org": ["192.0.2.1"] } })),
            Effect.provideService(Scheduler.Scheduler, scheduler)
          )
        )
        yield* until(() => steps !== undefined)
        yield* Effect.exit(Fiber.interrupt(fiber))
        yield* until(() => network.links.size === 0).pipe(Effect.timeout(500), Effect.orDie)
      }
      assert.isAbove(given, 5)
      assert.isBelow(given, 40)
    })
  )
})

describe("a read", () => {
  it.live("that is given up at any of its steps loses no octet", () =>
    Effect.gen(function* () {
      const network = new Memory.Network()
      const far: Array<Protocol.Transport> = []
      yield* Protocol.serve(
        { transport: "custom", listen: network.listen("192.0.2.1:7") },
        () => ({ connectionMade: (transport) => void far.push(transport) }),
        { drain: 0 }
      )
      for (const [how, readOf] of [
        ["read", (client: Connection.Connection) => client.read(line)],
        ["readSome", (client: Connection.Connection) => client.readSome]
      ] as const) {
        for (const early of [false, true]) {
          let given = 0
          for (let step = 1; step <= 20; step++) {
            const client = yield* Connection.connect("tcp:192.0.2.1:7", { open: network.open })
            yield* until(() => far.length > 0)
            const transport = far.pop()!
            let steps: number | undefined
            let got: unknown
            const scheduler = new Scheduler.MixedScheduler()
            scheduler.shouldYield = () => {
              if (got !== undefined || steps === undefined || ++steps !== step) return false
              queueMicrotask(() => fiber.interruptUnsafe())
              given++
              return true
            }
            if (early) {
              transport.write(octets("hello\n"))
              yield* until(() => client.received === 6)
              steps = 0
            }
            const fiber: Fiber.Fiber<void, unknown> = Effect.runFork(
              Effect.flatMap(readOf(client) as Effect.Effect<unknown, unknown>, (frame) => {
                got = frame
                return Effect.void
              }).pipe(Effect.provideService(Scheduler.Scheduler, scheduler))
            )
            if (!early) {
              // The reader waits by now; from here on its steps are counted.
              yield* until(turns(2))
              steps = 0
              transport.write(octets("hello\n"))
            }
            yield* until(() => client.received === 6)
            yield* until(() => fiber.pollUnsafe() !== undefined)
            if (got === undefined) {
              const left = yield* Effect.timeoutOption(client.read(line), 500)
              assert.strictEqual(Option.isSome(left) ? text(left.value) : "lost", "hello", `${how}, step ${step}`)
            }
            yield* client.close
          }
          assert.isAbove(given, 0)
          assert.isBelow(given, 20)
        }
      }
    })
  )
})

describe("names", () => {
  it.live("are told by the address tried last when connecting takes too long", () =>
    Effect.gen(function* () {
      const tried: Array<string> = []
      const network = new Memory.Network()
      const error = yield* Effect.flip(
        Effect.scoped(
          Connection.connect("tcp:far.example.org:7", {
            connectTimeout: 20,
            // Nobody ever answers.
            open: (target, name, handler) => {
              tried.push("host" in target ? target.host : "")
              const link = network.open(target, name, handler)
              link.handler = Link.deaf
              return link
            }
          })
        )
      ).pipe(Effect.provide(Dns.layerStatic({ hosts: { "far.example.org": ["192.0.2.9"] } })))
      assert.deepStrictEqual(tried, ["192.0.2.9"])
      assert.deepInclude(error, { _tag: "ConnectTimeout", stage: "connect", peer: "192.0.2.9:7" })
    })
  )

  it.live("of which looking up dies are a failure to resolve, as every other", () =>
    Effect.gen(function* () {
      const dns = Dns.make({ lookup: () => Effect.die(new TypeError("a bug")) })
      const error = yield* Effect.flip(Effect.scoped(Connection.connect("tcp:example.org:80"))).pipe(
        Effect.provideService(Dns.Dns, dns)
      )
      assert.deepInclude(error, { _tag: "ResolveFailed", stage: "resolve", code: "Unknown" })
    })
  )
})
