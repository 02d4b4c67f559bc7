import { assert, describe, it } from "@effect/vitest"
import { Exchange, type ExchangeError } from "@handoff/core"
import { Threads } from "@handoff/threads"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { createSocket } from "node:dgram"
import { type AddressInfo, createServer, type Socket } from "node:net"

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (octets: Uint8Array) => new TextDecoder().decode(octets)
const peerOf = (port: number) => Schema.decodeSync(Schema.InetAddressFromString)(`127.0.0.1:${port}`)

const serverOf = (talk: (socket: Socket) => void) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly stop: () => void; readonly most: () => number }>((resume) => {
      let open = 0
      let most = 0
      const server = createServer((socket) => {
        most = Math.max(most, ++open)
        socket.on("close", () => open--)
        socket.on("error", () => {})
        talk(socket)
      })
      server.listen(0, "127.0.0.1", () =>
        resume(
          Effect.succeed({
            port: (server.address() as AddressInfo).port,
            stop: () => server.close(),
            most: () => most
          })
        )
      )
    }),
    ({ stop }) => Effect.sync(stop)
  )

const tcp = (port: number, until: Exchange["until"], more: Partial<Exchange> = {}) =>
  new Exchange({ transport: "tcp", peer: peerOf(port), request: bytes("hello\n"), until, ...more })

describe("an exchange", () => {
  it.live("ends where its task says, and blocks its thread meanwhile", () =>
    Effect.gen(function* () {
      const pool = yield* Threads.make({ maxThreads: 2, callsPerThread: 8 })
      const server = yield* serverOf((socket) =>
        socket.once("data", () => setTimeout(() => socket.end("220 ready\r\nmore"), 5))
      )
      const line = yield* pool.run(tcp(server.port, { _tag: "Delimiter", delimiter: bytes("\r\n") }))
      assert.strictEqual(text(line.octets), "220 ready\r\n")
      assert.strictEqual(line.peer, `127.0.0.1:${server.port}`)
      assert.strictEqual(line.end, "complete")
      const all = yield* Effect.all(
        Array.from({ length: 12 }, () => pool.run(tcp(server.port, { _tag: "Close" }))),
        { concurrency: "unbounded" }
      )
      for (const reply of all) assert.strictEqual(text(reply.octets), "220 ready\r\nmore")
      assert.isAtMost(server.most(), 2)
      const few = yield* pool.run(tcp(server.port, { _tag: "Octets", octets: 3 }))
      assert.strictEqual(text(few.octets), "220")
      const short = yield* pool.run(tcp(server.port, { _tag: "Octets", octets: 300 }))
      assert.strictEqual(short.end, "closed")
    }).pipe(Effect.scoped)
  )

  it.live("fails typed: refused, silent, too long, closed, or not to be sent as stated", () =>
    Effect.gen(function* () {
      const pool = yield* Threads.make({ maxThreads: 2 })
      const gone = yield* Effect.scoped(
        Effect.map(
          serverOf(() => {}),
          ({ port }) => port
        )
      )
      const silent = yield* serverOf(() => {})
      const long = yield* serverOf((socket) => socket.end("x".repeat(1000)))
      const curt = yield* serverOf((socket) => socket.end())
      const delimiter = { _tag: "Delimiter" as const, delimiter: bytes("!") }
      const reasonOf = (task: Exchange) =>
        Effect.map(Effect.flip(pool.run(task)), (error) => {
          const { reason, stage } = error as ExchangeError
          return `${stage} ${reason}`
        })
      assert.strictEqual(yield* reasonOf(tcp(gone, delimiter)), "connect Refused")
      assert.strictEqual(yield* reasonOf(tcp(silent.port, delimiter, { idleTimeout: 30 })), "receive Timeout")
      assert.strictEqual(yield* reasonOf(tcp(long.port, delimiter, { maxOctets: 100 })), "receive TooLong")
      assert.strictEqual(yield* reasonOf(tcp(curt.port, delimiter)), "receive Closed")
      assert.strictEqual(yield* reasonOf(tcp(curt.port, { _tag: "Datagram" })), "send BadRequest")
    }).pipe(Effect.scoped)
  )

  it.live("over UDP is one datagram each way", () =>
    Effect.gen(function* () {
      const pool = yield* Threads.make({ maxThreads: 1 })
      const socket = createSocket("udp4")
      socket.on("message", (message, from) => socket.send(`re: ${message.toString()}`, from.port, from.address))
      yield* Effect.callback<void>((resume) => {
        socket.bind(0, "127.0.0.1", () => resume(Effect.void))
      })
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          socket.close()
        })
      )
      const peer = peerOf(socket.address().port)
      const reply = yield* pool.run(
        new Exchange({ transport: "udp", peer, request: bytes("ping"), until: { _tag: "Datagram" } })
      )
      assert.strictEqual(text(reply.octets), "re: ping")
    }).pipe(Effect.scoped)
  )
})
