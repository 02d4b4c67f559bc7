/** Pipelining over one kept TCP connection (RFC 7766), on real sockets; and a port where nobody listens. */
import * as dgram from "node:dgram"
import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Dns } from "@handoff/dns"
import { Framing, Message } from "@handoff/dns/wire"
import * as Effect from "effect/Effect"
import * as ScriptedServer from "../support/ScriptedServer.ts"

const { a, asked, reply } = ScriptedServer

/** A server that hands over every piece it reads, and what it must do with the messages in it. */
const serve = (onQueries: (queries: ReadonlyArray<Message.Message>, socket: net.Socket) => void) =>
  Effect.acquireRelease(
    Effect.promise(
      () =>
        new Promise<{ readonly server: net.Server; readonly text: string; connections: number }>((resolve) => {
          const server = net.createServer((socket) => {
            running.connections++
            const deframer = new Framing.Deframer()
            socket.on("error", () => {})
            socket.on("data", (piece) =>
              onQueries(
                deframer.push(Uint8Array.from(piece)).map((octets) => Message.decodeUnsafe(octets)),
                socket
              )
            )
          })
          const running = { server, text: "", connections: 0 }
          server.listen(0, "127.0.0.1", () => {
            running.text = `tcp://127.0.0.1:${(server.address() as net.AddressInfo).port}`
            resolve(running)
          })
        })
    ),
    ({ server }) =>
      Effect.promise(
        () =>
          new Promise<void>((resolve) => {
            server.close(() => resolve())
          })
      )
  )

/** The number in the name becomes the last octet of the address. */
const answer = (query: Message.Message, id = query.id): Uint8Array => {
  const [question] = query.questions
  const number = /^n(\d+)/.exec(question!.name.toString())![1]
  return Framing.frame(
    Message.encode(
      Message.make({
        id,
        response: true,
        recursionAvailable: true,
        questions: query.questions,
        answers: [{ ...a("x", `192.0.2.${number}`), name: question!.name }]
      })
    )
  )
}

const make = (server: string) => Dns.make({ servers: [server], hosts: false, cache: { maxOctets: 0 } })
const askAll = (dns: Dns.Shape) =>
  Effect.forEach(
    Array.from({ length: 100 }, (_, i) => i),
    (i) => Effect.map(dns.resolve(`n${i}.example`, "A"), (found) => (found.records[0]!.data as any).address as string),
    { concurrency: "unbounded" }
  )
const expected = Array.from({ length: 100 }, (_, i) => `192.0.2.${i}`)

describe("TCP", () => {
  it.live(
    "a connection is closed when it has been idle for as long as asked, not when the handshake's time is over",
    () =>
      Effect.gen(function* () {
        let closed: (() => void) | undefined
        const gone = new Promise<void>((resolve) => (closed = resolve))
        const server = yield* serve((queries, socket) => {
          socket.on("close", () => closed!())
          for (const query of queries) socket.write(answer(query))
        })
        const dns = yield* Dns.make({ servers: [server.text], hosts: false, connectionIdle: "20 millis" })
        for (const name of ["n1.example", "n2.example"]) yield* dns.resolve(name, "A")
        yield* Effect.timeout(
          Effect.promise(() => gone),
          "2 seconds"
        )
        assert.strictEqual((yield* dns.stats).extra["stream.connections"], 0)
      })
  )

  it.live("a hundred questions at once share one connection and leave in a few writes (RFC 7766 section 6.2.1)", () =>
    Effect.gen(function* () {
      const server = yield* serve((queries, socket) =>
        socket.write(Buffer.concat(queries.map((query) => answer(query))))
      )
      const dns = yield* make(server.text)
      assert.deepStrictEqual(yield* askAll(dns), expected)
      assert.deepStrictEqual(yield* askAll(dns), expected)
      assert.strictEqual(server.connections, 1)
      const { extra } = yield* dns.stats
      assert.isTrue(extra["stream.writes"]! <= 10, `${extra["stream.writes"]} writes for 200 questions`)
    })
  )

  it.live("answers in another order and cut anywhere find their questions (RFC 7766 sections 7 and 8)", () =>
    Effect.gen(function* () {
      const waiting: Array<Message.Message> = []
      const server = yield* serve((queries, socket) => {
        waiting.push(...queries)
        if (waiting.length < 100) return
        const octets = Buffer.concat(
          waiting
            .splice(0)
            .toReversed()
            .map((query) => answer(query))
        )
        socket.setNoDelay(true)
        for (let at = 0; at < octets.length; at += 7) socket.write(octets.subarray(at, at + 7))
      })
      const dns = yield* make(server.text)
      assert.deepStrictEqual(yield* askAll(dns), expected)
    })
  )

  it.live("an answer to a question that nobody asked on this connection is passed over", () =>
    Effect.gen(function* () {
      const server = yield* serve((queries, socket) => {
        for (const query of queries) {
          socket.write(answer(query, query.id ^ 1))
          socket.write(answer(query))
        }
      })
      const dns = yield* make(server.text)
      assert.strictEqual((yield* dns.resolve("n5.example", "A")).records.length, 1)
      assert.strictEqual((yield* dns.stats).extra["stream.stray"], 1)
    })
  )
})

describe("a port where nobody listens", () => {
  it.live("the ICMP error moves on to the next server at once", () =>
    Effect.gen(function* () {
      const port = yield* Effect.promise(
        () =>
          new Promise<number>((resolve) => {
            const socket = dgram.createSocket("udp4")
            socket.bind(0, "127.0.0.1", () => {
              const { port } = socket.address()
              socket.close(() => resolve(port))
            })
          })
      )
      const live = yield* ScriptedServer.make((heard) => [reply(heard, { answers: [a(asked(heard), "192.0.2.7")] })])
      const dns = yield* Dns.make({ servers: [`127.0.0.1:${port}`, live.text], hosts: false, hedgeShare: 0 })
      const begun = performance.now()
      const found = yield* dns.resolve("x.example", "A")
      assert.strictEqual(found.server, live.text)
      // Far from the 376 ms after which a silent server would be given up.
      assert.isTrue(performance.now() - begun < 300)
      assert.isTrue((yield* dns.stats).extra["udp.icmp"]! >= 1)
    })
  )
})
