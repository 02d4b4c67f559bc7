/** What bounds hold against: whoever comes slowly, gives up early, or asks for nonsense. */
import { Call, Exchange } from "@handoff/core"
import { Connection, Faults, Framing, Gate, Memory, Proxy, Protocol, Reactor, Server } from "@handoff/reactor"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Dns from "effect/net/Dns"
import * as Host from "effect/net/Host"
import * as net from "node:net"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { certificates } from "./support/certificates.ts"
import { closedPort, octets, tcp, text } from "./support/peers.ts"
import { turns, until } from "./support/turns.ts"

const line = Framing.lines()

const ask = (endpoint: string, options: Connection.Options, question: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const client = yield* Connection.connect(endpoint, options)
      yield* client.writeFrame(line, octets(question))
      return text(yield* client.read(line))
    })
  )

describe("a TLS server", () => {
  for (const [name, options] of [
    ["in all", { connections: 2 }],
    ["per peer", { perPeer: 2 }]
  ] as const) {
    it.live(`counts those who never finish their handshake, ${name}`, () =>
      Effect.gen(function* () {
        const { ca, good } = certificates()
        const server = yield* Server.serve(
          { transport: "tls", ...good, handshakeTimeout: 300 },
          (peer) => Effect.flatMap(peer.read(line), (question) => peer.writeFrame(line, question)),
          { ...options, drain: 0 }
        )
        const counted = { ...(yield* server.stats) }
        const silent = [1, 2, 3].map(() => net.connect(server.port, "127.0.0.1").on("error", () => {}))
        let closed = 0
        for (const socket of silent) socket.on("close", () => closed++)
        while (counted.accepted + counted.refused < 3) {
          Object.assign(counted, yield* server.stats)
          yield* Effect.yieldNow
        }
        assert.deepInclude(counted, { accepted: 2, refused: 1, open: 2 })
        yield* until(() => closed === 1)
        // The others are let go when they are late.
        yield* until(() => closed === 3)
        while ((yield* server.stats).open > 0) yield* Effect.yieldNow
        assert.strictEqual(yield* ask(`tls:127.0.0.1:${server.port}`, { tls: { ca } }, "room?"), "room?")
        while ((yield* server.stats).open > 0) yield* Effect.yieldNow
      })
    )
  }
})

describe("a TLS client", () => {
  it.live("that leaves before its handshake is counted no longer", () =>
    Effect.gen(function* () {
      const { good } = certificates()
      const server = yield* Server.serve(
        { transport: "tls", ...good, handshakeTimeout: 3_600_000 },
        (peer) => peer.readSome,
        { drain: 0 }
      )
      const stats = (): Server.Stats => Effect.runSync(server.stats)
      // One says nothing at all, one begins a handshake; both close their side, in order.
      for (const said of ["", "\u0016\u0003\u0001"]) {
        const { accepted } = stats()
        const socket = net.connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true }).on("error", () => {})
        socket.resume()
        yield* until(() => stats().accepted > accepted)
        assert.strictEqual(stats().open, 1)
        socket.end(said, "latin1")
        yield* until(() => stats().open === 0)
        socket.destroy()
      }
    })
  )
})

describe("a server", () => {
  it.live("waits for the finalizers of handlers that it interrupts", () =>
    Effect.gen(function* () {
      const steps: Array<string> = []
      const scope = yield* Scope.make()
      const server = yield* Server.serve(
        {},
        () =>
          Effect.ensuring(
            Effect.never,
            // Some turns of the loop, as for a line in a log or a database.
            Effect.andThen(
              until(turns(20)),
              Effect.sync(() => steps.push("put away"))
            )
          ),
        { drain: 0 }
      ).pipe(Scope.provide(scope))
      yield* Connection.connect(`tcp:${server.address}`)
      yield* until(() => Effect.runSync(server.stats).open === 1)
      yield* Scope.close(scope, Exit.void)
      steps.push("closed")
      assert.deepStrictEqual(steps, ["put away", "closed"])
    })
  )

  it.live("given up before it listens leaves no listening socket", () =>
    Effect.gen(function* () {
      const listeners = (): number =>
        process.getActiveResourcesInfo().filter((resource) => resource === "TCPServerWrap").length
      const before = listeners()
      for (let steps = 0; steps < 5; steps++) {
        const fiber = Effect.runFork(
          Effect.scoped(
            Effect.andThen(
              Server.serve({}, () => Effect.void),
              Effect.never
            )
          )
        )
        for (let step = 0; step < steps; step++) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        yield* until(() => listeners() <= before)
      }
    })
  )

  it.live("in memory that is closed twice leaves alone who listens there now", () =>
    Effect.gen(function* () {
      const network = new Memory.Network()
      const listen = { transport: "custom", listen: network.listen("192.0.2.1:7") } as const
      const answer = (reply: string) => (peer: Connection.Connection) =>
        Effect.andThen(peer.read(line), peer.writeFrame(line, octets(reply)))
      const first = yield* Server.serve(listen, answer("first"), { drain: 0 })
      yield* first.stop
      yield* Server.serve(listen, answer("second"), { drain: 0 })
      yield* first.stop
      assert.strictEqual(yield* ask("tcp:192.0.2.1:7", { open: network.open }, "who?"), "second")
    })
  )

  it.live("of a protocol whose factory throws closes that connection, tells it, and serves the next", () =>
    Effect.gen(function* () {
      const failures: Array<string> = []
      let made = 0
      const server = yield* Protocol.serve(
        {},
        () => {
          if (made++ === 0) throw new RangeError("a bug")
          return { framing: line, frameReceived: (frame, transport) => void transport.writeFrame(frame) }
        },
        { onFailure: (_peer, exit) => void failures.push(Exit.isFailure(exit) ? String(exit.cause) : "?") }
      )
      assert.isTrue(Exit.isFailure(yield* Effect.exit(ask(`tcp:${server.address}`, {}, "hello"))))
      assert.strictEqual(yield* ask(`tcp:${server.address}`, {}, "hello"), "hello")
      assert.strictEqual(failures.length, 1)
      assert.include(failures[0], "a bug")
    })
  )
})

describe("descriptors", () => {
  it.live("are taken from kept connections when others have none", () =>
    Effect.gen(function* () {
      const network = new Memory.Network()
      const names = ["a", "b", "c", "d"].map((name) => `${name}.example.org`)
      for (let i = 0; i < 4; i++) {
        yield* Server.serve(
          { transport: "custom", listen: network.listen(`192.0.2.${i}:7`) },
          (peer) => Effect.forever(Effect.flatMap(peer.read(line), (frame) => peer.writeFrame(line, frame))),
          { drain: 0 }
        )
      }
      // Room for three connections; each has two ends here.
      const open = Faults.inject(network.open, () => (network.links.size >= 6 ? { connect: "EMFILE" } : undefined))
      const hosts = Object.fromEntries(names.map((name, i) => [name, [`192.0.2.${i}`]]))
      const reactor = yield* Reactor.make({ open, keep: {}, connectTimeout: 200, drain: 0 }).pipe(
        Effect.provide(Dns.layerStatic({ hosts }))
      )
      for (const name of names) {
        const { octets: reply } = yield* reactor.run(
          new Exchange({
            transport: "tcp",
            peer: Host.hostPortFromStringUnsafe(`${name}:7`),
            request: octets(`${name}\n`),
            until: { _tag: "Delimiter", delimiter: octets("\n") }
          })
        )
        assert.strictEqual(text(reply).trim(), name)
      }
    })
  )
})

describe("the gate", () => {
  it("keeps nobody who has given up for as long as his key is busy", async () => {
    const gate = new Gate.Gate({ limit: 10, perKey: 1, now: () => 0, later: () => () => {} })
    const entrant = (): Gate.Entrant => ({ gateKey: "a", gate: "outside", admit: () => {} })
    const busy = entrant()
    const patient = entrant()
    gate.enter(busy)
    gate.enter(patient)
    const gone: Array<WeakRef<Gate.Entrant>> = []
    const giveUp = (): void => {
      for (let i = 0; i < 1_000; i++) {
        const one = entrant()
        gate.enter(one)
        gone.push(new WeakRef(one))
        gate.leave(one)
      }
    }
    giveUp()
    setFlagsFromString("--expose-gc")
    // What a WeakRef was made of is held until the turn ends.
    await new Promise((resolve) => setImmediate(resolve))
    const collect = runInNewContext("gc") as () => void
    collect()
    assert.isBelow(gone.filter((one) => one.deref() !== undefined).length, 100)
    gate.leave(busy)
    assert.strictEqual(patient.gate, "inside")
  })
})

describe("options", () => {
  it("out of their range are named", () => {
    for (const options of [{ rate: 0 }, { ratePerPeer: -1 }, { rate: Number.NaN }, { keep: { maxUses: 0 } }]) {
      assert.throws(() => Effect.runSync(Effect.scoped(Reactor.make(options))), RangeError)
    }
  })
})

describe("an exchange", () => {
  for (const transport of ["tcp", "udp"] as const) {
    it.live(`over ${transport} with a name that fails at once is not answered before its caller can give it up`, () =>
      Effect.gen(function* () {
        const reactor = yield* Reactor.make({ drain: 0 }).pipe(Effect.provide(Dns.layerStatic({ hosts: {} })))
        let returned = false
        const answered = yield* Effect.callback<boolean>((resume) => {
          reactor.submitUnsafe(
            new Exchange({
              transport,
              peer: Host.hostPortFromStringUnsafe("nobody.example.org:7"),
              request: octets("x"),
              until: transport === "udp" ? { _tag: "Datagram" } : { _tag: "Close" }
            }),
            () => resume(Effect.succeed(returned))
          )
          returned = true
        })
        assert.isTrue(answered)
      })
    )
  }
})

describe("through a proxy", () => {
  it.live("what was said to it counts neither as sent nor as received", () =>
    Effect.gen(function* () {
      const peer = yield* tcp((socket) =>
        socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nVia: test\r\n\r\n"))
      )
      const client = yield* Connection.connect(`tcp:127.0.0.1:${yield* closedPort}`, {
        proxy: { kind: "connect", host: "127.0.0.1", port: peer.port },
        firstByteTimeout: 30
      })
      const error = yield* Effect.flip(client.read(line))
      assert.deepInclude(error, { _tag: "FirstByteTimeout", sent: 0, received: 0 })
    })
  )

  it("an address with a zone is asked for without it", () => {
    const negotiator = Proxy.socks5({}, { host: "fe80::1%eth0", port: 7 })
    const step = negotiator.push(Uint8Array.of(5, 0))
    assert.deepStrictEqual(
      step._tag === "Send" ? Array.from(step.octets) : step,
      [5, 1, 0, 4, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 7]
    )
    assert.include(
      Buffer.from(Proxy.connectHttp({}, { host: "fe80::1%eth0", port: 7 }).first).toString(),
      "[fe80::1]:7"
    )
  })
})

describe("Call inline", () => {
  it.live("tells of anything thrown, and of calls given up among thousands that wait for a key", () =>
    Effect.gen(function* () {
      const reactor = yield* Reactor.make({ drain: 0 })
      const module = new URL("./fixtures/calls.ts", import.meta.url).href
      const error = yield* Effect.flip(reactor.run(new Call({ module, function: "throwBare", args: [] })))
      assert.deepInclude(error, { _tag: "CallError", errorName: "object" })
      const named = yield* Effect.flip(reactor.run(new Call({ module, function: "throwUnnamed", args: [] })))
      assert.deepInclude(named, { _tag: "CallError", errorName: "OutOfPaper", errorMessage: "tray 2" })
      const several = yield* Effect.flip(reactor.run(new Call({ module, function: "throwSeveral", args: [] })))
      assert.strictEqual(several._tag, "CallError")
      if (several._tag === "CallError") {
        assert.strictEqual(several.errorName, "AggregateError")
        const { errors } = several.fields as { readonly errors: ReadonlyArray<object> }
        assert.deepInclude(errors[0], { name: "OutOfPaper", message: "tray 1" })
        assert.deepInclude(errors[1], { name: "RangeError", message: "no" })
        assert.deepInclude(several.cause, { name: "OutOfPaper", message: "tray 3" })
      }
      const hostile = yield* Effect.flip(reactor.run(new Call({ module, function: "throwHostile", args: [] })))
      assert.strictEqual(hostile._tag, "CallError")
      const kept = Array.from({ length: 200_000 }, () =>
        reactor.submitUnsafe(new Call({ module, function: "later", args: [1], key: "one" }), () => {})
      )
      assert.strictEqual(yield* reactor.run(new Call<number>({ module, function: "add", args: [2, 3] })), 5)
      for (const cancel of kept) cancel()
    })
  )
})
