import { Connection, Framing, Server } from "@handoff/reactor"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import { certificates } from "./support/certificates.ts"
import { closedPort, echo, octets, tcp, text } from "./support/peers.ts"

const line = Framing.lines()

/** How often the system was told not to delay small writes (TCP_NODELAY), since it was made. */
const noDelays = Effect.acquireRelease(
  Effect.callback<{ times: number; readonly restore: () => void }>((resume) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const handles = Object.getPrototypeOf((server as unknown as { _handle: object })._handle)
      const { setNoDelay } = handles
      const count = { times: 0, restore: () => void (handles.setNoDelay = setNoDelay) }
      handles.setNoDelay = function (enable: boolean) {
        if (enable) count.times++
        return setNoDelay.call(this, enable)
      }
      server.close(() => resume(Effect.succeed(count)))
    })
  }),
  ({ restore }) => Effect.sync(restore)
)

/** Until a count has begun and then stands for many turns of the loop, in each of which what is ready would move. */
const still = (count: () => number) =>
  Effect.callback<void>((resume) => {
    let last = 0
    let turns = 0
    const look = (): void => {
      turns = count() === last && last > 0 ? turns + 1 : 0
      last = count()
      if (turns === 200) resume(Effect.void)
      else setImmediate(look)
    }
    look()
  })

describe("a connection", () => {
  it.live.each(["tcp", "tls"] as const)("over %s delays no small writes unless told to, at either end", (transport) =>
    Effect.gen(function* () {
      const { ca, good } = certificates()
      const count = yield* noDelays
      for (const client of [undefined, true, false]) {
        for (const server of [undefined, true, false]) {
          count.times = 0
          yield* Effect.scoped(
            Effect.gen(function* () {
              const { address } = yield* Server.serve(
                transport === "tcp" ? { noDelay: server } : { transport, ...good, noDelay: server },
                (peer) => Effect.flatMap(peer.read(line), (frame) => peer.writeFrame(line, frame)),
                { drain: 0 }
              )
              const connection = yield* Connection.connect(`${transport}:${address}`, { noDelay: client, tls: { ca } })
              yield* connection.writeFrame(line, octets("hi"))
              yield* connection.read(line)
            })
          )
          const expected = (client === false ? 0 : 1) + (server === false ? 0 : 1)
          assert.strictEqual(count.times, expected, `client ${client}, server ${server}`)
        }
      }
    })
  )

  it.live("converses in several steps: greet, upgrade to TLS, ask, half-close", () =>
    Effect.gen(function* () {
      const { ca, good } = certificates()
      const server = yield* Server.serve({}, (peer) =>
        Effect.gen(function* () {
          yield* peer.writeFrame(line, octets("220 ready"))
          assert.strictEqual(text(yield* peer.read(line)), "STARTTLS")
          yield* peer.writeFrame(line, octets("220 go ahead"))
          const facts = yield* peer.startTls(good)
          const question = text(yield* peer.read(Framing.netstring()))
          yield* peer.writeFrame(Framing.lengthPrefix(), octets(`${question} over ${facts.version}`))
          const rest = yield* peer.read(Framing.untilClose())
          yield* peer.write(octets(`and ${text(rest)}`))
        })
      )
      const client = yield* Connection.connect(`tcp:${server.address}`)
      assert.strictEqual(text(yield* client.read(line)), "220 ready")
      yield* client.writeFrame(line, octets("STARTTLS"))
      assert.strictEqual(text(yield* client.read(line)), "220 go ahead")
      const facts = yield* client.startTls({ ca, serverName: "good.example.org" })
      assert.isTrue(facts.authorized)
      assert.strictEqual(facts.serverName, "good.example.org")
      assert.strictEqual(facts.certificates.length, 2)
      yield* client.writeFrame(Framing.netstring(), octets("hello"))
      assert.strictEqual(text(yield* client.read(Framing.lengthPrefix())), "hello over TLSv1.3")
      yield* client.write(octets("the rest"))
      yield* client.end
      assert.strictEqual(text(yield* client.read(Framing.untilClose())), "and the rest")
      assert.isTrue(Option.isNone(yield* client.readSome))
    })
  )

  it.live("holds the producer back while the peer does not read, and the peer while we do not", () =>
    Effect.gen(function* () {
      let peerPaused = true
      let got = 0
      const peer = yield* tcp((socket) => {
        socket.pause()
        socket.on("data", (chunk) => (got += chunk.length))
        socket.pause()
        resume = () => socket.resume()
        void peerPaused
      })
      let resume = () => {}
      const client = yield* Connection.connect(`tcp:127.0.0.1:${peer.port}`)
      const chunk = new Uint8Array(65_536)
      let written = 0
      const producer = Stream.fromEffectRepeat(
        Effect.sync(() => {
          written += chunk.length
          return chunk
        })
      ).pipe(Stream.take(1_000))
      const fiber = yield* Effect.forkChild(client.writeAll(producer))
      // The kernel's buffers fill, then nothing more is taken.
      yield* still(() => written)
      assert.isBelow(written, 1_000 * chunk.length)
      peerPaused = false
      resume()
      yield* Fiber.join(fiber)
      assert.strictEqual(written, 1_000 * chunk.length)
      while (got < written) yield* Effect.sleep(5)

      // And the other way: what we do not read stays with the peer.
      let sent = 0
      const flood = yield* tcp((socket) => {
        const more = (): void => {
          while (sent < 64_000_000) {
            sent += chunk.length
            if (!socket.write(chunk)) {
              socket.once("drain", more)
              return
            }
          }
          socket.end()
        }
        more()
      })
      const reader = yield* Connection.connect(`tcp:127.0.0.1:${flood.port}`, { highWaterOctets: 100_000 })
      yield* still(() => reader.received)
      assert.isBelow(reader.received, 100_000 + 65_537)
      let total = 0
      yield* Stream.runForEach(reader.frames(Framing.fixed(65_536)), (frame) =>
        Effect.sync(() => {
          total += frame.length
        })
      )
      assert.strictEqual(total, sent)
    })
  )

  it.live("goes over Unix sockets too, and the path is gone afterwards", () =>
    Effect.gen(function* () {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), "reactor-unix-"))
      const at = path.join(folder, "socket")
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Server.serve({ transport: "unix", path: at }, (peer) => Effect.flatMap(peer.read(line), peer.write))
          const client = yield* Connection.connect(`unix:${at}`)
          yield* client.write(octets("over a path\n"))
          assert.strictEqual(text(yield* client.read(Framing.untilClose())), "over a path")
        })
      )
      assert.isFalse(fs.existsSync(at))
      fs.rmSync(folder, { recursive: true })
    })
  )

  it.live("loses no octet when a read is interrupted", () =>
    Effect.gen(function* () {
      const peer = yield* tcp((socket) => {
        socket.write("first\nsec")
        socket.on("data", () => socket.write("ond\n"))
      })
      const client = yield* Connection.connect(`tcp:127.0.0.1:${peer.port}`)
      assert.strictEqual(text(yield* client.read(line)), "first")
      assert.strictEqual((yield* Effect.timeoutOption(client.read(line), 20))._tag, "None")
      yield* client.write(octets("go on"))
      assert.strictEqual(text(yield* client.read(line)), "second")
    })
  )

  it.live("has a typed error for each way to fail, which says how far it got", () =>
    Effect.gen(function* () {
      const silent = yield* tcp(() => {})
      const greets = yield* tcp((socket) => socket.write("he"))
      const trickles = yield* tcp((socket) => {
        const timer = setInterval(() => socket.write("x"), 5)
        socket.on("close", () => clearInterval(timer))
      })
      const resets = yield* tcp((socket) => setTimeout(() => socket.resetAndDestroy(), 5))
      const closes = yield* tcp((socket) => socket.end("half"))
      const babbles = yield* tcp((socket) => socket.write("no netstring"))
      const closed = yield* closedPort
      const { good, selfSigned } = certificates()
      const untrusted = yield* Server.serve({ transport: "tls", ...selfSigned }, () => Effect.never, { drain: 0 })
      const at = (port: number): string => `tcp:127.0.0.1:${port}`
      const outcome = (endpoint: string, options: Connection.Options, framing = line, first?: Uint8Array) =>
        Effect.scoped(
          Effect.gen(function* () {
            const client = yield* Connection.connect(endpoint, options)
            if (first !== undefined) yield* client.write(first)
            return yield* client.read(framing)
          })
        ).pipe(
          Effect.flip,
          Effect.map((error) => [error._tag, error.stage, error.sent, error.received] as const)
        )
      const seen = yield* Effect.all(
        [
          outcome(at(closed), {}),
          outcome("tcp:nowhere.invalid:80", { open: undefined }),
          outcome(at(silent.port), { firstByteTimeout: 20 }, line, octets("abc")),
          outcome(at(greets.port), { idleTimeout: 500 }),
          outcome(at(trickles.port), { idleTimeout: 1_000, frameTimeout: 60 }).pipe(
            Effect.map((all) => all.slice(0, 3))
          ),
          outcome(at(trickles.port), { totalTimeout: 60 }).pipe(Effect.map((all) => all.slice(0, 3))),
          outcome(at(resets.port), {}),
          outcome(at(closes.port), {}, Framing.fixed(10)),
          outcome(at(babbles.port), {}, Framing.netstring()),
          outcome(`tls:${untrusted.address}`, {}),
          Effect.scoped(
            Effect.gen(function* () {
              const client = yield* Connection.connect(at(silent.port))
              return yield* Effect.flip(client.startTls({ serverName: "good.example.org" })).pipe(
                Effect.timeoutOption(20)
              )
            })
          ).pipe(Effect.map((none) => none._tag)),
          Effect.scoped(
            Effect.gen(function* () {
              const client = yield* Connection.connect(at(silent.port), { tlsTimeout: 20 })
              return yield* Effect.flip(client.startTls({ serverName: "good.example.org" }))
            })
          ).pipe(Effect.map((error) => [error._tag, error.stage])),
          Effect.scoped(
            Effect.gen(function* () {
              const client = yield* Connection.connect(at(silent.port))
              yield* client.close
              return yield* Effect.flip(client.write(octets("late")))
            })
          ).pipe(Effect.map((error) => error._tag))
        ],
        { concurrency: "unbounded" }
      )
      void good
      assert.deepStrictEqual(seen, [
        ["ConnectFailed", "connect", 0, 0],
        ["ResolveFailed", "resolve", 0, 0],
        ["FirstByteTimeout", "receive", 3, 0],
        ["IdleTimeout", "receive", 0, 2],
        ["FrameTimeout", "receive", 0],
        ["TotalTimeout", "receive", 0],
        ["Broken", "receive", 0, 0],
        ["BadFrame", "receive", 0, 4],
        ["BadFrame", "receive", 0, 12],
        ["TlsFailed", "tls", 0, 0],
        "None",
        ["TlsTimeout", "tls"],
        "Closed"
      ])
    })
  )

  it.live.skipIf(!fs.existsSync("/proc/net/tcp"))("has the kernel ask after a silent peer, if told to", () =>
    Effect.gen(function* () {
      const peer = yield* echo
      const plain = yield* Connection.connect(`tcp:127.0.0.1:${peer.port}`)
      const asking = yield* Connection.connect(`tcp:127.0.0.1:${peer.port}`, { keepAlive: "1 minute" })
      // proc(5): the kind of a socket's timer stands before its remaining time; 2 is keep-alive, 0 none.
      const hex = (port: number): string => `:${port.toString(16).toUpperCase().padStart(4, "0")}`
      const timerOf = ({ local }: Connection.Connection): string | undefined => {
        const port = hex(Number(local!.split(":").at(-1)))
        const row = fs
          .readFileSync("/proc/net/tcp", "latin1")
          .split("\n")
          .map((line) => line.trim().split(/\s+/))
          // Connections of the past that had the port wait in the table too; 01 is one that stands.
          .find(
            ([, from, to, state]) =>
              from?.endsWith(port) === true && to?.endsWith(hex(peer.port)) === true && state === "01"
          )
        return row?.[5]?.split(":")[0]
      }
      assert.deepStrictEqual([timerOf(plain), timerOf(asking)], ["00", "02"])
    })
  )

  it.live("is forgotten by its scope when it is closed before", () =>
    Effect.gen(function* () {
      const peer = yield* echo
      const scope = yield* Effect.scope
      for (let i = 0; i < 50; i++) {
        const client = yield* Connection.connect(`tcp:127.0.0.1:${peer.port}`)
        yield* client.close
      }
      // One finalizer for all connections, beside that of the peer; not fifty.
      const { state } = scope
      assert.isTrue(state._tag === "Open" && (state.finalizers?.size ?? 1) <= 3)
      while (peer.open() > 0) yield* Effect.sleep(1)
    })
  )

  it.live("closes with its scope", () =>
    Effect.gen(function* () {
      const peer = yield* echo
      yield* Effect.scoped(
        Effect.gen(function* () {
          const client = yield* Connection.connect(`tcp:127.0.0.1:${peer.port}`)
          yield* client.write(octets("x"))
          yield* client.readSome
          assert.strictEqual(peer.open(), 1)
        })
      )
      while (peer.open() > 0) yield* Effect.sleep(1)
    })
  )
})

describe("TLS", () => {
  it.live("speaks SNI and ALPN, resumes sessions and captures certificates", () =>
    Effect.gen(function* () {
      const { ca, good, other } = certificates()
      const server = yield* Server.serve(
        { transport: "tls", ...other, names: { "good.example.org": good }, alpn: ["h2", "echo"] },
        (peer) => Effect.flatMap(peer.read(line), (question) => peer.writeFrame(line, question))
      )
      const { Tls } = yield* Effect.promise(() => import("@handoff/reactor"))
      const sessions = new Tls.Sessions()
      const port = server.port
      const ask = Effect.scoped(
        Effect.gen(function* () {
          const client = yield* Connection.connect(`tcp:127.0.0.1:${port}`)
          const facts = yield* client.startTls({ ca, serverName: "good.example.org", alpn: ["echo"], sessions })
          yield* client.writeFrame(line, octets("hi"))
          assert.strictEqual(text(yield* client.read(line)), "hi")
          return facts
        })
      )
      const first = yield* ask
      assert.deepStrictEqual(
        [first.alpn, first.serverName, first.resumed, first.authorized],
        ["echo", "good.example.org", false, true]
      )
      const second = yield* ask
      assert.isTrue(second.resumed)
      // A certificate that does not fit: an error, or captured on request.
      const wrong = yield* Effect.flip(Effect.scoped(Connection.connect(`tls:127.0.0.1:${port}`, { tls: { ca } })))
      assert.strictEqual(wrong._tag, "TlsFailed")
      if (wrong._tag === "TlsFailed") assert.strictEqual(wrong.code, "ERR_TLS_CERT_ALTNAME_INVALID")
      const captured = yield* Effect.scoped(
        Effect.map(
          Connection.connect(`tls:127.0.0.1:${port}`, { tls: { ca, verify: "capture" } }),
          (client) => client.tls!
        )
      )
      assert.isFalse(captured.authorized)
      assert.strictEqual(captured.authorizationError, "ERR_TLS_CERT_ALTNAME_INVALID")
      assert.isAbove(captured.certificates[0]!.length, 200)
    })
  )
})
