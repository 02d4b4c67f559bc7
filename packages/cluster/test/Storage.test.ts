/** What is written in groups is what the engine would have written one by one. */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import * as PgClient from "@effect/sql-pg/PgClient"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Journal } from "@handoff/cluster"
import { layerJournal } from "@handoff/cluster/postgres"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { PersistenceError } from "effect/cluster/ClusterError"
import type * as Envelope from "effect/cluster/Envelope"
import type * as MessageStorage from "effect/cluster/MessageStorage"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as ShardId from "effect/cluster/ShardId"
import * as SqlMessageStorage from "effect/cluster/SqlMessageStorage"
import type * as Digest from "effect/crypto/Digest"
import * as SqlClient from "effect/sql/SqlClient"
import { confirmingTogether, grouped } from "#src/Storage"
import * as Postgres from "./support/Postgres.ts"

if (Postgres.absent !== undefined) console.log(`not run: ${Postgres.absent}`)

const request = (id: number, name = `name ${id}`, tasks = `tasks "of" ${id}`) => {
  const envelope: Envelope.PartialRequestEncoded = {
    _tag: "Request",
    requestId: String(id),
    address: { shardId: { group: "default", id: 7 }, entityType: "HandoffTasks", entityId: "p1" },
    tag: "RunDurable",
    payload: { batch: id, tasks, more: [1.5, null, { deep: "ä\n" }] },
    headers: { a: "b" },
    ...(id % 2 === 0 && { traceId: "a".repeat(32), spanId: "b".repeat(16), sampled: true })
  }
  return { envelope, primaryKey: name, deliverAt: null }
}

const reply = (id: number, to: number, value: unknown = `answer ${to}`) => ({
  _tag: "WithExit" as const,
  id: String(id),
  requestId: String(to),
  exit: { _tag: "Success" as const, value }
})

const none: ReadonlySet<number> = new Set()

const numbers = (count: number, from = 1) => Array.from({ length: count }, (_, i) => from + i)

describe.skipIf(Postgres.absent !== undefined)("the engine's storage in groups", () => {
  let database: Postgres.Server
  beforeAll(async () => {
    database = await Postgres.start()
  }, 120_000)
  afterAll(() => database.stop(), 60_000)

  let clusters = 0

  /** Storage in tables of its own, and how often the engine's own writes were used. */
  const storage = Effect.gen(function* () {
    const prefix = `group${clusters++}`
    const sql = yield* SqlClient.SqlClient
    const own = yield* SqlMessageStorage.makeEncoded({ prefix })
    let singles = 0
    const counted: MessageStorage.Encoded = {
      ...own,
      saveEnvelope: (saved) => Effect.suspend(() => (singles++, own.saveEnvelope(saved))),
      saveReply: (saved) => Effect.suspend(() => (singles++, own.saveReply(saved)))
    }
    const rows = (table: string) => sql`SELECT * FROM ${sql(`${prefix}_${table}`)} ORDER BY id`
    return { own, rows, singles: () => singles, storage: grouped(counted, sql, prefix) }
  })

  const together = <A, B, E>(items: ReadonlyArray<A>, each: (item: A) => Effect.Effect<B, E>) =>
    Effect.forEach(items, (item) => Effect.exit(each(item)), { concurrency: "unbounded" })

  const scenario = (name: string, effect: Effect.Effect<void, any, SqlClient.SqlClient | Digest.Digest>) =>
    it.live(name, () => {
      const client = PgClient.layer({ url: Redacted.make(database.url) })
      return Effect.provide(effect, [client, NodeCrypto.layerDigest])
    })

  scenario(
    "holds the same rows as when each was written by the engine",
    Effect.gen(function* () {
      const groups = yield* storage
      const one = yield* storage
      yield* together(numbers(100), (n) => groups.storage.saveEnvelope(request(n)))
      yield* together(numbers(100), (n) => groups.storage.saveReply(reply(1_000 + n, n)))
      assert.strictEqual(groups.singles(), 0)
      yield* Effect.forEach(numbers(100), (n) => one.own.saveEnvelope(request(n)))
      yield* Effect.forEach(numbers(100), (n) => one.own.saveReply(reply(1_000 + n, n)))
      // In which order rows of one moment came is all that may differ.
      const plain = (rows: ReadonlyArray<object>) => rows.map((row) => ({ ...row, rowid: 0 }))
      for (const table of ["messages", "replies"]) {
        const written = plain(yield* groups.rows(table))
        assert.strictEqual(written.length, 100)
        assert.deepStrictEqual(written, plain(yield* one.rows(table)))
      }
    })
  )

  scenario(
    "tells apart what is new and what was saved before, with its answer where there is one",
    Effect.gen(function* () {
      const { rows, singles, storage: groups } = yield* storage
      yield* together([1, 2], (n) => groups.saveEnvelope(request(n)))
      yield* groups.saveReply(reply(1_001, 1))
      // The same names again under other numbers, among new ones.
      const again = [request(11, "name 1"), request(12, "name 2"), request(13), request(14), request(15, "name 14")]
      const saved = yield* together(again, (one) => groups.saveEnvelope(one))
      const told = saved.map((exit) => {
        const result = Exit.isSuccess(exit) ? exit.value : undefined
        return result?._tag === "Duplicate"
          ? [String(result.originalId), Option.getOrUndefined(result.lastReceivedReply)]
          : result?._tag
      })
      assert.deepStrictEqual(told, [["1", reply(1_001, 1)], ["2", undefined], "Success", "Success", ["14", undefined]])
      assert.strictEqual((yield* rows("messages")).length, 4)
      assert.strictEqual(singles(), 3)
    })
  )

  scenario(
    "fails a reply that may not be written, and saves its neighbours",
    Effect.gen(function* () {
      const { rows, storage: groups } = yield* storage
      yield* together(numbers(4), (n) => groups.saveEnvelope(request(n)))
      yield* groups.saveReply(reply(1_001, 1))
      // A second answer for 1, as of a runner that was cut off; and a text that PostgreSQL's JSON does not take.
      const late = [reply(1_011, 1, "late"), reply(1_002, 2), reply(1_003, 3, "\u0000")]
      const exits = yield* together(late, (one) => groups.saveReply(one))
      assert.deepStrictEqual(exits.map(Exit.isSuccess), [false, true, true])
      assert.isTrue(
        Exit.isFailure(exits[0]!) &&
          exits[0].cause.reasons.every((one) => one._tag === "Fail" && one.error instanceof PersistenceError)
      )
      const kept = (yield* rows("replies")).map((row) => JSON.parse(String(row["payload"])).value)
      assert.deepStrictEqual(kept, ["answer 1", "answer 2", "\u0000"])
      const open = (yield* rows("messages")).filter((row) => row["processed"] !== true).map((row) => Number(row["id"]))
      assert.deepStrictEqual(open, [4])
    })
  )

  scenario(
    "enters batches in the journal together, each with what was entered of it before",
    Effect.gen(function* () {
      const journal = yield* Journal.Journal
      yield* journal.enter("a", [1, 2])
      yield* journal.giveUp("b", [7])
      const [a, b, c] = yield* Effect.forEach(
        [
          ["a", [2, 3]],
          ["b", [7, 8]],
          ["c", []]
        ] as const,
        ([batch, tasks]) => journal.enter(batch, tasks),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(a, { begun: new Set([2]), givenUp: none })
      assert.deepStrictEqual(b, { begun: none, givenUp: new Set([7]) })
      assert.deepStrictEqual(c, { begun: none, givenUp: none })
      assert.deepStrictEqual((yield* journal.enter("a", [1, 2, 3])).begun, new Set([1, 2, 3]))
    }).pipe(Effect.provide(layerJournal("entries")), Effect.scoped)
  )
})

describe("locks", () => {
  it.effect("are confirmed together, and each is told of its own", () =>
    Effect.gen(function* () {
      const asked: Array<number> = []
      const own = RunnerStorage.RunnerStorage.of({
        refresh: (_address: unknown, shards: Iterable<ShardId.ShardId>) =>
          Effect.sync(() => {
            const all = [...shards]
            asked.push(all.length)
            // Shard 2 was taken by another runner.
            return all.filter(({ id }) => id !== 2)
          })
      } as never)
      const { refresh } = confirmingTogether(own)
      const me = RunnerAddress.make("127.0.0.1", 1)
      const shards = [1, 2, 3, 1].map((id) => ShardId.make("default", id))
      const held = yield* Effect.forEach(shards, (shard) => refresh(me, [shard]), { concurrency: "unbounded" })
      assert.deepStrictEqual(
        held.map((some) => some.map(({ id }) => id)),
        [[1], [], [3], [1]]
      )
      assert.deepStrictEqual(asked, [3])
      // What the engine refreshes in one go, or asks without any shard, goes its own way.
      assert.strictEqual((yield* refresh(me, shards)).length, 3)
      assert.deepStrictEqual(yield* refresh(me, []), [])
      assert.deepStrictEqual(asked, [3, 4, 0])
    })
  )
})
