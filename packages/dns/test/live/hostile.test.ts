/** Servers that mean harm cost bounded time, memory and queries, on real sockets; and closing ends within a second. */
import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Executor, ExchangeError, type Exchange } from "@handoff/core"
import { Dig, Dns, Transport } from "@handoff/dns"
import { Message } from "@handoff/dns/wire"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as dgram from "node:dgram"
import * as ScriptedServer from "../support/ScriptedServer.ts"

const { a, asked, cname, reply } = ScriptedServer
const fine: ScriptedServer.Script = (heard) => [reply(heard, { answers: [a(asked(heard), "192.0.2.7")] })]
const make = (server: string, options: Dns.Options = {}) =>
  Dns.make({ servers: [server], hosts: false, timeout: "1 second", attempts: 1, ...options })

/** What an effect ends with, and how long it took in real time. */
const clocked = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const begun = performance.now()
    const result = yield* Effect.result(effect)
    return { result, millis: performance.now() - begun }
  })

describe("hostile servers", () => {
  const tcpServer = (onSocket: (socket: net.Socket) => void) =>
    Effect.acquireRelease(
      Effect.promise(
        () =>
          new Promise<{ readonly server: net.Server; readonly sockets: Set<net.Socket>; readonly text: string }>(
            (resolve) => {
              const sockets = new Set<net.Socket>()
              const server = net.createServer((socket) => {
                sockets.add(socket)
                socket.on("error", () => {})
                socket.on("close", () => sockets.delete(socket))
                onSocket(socket)
              })
              server.listen(0, "127.0.0.1", () =>
                resolve({ server, sockets, text: `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}` })
              )
            }
          )
      ),
      ({ server, sockets }) =>
        Effect.promise(
          () =>
            new Promise<void>((resolve) => {
              for (const socket of sockets) socket.destroy()
              server.close(() => resolve())
            })
        )
    )

  it.live("endless aliases end after sixteen", () =>
    Effect.gen(function* () {
      const server = yield* ScriptedServer.make((heard) => [
        reply(heard, { answers: [cname(asked(heard), `x${heard.index}.example`)] })
      ])
      const dns = yield* make(server.text)
      const error = yield* Effect.flip(dns.resolve("a.example", "A"))
      assert.strictEqual(error.code, "LOOP")
      assert.isTrue(server.heard.length <= 17)
    })
  )

  it.live("endless referrals end with the first: a stub follows none", () =>
    Effect.gen(function* () {
      const server = yield* ScriptedServer.make((heard) => [
        reply(heard, {
          recursionAvailable: false,
          authorities: [{ ...a("example", "0.0.0.0"), type: "TYPE65280", data: { octets: new Uint8Array(9) } }]
        })
      ])
      const dns = yield* make(server.text)
      const error = yield* Effect.flip(dns.resolve("a.example", "A"))
      assert.strictEqual(error.code, "LAME")
      assert.strictEqual(server.heard.length, 1)
    })
  )

  it.live("a TCP server that sends one octet a second is left at the end of the question's life", () =>
    Effect.gen(function* () {
      const server = yield* tcpServer((socket) => {
        socket.on("data", () => {
          const timer = setInterval(() => socket.write("x"), 100)
          socket.on("close", () => clearInterval(timer))
        })
      })
      const dns = yield* make(server.text)
      const { millis, result } = yield* clocked(dns.resolve("a.example", "A"))
      assert.strictEqual(result._tag, "Failure")
      assert.isTrue(millis < 3_000, `${millis} ms`)
    })
  )

  it.live("a TCP server that only takes connections is left, too", () =>
    Effect.gen(function* () {
      const server = yield* tcpServer(() => {})
      const dns = yield* make(server.text)
      const { millis, result } = yield* clocked(dns.resolve("a.example", "A"))
      assert.strictEqual(result._tag, "Failure")
      assert.isTrue(millis < 3_000, `${millis} ms`)
    })
  )

  it.live("a TCP server that closes at every question is asked a bounded number of times", () =>
    Effect.gen(function* () {
      let connections = 0
      const server = yield* tcpServer((socket) => {
        connections++
        socket.on("data", () => socket.destroy())
      })
      const dns = yield* make(server.text)
      const { result } = yield* clocked(dns.resolve("a.example", "A"))
      assert.strictEqual(result._tag, "Failure")
      assert.isTrue(connections <= 24, `${connections} connections`)
    })
  )

  it.live(
    "an answer over TCP that cannot be read is answered for: the connection owes nothing and is closed when idle",
    () =>
      Effect.gen(function* () {
        const server = yield* tcpServer((socket) => {
          socket.on("data", (query) => {
            // The question comes back, with an answer announced that is not there.
            const reply = Buffer.from(query)
            reply[4]! |= 0x80
            reply[9] = 1
            socket.write(reply)
          })
        })
        const dns = yield* make(server.text, { edns: false, connectionIdle: 0 })
        const error = yield* Effect.flip(dns.resolve("a.example", "A"))
        assert.strictEqual(error.code, "EBADRESP")
        assert.strictEqual((yield* dns.stats).extra["stream.connections"], 0)
      })
  )

  it.live("raw octets that are no query are refused, not read for ever", () =>
    Effect.gen(function* () {
      const dns = yield* make("127.0.0.1:9")
      const head = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
      for (const question of [
        [],
        [0],
        [0, 0, 1, 0],
        Array.from({ length: 40 }, () => 0xff),
        Array.from({ length: 40 }, () => 1),
        [0xc0, 12, 0, 1, 0, 1],
        [63, 97, 0, 0, 1, 0, 1]
      ]) {
        const query = Dig.query(dns, { name: "raw", octets: Uint8Array.from([...head, ...question]) })
        assert.strictEqual((yield* Effect.flip(query)).code, "EBADQUERY")
      }
    })
  )

  for (const way of ["tcp", "tls", "https"] as const) {
    it.live(`closing leaves no connection to a server that is silent over ${way}, and no query waits on`, () =>
      Effect.gen(function* () {
        const server = yield* tcpServer((socket) => socket.resume())
        const port = server.text.split(":").at(-1)!
        const places = { tcp: server.text, tls: `tls://127.0.0.1:${port}`, https: `https://127.0.0.1:${port}` }
        const scope = yield* Scope.make()
        const dns = yield* Scope.provide(make(places[way], { timeout: "30 seconds" }), scope)
        const asks = [
          Effect.flip(dns.resolve("a.example", "A")),
          Effect.flip(Dig.query(dns, { name: "b.example" }))
        ] as const
        const ends = yield* Effect.forkChild(Effect.all(asks, { concurrency: "unbounded" }))
        const held = Effect.sync(() => server.sockets.size)
        yield* Effect.repeat(held, { until: (count) => count === 2, schedule: Schedule.spaced("5 millis") })
        yield* Scope.close(scope, Exit.void)
        const errors = yield* Fiber.join(ends)
        assert.deepStrictEqual(
          errors.map(({ code }) => code),
          ["ECLOSED", "ECLOSED"]
        )
        yield* Effect.repeat(held, { until: (count) => count === 0, schedule: Schedule.spaced("5 millis") }).pipe(
          Effect.timeout("1 second")
        )
        assert.strictEqual((yield* Effect.flip(Dig.query(dns, { name: "c.example" }))).code, "ECLOSED")
      })
    )
  }

  it.live("a megabyte of garbage over TCP is thrown away as it comes", () =>
    Effect.gen(function* () {
      const server = yield* tcpServer((socket) => {
        socket.on("data", () => socket.write(Buffer.alloc(1 << 20, 0xc0)))
      })
      const dns = yield* make(server.text)
      const before = process.memoryUsage().rss
      const { result } = yield* clocked(dns.resolve("a.example", "A"))
      assert.strictEqual(result._tag, "Failure")
      assert.isTrue(process.memoryUsage().rss - before < 200 * 2 ** 20)
    })
  )

  it.live("the largest message there can be, full of pointers, costs little time", () =>
    Effect.gen(function* () {
      const server = yield* ScriptedServer.make((heard) => {
        const head = Message.encode(reply(heard))
        const octets = new Uint8Array(65_535)
        octets.set(head)
        // Records of two octets of name and ten of the rest, as many as fit.
        const count = Math.floor((65_535 - head.length) / 12)
        octets[6] = count >> 8
        octets[7] = count & 255
        for (let i = 0; i < count; i++) octets.set([0xc0, 12, 0xff, 0, 0, 1, 0, 0, 0, 60, 0, 0], head.length + 12 * i)
        return [octets.subarray(0, head.length + 12 * count)]
      })
      const dns = yield* make(`tcp://${server.text}`)
      const { millis, result } = yield* clocked(dns.resolve("a.example", "A"))
      // Five thousand records and none of them of the type: no answer.
      assert.isTrue(result._tag === "Failure" && result.failure.code === "UNRELATED")
      assert.isTrue(millis < 1_000, `${millis} ms`)
    })
  )

  it.live("garbage over UDP is passed over, whatever it is", () =>
    Effect.gen(function* () {
      let seed = 1
      const random = (): number => (seed = (seed * 48_271) % 2_147_483_647)
      const server = yield* ScriptedServer.make((heard) => [
        ...Array.from({ length: 200 }, () => {
          const octets = Uint8Array.from({ length: random() % 600 }, () => random() & 255)
          if (octets.length > 12) octets.set(heard.octets.subarray(0, Math.min(octets.length, 30)))
          if (octets.length > 2) octets[2]! |= 0x80
          return octets
        }),
        ...fine(heard)
      ])
      const dns = yield* make(server.text)
      yield* Effect.result(dns.resolve("a.example", "A"))
      assert.strictEqual((yield* dns.stats).extra["outstanding"], 0)
    })
  )

  it.live("a datagram from another address or port never arrives: the socket is connected", () =>
    Effect.gen(function* () {
      const stranger = dgram.createSocket("udp4")
      yield* Effect.addFinalizer(() => Effect.sync(() => stranger.close()))
      const server = yield* ScriptedServer.make((heard) => {
        const forged = Message.encode(reply(heard, { answers: [a(asked(heard), "203.0.113.66")] }))
        stranger.send(forged, heard.port, "127.0.0.1")
        return []
      })
      const dns = yield* make(server.text)
      const error = yield* Effect.flip(dns.resolve("a.example", "A"))
      assert.strictEqual(error.reason, "Timeout")
      assert.strictEqual((yield* dns.stats).extra["udp.stray"], 0)
    })
  )
})

describe("ports and ids", () => {
  it.live("ports change and ids do not repeat in order", () =>
    Effect.gen(function* () {
      const server = yield* ScriptedServer.make(fine)
      const dns = yield* make(server.text, { questionsPerUdpSocket: 4 })
      for (let i = 0; i < 100; i++) yield* dns.resolve(`n${i}.example`, "A")
      const ports = new Set(server.heard.map((heard) => heard.port))
      assert.isTrue(ports.size >= 20, `${ports.size} ports for 100 questions`)
      const steps = server.heard.slice(1).map((heard, i) => heard.message.id - server.heard[i]!.message.id)
      assert.isTrue(new Set(steps).size > 90)
    })
  )

  it.live("of a burst, what is given up in the same turn is never sent", () =>
    Effect.gen(function* () {
      const server = yield* ScriptedServer.make(fine)
      const dns = yield* make(server.text, { mixCase: false })
      const cancels = Array.from({ length: 100 }, (_, i) => dns.resolveUnsafe(`n${i}.example`, "A", () => {}))
      assert.strictEqual(dns.resolver.outstanding, 100)
      // Eighty have left in pieces, each half of all in flight; the last twenty leave at the end of the turn.
      for (const cancel of cancels.slice(80)) cancel()
      assert.strictEqual(dns.resolver.outstanding, 80)
      // Those that were kept are all answered; one asked after them is the last that the server hears.
      yield* Effect.forEach(Array.from({ length: 80 }), (_, i) => dns.resolve(`n${i}.example`, "A"))
      yield* dns.resolve("last.example", "A")
      const heard = new Set(server.heard.map((one) => asked(one)))
      assert.strictEqual(heard.size, 81)
      assert.isFalse(heard.has("n90.example."))
    })
  )

  it.live("sockets are closed when their questions are answered, and all with the resolver", () =>
    Effect.gen(function* () {
      const server = yield* ScriptedServer.make(fine)
      const sockets = yield* Effect.scoped(
        Effect.gen(function* () {
          const dns = yield* make(server.text, { questionsPerUdpSocket: 4 })
          for (let i = 0; i < 100; i++) yield* dns.resolve(`n${i}.example`, "A")
          const { extra } = yield* dns.stats
          assert.isTrue(extra["udp.sockets"]! <= 4, `${extra["udp.sockets"]} open`)
          return dns
        })
      )
      assert.strictEqual((yield* sockets.stats).extra["udp.sockets"], 0)
    })
  )

  it.live("closing with a thousand questions in flight ends within a second, and each is told", () =>
    Effect.gen(function* () {
      const server = yield* ScriptedServer.make(() => [])
      const begun = performance.now()
      let told = 0
      yield* Effect.scoped(
        Effect.gen(function* () {
          const dns = yield* make(server.text, { timeout: "30 seconds" })
          for (let i = 0; i < 1_000; i++) dns.resolveUnsafe(`n${i}.example`, "A", () => told++)
        })
      )
      assert.strictEqual(told, 1_000)
      assert.isTrue(performance.now() - begun < 1_000)
    })
  )
})

describe("over an executor of Exchange", () => {
  /** The smallest executor of exchanges there is; reactor's is the one to use. */
  const exchanges = Executor.make<Exchange>({
    name: "exchanges",
    kinds: ["Exchange"],
    submitUnsafe: (task, onExit) => {
      const peer = task.peer as { readonly port: number }
      const fail = (reason: "Refused") =>
        onExit(Exit.fail(new ExchangeError({ peer: String(task.peer), stage: "connect", reason, received: 0 })))
      const done = (octets: Uint8Array) =>
        onExit(Exit.succeed({ octets, peer: String(task.peer), end: "complete" as const }))
      if (task.transport === "udp") {
        const socket = dgram.createSocket("udp4")
        socket.once("message", (octets) => {
          socket.close()
          done(octets)
        })
        socket.send(task.request, peer.port, "127.0.0.1")
        return () => socket.close()
      }
      let have = Buffer.alloc(0)
      const want = (task.until as { readonly octets: number }).octets
      const socket = net.connect(peer.port, "127.0.0.1", () => socket.write(task.request))
      socket.on("error", () => fail("Refused"))
      socket.on("data", (chunk: Buffer) => {
        have = Buffer.concat([have, chunk])
        if (have.length < want) return
        socket.destroy()
        done(have.subarray(0, want))
      })
      return () => socket.destroy()
    },
    stats: Effect.die("not asked")
  })

  it.live("questions go over it, by datagrams and by streams", () =>
    Effect.gen(function* () {
      const server = yield* ScriptedServer.make((heard) =>
        asked(heard).startsWith("long") && heard.via === "udp" ? [reply(heard, { truncated: true })] : fine(heard)
      )
      const dns = yield* make(server.text, { transport: () => Transport.overExchange(exchanges) })
      assert.strictEqual((yield* dns.resolve("short.example", "A")).transport, "udp")
      assert.strictEqual((yield* dns.resolve("long.example", "A")).transport, "tcp")
    })
  )
})
