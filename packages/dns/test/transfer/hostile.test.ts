/** Primaries that stop in the midst, or for ever; and what a store keeps for its secondaries. */
import { createServer } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Server } from "@handoff/dns/server"
import { axfrRecords, Secondary } from "@handoff/dns/transfer"
import { Tsig, TsigKey } from "@handoff/dns/update"
import { Framing, Message, Name, type ResourceRecord } from "@handoff/dns/wire"
import { limits, text, ZoneStore } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { turns, until } from "../support/turns.ts"

const origin = Name.fromText("z.")
const zoneOf = (serial: number) =>
  text.zone("z.", `$TTL 60\n@ SOA a b ${serial} 100 20 300 60\n@ NS a\na A 192.0.2.1\nb A 192.0.2.2\n`)

describe("a transfer that is signed", () => {
  it.live("gives no record before the signature that covers it", () =>
    Effect.gen(function* () {
      const key = TsigKey.make({ name: "k.", secret: "c2VjcmV0IHNlY3JldCBzZWNyZXQ=" })
      const [soa, ...records] = [...zoneOf(1).records()]
      const port = yield* Effect.acquireRelease(
        Effect.callback<{ readonly port: number; readonly close: () => void }>((resume) => {
          const server = createServer((socket) => {
            socket.on("error", () => undefined)
            const deframer = new Framing.Deframer()
            socket.on("data", (piece) => {
              for (const octets of deframer.push(piece)) {
                const asked = Message.decodeUnsafe(octets)
                const stream = new Tsig.Stream(key, (Tsig.find(octets) as Tsig.Tsig).mac)
                const reply = (answers: ReadonlyArray<ResourceRecord.ResourceRecord>) =>
                  Message.encode(Message.make({ id: asked.id, response: true, questions: asked.questions, answers }))
                // The second is anybody's: nothing that covers it ever comes.
                socket.write(Framing.frame(stream.sign(reply([soa!, records[0]!]), Math.floor(Date.now() / 1_000))))
                socket.end(Framing.frame(reply(records.slice(1))))
              }
            })
          })
          server.listen(0, "127.0.0.1", () =>
            resume(Effect.succeed({ port: (server.address() as { port: number }).port, close: () => server.close() }))
          )
        }),
        ({ close }) => Effect.sync(close)
      )
      const seen: Array<string> = []
      const peer = { address: "127.0.0.1", port: port.port, key }
      const exit = yield* Effect.exit(
        Stream.runForEach(axfrRecords(peer, origin), (record) => Effect.sync(() => void seen.push(record.type)))
      )
      assert.isTrue(Exit.isFailure(exit))
      assert.deepStrictEqual(seen, ["SOA", "NS"])
    }).pipe(Effect.scoped)
  )
})

describe("a secondary", () => {
  it.effect("holds its zone until the SOA's expire time without the primary, and has it again when that is back", () =>
    Effect.gen(function* () {
      const store = new ZoneStore()
      const options = { zones: [zoneOf(1)], allowTransfer: () => true }
      const scope = yield* Scope.make()
      const { port } = yield* Scope.provide(Server.make(options), scope)
      yield* Secondary.keep(store, origin, { address: "127.0.0.1", port })
      yield* until(() => store.get(origin) !== undefined)
      yield* turns(200)
      yield* Scope.close(scope, Exit.void)
      // Refreshed at 0; from 100 s on it fails, every 20 s.
      let lost = 0
      for (let second = 0; second < 500 && store.get(origin) !== undefined; second += 10) {
        yield* TestClock.adjust("10 seconds")
        yield* turns(60)
        lost = second + 10
      }
      assert.isUndefined(store.get(origin))
      assert.isAtLeast(lost, 300)
      assert.isAtMost(lost, 340)
      yield* Server.make({ ...options, port })
      for (let i = 0; i < 20 && store.get(origin) === undefined; i++) {
        yield* TestClock.adjust("60 seconds")
        yield* turns(200)
      }
      assert.strictEqual(store.get(origin)?.serial, 1)
    }).pipe(Effect.scoped)
  )
})

describe("a secondary that is notified without end", () => {
  it.effect("looks at its primary once, and again a second later", () =>
    Effect.gen(function* () {
      const store = new ZoneStore([zoneOf(1)])
      const server = yield* Server.make({ zones: [zoneOf(1)], allowTransfer: () => true })
      const asked = () => Effect.runSync(server.stats).requests
      const secondary = yield* Secondary.keep(store, origin, { address: "127.0.0.1", port: server.port })
      yield* until(() => asked() === 1)
      const flood = Effect.gen(function* () {
        for (let i = 0; i < 50; i++) {
          secondary.notified()
          yield* turns(10)
        }
      })
      yield* flood
      assert.strictEqual(asked(), 1)
      yield* TestClock.adjust("1 second")
      yield* until(() => asked() === 2)
      yield* flood
      assert.strictEqual(asked(), 2)
      // After a quiet while it does not wait.
      yield* TestClock.adjust("1 second")
      yield* until(() => asked() === 3)
      yield* TestClock.adjust("10 seconds")
      yield* turns(100)
      assert.strictEqual(asked(), 3)
      secondary.notified()
      yield* until(() => asked() === 4)
    }).pipe(Effect.scoped)
  )
})

describe("the differences that a store keeps", () => {
  it("are bounded by their records, and begin anew when a serial goes back", () => {
    const store = new ZoneStore([zoneOf(1)])
    const record = zoneOf(1).soa.records[0]!
    const many = Array.from({ length: 0.6 * limits.journalRecords }, () => record)
    const put = (from: number, to: number, added = [record]) =>
      store.put(zoneOf(to), { from, to, removed: [record], added })
    put(1, 2, many)
    put(2, 3)
    assert.strictEqual(store.since(origin, 1)?.length, 2)
    put(3, 4, many)
    assert.isUndefined(store.since(origin, 1))
    assert.strictEqual(store.since(origin, 2)?.length, 2)
    put(4, 2)
    put(2, 5)
    assert.isUndefined(store.since(origin, 4))
    assert.strictEqual(store.since(origin, 2)?.length, 1)
  })
})
