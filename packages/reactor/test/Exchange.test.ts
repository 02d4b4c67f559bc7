import { Call, Exchange, LookupHost } from "@handoff/core"
import { Reactor } from "@handoff/reactor"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Dns from "effect/net/Dns"
import * as Host from "effect/net/Host"
import * as NetAddress from "effect/net/NetAddress"
import { closedPort, echo, loopback, octets, tcp, text, udp } from "./support/peers.ts"
import { sockets } from "./support/turns.ts"

const until = (text: string) => ({ _tag: "Delimiter" as const, delimiter: octets(text) })

describe("Exchange", () => {
  it.live("ends at a delimiter, which is part of the reply, wherever the chunks end", () =>
    Effect.gen(function* () {
      const reactor = yield* Reactor.make()
      const peer = yield* tcp((socket) => {
        const parts = ["hel", "lo\r", "\nsurplus"]
        const next = () => {
          const part = parts.shift()
          if (part !== undefined) socket.write(part, () => setTimeout(next, 2))
        }
        next()
      })
      const reply = yield* reactor.run(
        new Exchange({ transport: "tcp", peer: peer.address, request: octets(""), until: until("\r\n") })
      )
      assert.strictEqual(text(reply.octets), "hello\r\n")
      assert.strictEqual(reply.peer, `127.0.0.1:${peer.port}`)
      assert.strictEqual(reply.end, "complete")
    })
  )

  it.live("ends after so many octets, and when the peer closes", () =>
    Effect.gen(function* () {
      const reactor = yield* Reactor.make()
      const peer = yield* tcp((socket) => socket.end("0123456789"))
      const to = { transport: "tcp" as const, peer: peer.address, request: octets("x") }
      const five = yield* reactor.run(new Exchange({ ...to, until: { _tag: "Octets", octets: 5 } }))
      const all = yield* reactor.run(new Exchange({ ...to, until: { _tag: "Close" } }))
      const closed = yield* reactor.run(new Exchange({ ...to, until: { _tag: "Octets", octets: 50 } }))
      assert.strictEqual(text(five.octets), "01234")
      assert.deepStrictEqual([text(all.octets), all.end], ["0123456789", "complete"])
      assert.deepStrictEqual([text(closed.octets), closed.end], ["0123456789", "closed"])
    })
  )

  it.live("carries a large request and a large reply", () =>
    Effect.gen(function* () {
      const reactor = yield* Reactor.make()
      const peer = yield* echo
      const request = new Uint8Array(3_000_000).map((_, at) => at * 7)
      const reply = yield* reactor.run(
        new Exchange({
          transport: "tcp",
          peer: peer.address,
          request,
          until: { _tag: "Octets", octets: request.length },
          maxOctets: request.length
        })
      )
      assert.isTrue(Buffer.from(reply.octets).equals(request))
    })
  )

  it.live("sends a datagram and takes one back", () =>
    Effect.gen(function* () {
      const reactor = yield* Reactor.make()
      const peer = yield* udp((question, reply) => reply(octets(`${text(question)}!`)))
      const reply = yield* reactor.run(
        new Exchange({ transport: "udp", peer: peer.address, request: octets("hi"), until: { _tag: "Datagram" } })
      )
      assert.strictEqual(text(reply.octets), "hi!")
    })
  )

  it.live("resolves names by the Dns that is provided, and tries the addresses in turn", () =>
    Effect.gen(function* () {
      const peer = yield* tcp((socket) => socket.end("found"))
      // Nobody listens at [::1] on that port.
      const zone = Dns.layerStatic({ hosts: { "there.example.org": ["::1", "127.0.0.1"] } })
      yield* Effect.gen(function* () {
        const reactor = yield* Reactor.make()
        const to = (name: string) =>
          new Exchange({
            transport: "tcp",
            peer: Host.hostPortFromStringUnsafe(`${name}:${peer.port}`),
            request: octets(""),
            until: { _tag: "Close" }
          })
        const reply = yield* reactor.run(to("there.example.org"))
        assert.strictEqual(text(reply.octets), "found")
        assert.strictEqual(reply.peer, `127.0.0.1:${peer.port}`)
        const missing = yield* Effect.flip(reactor.run(to("nowhere.example.org")))
        assert.strictEqual(missing._tag, "ExchangeError")
        if (missing._tag === "ExchangeError") {
          assert.deepStrictEqual([missing.stage, missing.reason], ["resolve", "NotFound"])
        }
      }).pipe(Effect.provide(zone))
    })
  )

  it.live("tells who, at which stage, why and how far", () =>
    Effect.gen(function* () {
      const reactor = yield* Reactor.make()
      const silent = yield* tcp(() => {})
      const half = yield* tcp((socket) => socket.write("half"))
      const shy = yield* tcp((socket) => socket.end())
      const rude = yield* tcp((socket) => {
        socket.write("some", () => setTimeout(() => socket.resetAndDestroy(), 5))
      })
      const closed = yield* closedPort
      const fail = (fields: Partial<ConstructorParameters<typeof Exchange>[0]>) =>
        reactor
          .run(
            new Exchange({
              ...({ transport: "tcp", peer: silent.address, request: octets("x"), until: until("\n") } as const),
              ...fields
            })
          )
          .pipe(
            Effect.flip,
            Effect.map((error) =>
              error._tag === "ExchangeError" ? [error.stage, error.reason, error.received, error.code] : [error._tag]
            )
          )
      const seen = yield* Effect.all(
        [
          fail({ peer: loopback(closed) }),
          fail({ idleTimeout: 30 }),
          fail({ peer: half.address, idleTimeout: 500 }),
          fail({ totalTimeout: 500 }),
          fail({ peer: shy.address }),
          fail({ peer: rude.address }),
          fail({ peer: half.address, maxOctets: 3 }),
          fail({ transport: "udp" }),
          fail({ transport: "udp", peer: loopback(closed), until: { _tag: "Datagram" } }),
          fail({ peer: NetAddress.unixPathAddress("/nowhere/at/all") }),
          fail({ until: { _tag: "Octets", octets: 100 }, maxOctets: 99 })
        ],
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(seen, [
        ["connect", "Refused", 0, "ECONNREFUSED"],
        ["receive", "Timeout", 0, "IdleTimeout"],
        ["receive", "Timeout", 4, "IdleTimeout"],
        ["receive", "Timeout", 0, "TotalTimeout"],
        ["receive", "Closed", 0, undefined],
        ["receive", "Reset", 4, "ECONNRESET"],
        ["receive", "TooLong", 4, undefined],
        ["send", "BadRequest", 0, undefined],
        ["receive", "Refused", 0, "ECONNREFUSED"],
        ["connect", "NotFound", 0, "ENOENT"],
        ["send", "BadRequest", 0, undefined]
      ])
    })
  )

  it.live("closes the socket at once when it is interrupted", () =>
    Effect.gen(function* () {
      const reactor = yield* Reactor.make()
      const peer = yield* tcp((socket) => socket.resume().on("end", () => socket.end()))
      const fiber = yield* Effect.forkChild(
        reactor.run(
          new Exchange({ transport: "tcp", peer: peer.address, request: octets("x"), until: { _tag: "Close" } })
        )
      )
      while (peer.open() === 0) yield* Effect.sleep(1)
      yield* Fiber.interrupt(fiber)
      while (peer.open() > 0) yield* Effect.sleep(1)
      const stats = yield* reactor.stats
      assert.deepStrictEqual([stats.running, stats.queued, stats.cancelled, stats.extra["connections"]], [0, 0, 1, 0])
    })
  )

  it.live("uses a kept connection again when told to keep them", () =>
    Effect.gen(function* () {
      const reactor = yield* Reactor.make({ keep: {} })
      const peer = yield* echo
      const ask = reactor.run(
        new Exchange({
          transport: "tcp",
          peer: peer.address,
          request: octets("ping"),
          until: { _tag: "Octets", octets: 4 }
        })
      )
      for (let i = 0; i < 5; i++) assert.strictEqual(text((yield* ask).octets), "ping")
      assert.strictEqual(peer.accepted(), 1)
      assert.strictEqual((yield* reactor.stats).extra["reused"], 4)
    })
  )

  it.live.each([{}, { keep: { idle: 600_000 } }])(
    "neither keeps nor leaks a connection whose peer answered and reads no more, with %j",
    (options) =>
      Effect.gen(function* () {
        const reactor = yield* Reactor.make(options)
        const peer = yield* tcp((socket) => socket.once("data", () => socket.pause().write("pong")))
        const before = sockets()
        const reply = yield* reactor.run(
          new Exchange({
            transport: "tcp",
            peer: peer.address,
            request: new Uint8Array(20_000_000),
            until: { _tag: "Octets", octets: 4 },
            idleTimeout: 100
          })
        )
        assert.strictEqual(text(reply.octets), "pong")
        // The peer's own is left.
        while (sockets() > before + 1) yield* Effect.sleep(1)
      })
  )

  it.live("keeps no connection on which it awaited no octets: a late answer is nobody else's", () =>
    Effect.gen(function* () {
      const reactor = yield* Reactor.make({ keep: {} })
      const peer = yield* echo
      const ask = (request: string, length: number) =>
        reactor.run(
          new Exchange({
            transport: "tcp",
            peer: peer.address,
            request: octets(request),
            until: { _tag: "Octets", octets: length }
          })
        )
      assert.strictEqual((yield* ask("tell", 0)).octets.length, 0)
      assert.strictEqual(text((yield* ask("ping", 4)).octets), "ping")
      assert.strictEqual((yield* ask("tell", 0)).octets.length, 0)
      const { extra } = yield* reactor.stats
      assert.deepStrictEqual([extra["reused"], extra["kept"]], [0, 1])
    })
  )

  it.live.each([0, 600_000])("sends the rest of what was answered when it closes, with %d ms to drain", (drain) =>
    Effect.gen(function* () {
      let got = 0
      const peer = yield* tcp((socket) => {
        if (drain === 0) socket.once("data", () => socket.pause())
        else socket.on("data", (chunk) => (got += chunk.length)).on("end", () => socket.end())
      })
      const before = sockets()
      yield* Effect.scoped(
        Effect.flatMap(Reactor.make({ drain }), (reactor) =>
          reactor.run(
            new Exchange({
              transport: "tcp",
              peer: peer.address,
              request: new Uint8Array(20_000_000),
              until: { _tag: "Octets", octets: 0 },
              idleTimeout: 600_000
            })
          )
        )
      )
      if (drain > 0) while (got < 20_000_000) yield* Effect.sleep(1)
      while (peer.accepted() === 0) yield* Effect.sleep(1)
      // At most the peer's own is left.
      while (sockets() > before + 1) yield* Effect.sleep(1)
    })
  )

  it.live("limits how many are open at once, per peer too", () =>
    Effect.gen(function* () {
      const reactor = yield* Reactor.make({ connections: 5, perPeer: 3 })
      let most = 0
      let now = 0
      const peer = yield* tcp((socket) => {
        most = Math.max(most, ++now)
        setTimeout(() => {
          now--
          socket.end("done")
        }, 5)
      })
      const ask = reactor.run(
        new Exchange({ transport: "tcp", peer: peer.address, request: octets(""), until: { _tag: "Close" } })
      )
      const replies = yield* Effect.all(
        Array.from({ length: 30 }, () => ask),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(replies.length, 30)
      assert.strictEqual(most, 3)
    })
  )
})

describe("Call inline", () => {
  it.live("runs on the loop, measures the delay and names who caused it", () =>
    Effect.gen(function* () {
      const reactor = yield* Reactor.make()
      const module = new URL("./fixtures/calls.ts", import.meta.url).href
      const sum = yield* reactor.run(new Call<number>({ module, function: "add", args: [2, 3] }))
      assert.strictEqual(sum, 5)
      yield* reactor.run(new Call({ module, function: "hold", args: [60] }))
      const { extra } = yield* reactor.stats
      assert.isAtLeast(extra["callLongestMillis"]!, 60)
      assert.strictEqual(reactor.holders[0]!.name, "Call hold")
      const error = yield* Effect.flip(reactor.run(new Call({ module, function: "fail", args: ["no"] })))
      assert.strictEqual(error._tag, "CallError")
      if (error._tag === "CallError") {
        assert.deepStrictEqual(
          [error.errorName, error.errorMessage, error.fields, error.cause],
          ["RangeError", "no", { level: 3 }, "because"]
        )
      }
    })
  )
})

describe("LookupHost", () => {
  it.live("answers addresses and localhost without asking", () =>
    Effect.gen(function* () {
      const reactor = yield* Reactor.make()
      const one = yield* reactor.run(new LookupHost({ name: "192.0.2.7" }))
      assert.deepStrictEqual(one.map(NetAddress.formatIp), ["192.0.2.7"])
      const local = yield* reactor.run(new LookupHost({ name: "localhost", family: "IPv4" }))
      assert.deepStrictEqual(local.map(NetAddress.formatIp), ["127.0.0.1"])
    })
  )
})
