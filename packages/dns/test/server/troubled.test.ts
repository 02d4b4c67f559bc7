/** A server as troubled as a lab wants it: late answers, lost requests, zones that have failed. */
import { createSocket } from "node:dgram"
import { connect } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { handle, Server } from "@handoff/dns/server"
import { Framing, Message, Name, Question, Rcode } from "@handoff/dns/wire"
import { text, ZoneStore } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import { policyOf } from "../dnssec/support/judge.ts"
import { lab } from "./support/zones.ts"

const query = (id: number, name = "host.lab.example.") =>
  Message.encode(Message.query(Question.make(name, "A"), { id }))

/** Sends datagrams, and gives the ids of so many replies as they come. */
const overUdp = (port: number, queries: ReadonlyArray<Uint8Array>, count: number) =>
  Effect.callback<ReadonlyArray<number>>((resume) => {
    const socket = createSocket("udp4")
    const ids: Array<number> = []
    socket.on("message", (octets) => {
      ids.push(Message.idOf(octets)!)
      if (ids.length === count) socket.close(() => resume(Effect.succeed(ids)))
    })
    for (const octets of queries) socket.send(octets, port, "127.0.0.1")
  })

const overTcp = (port: number, queries: ReadonlyArray<Uint8Array>, count: number) =>
  Effect.callback<ReadonlyArray<number>>((resume) => {
    const socket = connect(port, "127.0.0.1")
    const deframer = new Framing.Deframer()
    const ids: Array<number> = []
    socket.on("data", (piece) => {
      for (const octets of deframer.push(piece)) ids.push(Message.idOf(octets)!)
      if (ids.length < count) return
      socket.destroy()
      resume(Effect.succeed(ids))
    })
    socket.write(Framing.frameAll(queries))
  })

/** Answers to a delay of its own for each request, in their order. */
const withDelays = (...delays: ReadonlyArray<number>) => {
  let next = 0
  return Server.make({ zones: [lab], delay: () => delays[next++] ?? 0 })
}

describe("a server with a delay", () => {
  it.live("answers a later datagram before an earlier one that comes late", () =>
    Effect.gen(function* () {
      const server = yield* withDelays(50, 0)
      assert.deepStrictEqual(yield* overUdp(server.port, [query(1), query(2)], 2), [2, 1])
    }).pipe(Effect.scoped)
  )

  it.live("keeps the order over TCP", () =>
    Effect.gen(function* () {
      const server = yield* withDelays(50, 0, 10)
      assert.deepStrictEqual(yield* overTcp(server.port, [query(1), query(2), query(3)], 3), [1, 2, 3])
    }).pipe(Effect.scoped)
  )

  it.live("loses what never comes, and goes on", () =>
    Effect.gen(function* () {
      const server = yield* withDelays(Infinity, 0, Infinity, 0)
      assert.deepStrictEqual(yield* overUdp(server.port, [query(1), query(2)], 1), [2])
      assert.deepStrictEqual(yield* overTcp(server.port, [query(3), query(4)], 1), [4])
      assert.deepInclude(yield* server.stats, { requests: 4, responses: 2, dropped: 2 })
    }).pipe(Effect.scoped)
  )

  it.live("answers at once where the delay throws", () =>
    Effect.gen(function* () {
      const server = yield* Server.make({
        zones: [lab],
        delay: () => {
          throw new Error("no delay today")
        }
      })
      assert.deepStrictEqual(yield* overUdp(server.port, [query(1)], 1), [1])
    }).pipe(Effect.scoped)
  )

  it.live("closes with answers under way", () =>
    Effect.gen(function* () {
      const server = yield* Effect.scoped(
        Effect.gen(function* () {
          const opened = yield* withDelays(1, 60_000, 60_000)
          const late = [query(2), query(3)]
          assert.deepStrictEqual(yield* overUdp(opened.port, [query(1), ...late], 1), [1])
          return opened
        })
      )
      assert.deepInclude(yield* server.stats, { responses: 1, connections: 0 })
    })
  )
})

describe("a zone that has failed", () => {
  const part = text.zone("part.lab.example.", "@ 60 SOA a b 1 1 1 1 1\n@ 60 NS a\nx 60 A 192.0.2.1\n")
  const rcode = (zones: ZoneStore, name: string) => {
    const [octets] = [
      ...handle({ ...policyOf([]), zones }, query(1, name), { transport: "udp", address: "::1", port: 1 }, 0)
    ]
    return (Message.decode(octets!) as Message.Message).rcode
  }

  it("is SERVFAIL until it is put again, and its parent and strangers are answered as ever", () => {
    const zones = new ZoneStore([lab, part])
    assert.strictEqual(rcode(zones, "x.part.lab.example."), Rcode.NOERROR)
    zones.fail(part.origin)
    assert.strictEqual(zones.get(part.origin), undefined)
    assert.strictEqual(rcode(zones, "x.part.lab.example."), Rcode.SERVFAIL)
    assert.strictEqual(rcode(zones, "PART.lab.example."), Rcode.SERVFAIL)
    assert.strictEqual(rcode(zones, "host.lab.example."), Rcode.NOERROR)
    assert.strictEqual(rcode(zones, "elsewhere.example."), Rcode.REFUSED)
    zones.put(part)
    assert.strictEqual(rcode(zones, "x.part.lab.example."), Rcode.NOERROR)
    zones.fail(part.origin)
    zones.drop(part.origin)
    assert.notStrictEqual(rcode(zones, "x.part.lab.example."), Rcode.SERVFAIL)
  })

  it("answers for what is held below it", () => {
    const zones = new ZoneStore([part])
    zones.fail(Name.fromText("lab.example."))
    assert.strictEqual(rcode(zones, "x.part.lab.example."), Rcode.NOERROR)
    assert.strictEqual(rcode(zones, "x.lab.example."), Rcode.SERVFAIL)
  })
})
