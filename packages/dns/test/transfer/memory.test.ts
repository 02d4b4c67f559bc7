/** Zones much larger than what is held of them while they travel: out of a server whose reader stops, and in to a reader of records. */
import { connect, createServer } from "node:net"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { assert, describe, it } from "@effect/vitest"
import { limits as serverLimits, Server } from "@handoff/dns/server"
import { axfrRecords, limits } from "@handoff/dns/transfer"
import { Framing, Message, Name, Question, ResourceRecord } from "@handoff/dns/wire"
import { text, Zone } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { turns } from "../support/turns.ts"

const origin = Name.fromText("large.example.")
const mebi = 1024 * 1024

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void
/** MiB in use, buffers included, once what is garbage is gone. */
const inUse = (): number => {
  collect()
  const { external, heapUsed } = process.memoryUsage()
  return (heapUsed + external) / mebi
}

const soa = text.zone("large.example.", "@ 60 SOA a b 1 100 20 300 60\n@ 60 NS a\n").soa.records[0]!
const txt = (index: number) =>
  ResourceRecord.make({
    name: `n${index >> 3}.large.example.`,
    type: "TXT",
    ttl: 60,
    data: { strings: [Buffer.from(`${index} `.padEnd(240, "x"))] }
  })

/** As `inUse`, when buffers, which go a while after what had them, are gone, too. */
const settled = Effect.gen(function* () {
  for (let i = 0; i < 4; i++) {
    collect()
    yield* turns(20)
  }
  return inUse()
})

describe("a zone that goes out", () => {
  it.live(
    "is made no further than its reader has come, and a reader that stops for a while gets all of it",
    () =>
      Effect.gen(function* () {
        const count = 100_000
        const zone = Zone.make([soa, ...Array.from({ length: count }, (_, index) => txt(index))])
        // Sorted before it is measured: the order belongs to the zone, not to the transfer.
        assert.isAbove(zone.sorted.length, 10_000)
        const server = yield* Server.make({ zones: [zone], allowTransfer: () => true })
        const query = Message.encode(Message.make({ id: 7, questions: [Question.make(origin, "AXFR")] }))
        const before = yield* settled
        const socket = connect(server.port, "127.0.0.1")
        yield* Effect.addFinalizer(() => Effect.sync(() => socket.destroy()))
        socket.pause()
        socket.write(Framing.frame(query))
        // Nothing is read: messages are made until the socket's buffers and the server's own bound are full.
        let made = -1
        for (let now = 0; now !== made || now === 0; now = (yield* server.stats).responses) {
          made = now
          yield* turns(500)
        }
        const whole = (count * 255) / limits.messageOctets
        assert.isBelow(made, 0.8 * whole, "the transfer is too small to be held back by anything but the system")
        assert.isBelow((yield* settled) - before, serverLimits.connectionBacklog / mebi + 6)
        const records = yield* Effect.callback<number>((resume) => {
          const deframer = new Framing.Deframer()
          let seen = 0
          let soas = 0
          socket.on("data", (piece) => {
            for (const octets of deframer.push(piece)) {
              const { answers } = Message.decodeUnsafe(octets)
              seen += answers.length
              soas += answers.filter(({ type }) => type === "SOA").length
            }
            if (soas === 2) resume(Effect.succeed(seen))
          })
          socket.resume()
        })
        assert.strictEqual(records, count + 2)
      }).pipe(Effect.scoped),
    60_000
  )
})

describe("a zone that comes in", () => {
  const messages = 4_000
  const each = 60
  /** Sends a zone of some 60 MB, all of its middle the same message over and over, as fast as it is taken. */
  const primary = Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly close: () => void }>((resume) => {
      const server = createServer((socket) => {
        socket.on("error", () => undefined)
        const deframer = new Framing.Deframer()
        socket.on("data", (piece) => {
          for (const octets of deframer.push(piece)) {
            const { id, questions } = Message.decodeUnsafe(octets)
            const frame = (answers: ReadonlyArray<ResourceRecord.ResourceRecord>) =>
              Framing.frame(Message.encode(Message.make({ id, response: true, questions, answers })))
            const body = frame(Array.from({ length: each }, (_, index) => txt(index)))
            let sent = 0
            socket.write(frame([soa]))
            const more = (): void => {
              while (sent++ < messages) if (!socket.write(body)) return void socket.once("drain", more)
              socket.end(frame([soa]))
            }
            more()
          }
        })
      })
      server.listen(0, "127.0.0.1", () =>
        resume(Effect.succeed({ port: (server.address() as { port: number }).port, close: () => server.close() }))
      )
    }),
    ({ close }) => Effect.sync(close)
  )
  it.live(
    "is given record by record, with no more in memory at its end than at its beginning",
    () =>
      Effect.gen(function* () {
        const { port } = yield* primary
        let seen = 0
        const sampled: Array<number> = []
        const peer = { address: "127.0.0.1", port }
        yield* Stream.runForEach(axfrRecords(peer, origin), () =>
          Effect.sync(() => {
            if (++seen % 24_000 === 0) sampled.push(inUse())
          })
        )
        assert.strictEqual(seen, messages * each + 1)
        assert.strictEqual(sampled.length, 10)
        // What is read ahead and a message's records. Were records kept, some 60 MiB of octets alone would be between the two.
        // From the second sample on: at the first there may be things of before that nobody has let go of yet.
        const growth = Math.max(...sampled.slice(2)) - sampled[1]!
        assert.isBelow(growth, 16, `MiB after every tenth: ${sampled.map(Math.round).join(", ")}`)
      }).pipe(Effect.scoped),
    60_000
  )
})
