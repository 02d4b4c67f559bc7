/**
 * The engine's storage in PostgreSQL, with what it writes at the same moment written by one statement: requests saved,
 * replies saved, locks confirmed. The tables, the reading and everything rare are the engine's own; so is each write that
 * a group cannot take or that failed in one.
 */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { PersistenceError } from "effect/cluster/ClusterError"
import type * as Envelope from "effect/cluster/Envelope"
import * as MessageStorage from "effect/cluster/MessageStorage"
import type * as Reply from "effect/cluster/Reply"
import type * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as RunnerStorage from "effect/cluster/RunnerStorage"
import * as ShardId from "effect/cluster/ShardId"
import type { ShardingConfig } from "effect/cluster/ShardingConfig"
import * as Snowflake from "effect/cluster/Snowflake"
import * as SqlMessageStorage from "effect/cluster/SqlMessageStorage"
import * as SqlRunnerStorage from "effect/cluster/SqlRunnerStorage"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as GroupCommit from "./GroupCommit.ts"

/** Messages, replies, runners and locks, in tables whose names begin with the prefix. */
export const layer = (
  prefix: string
): Layer.Layer<
  MessageStorage.MessageStorage | RunnerStorage.RunnerStorage,
  SqlError,
  SqlClient.SqlClient | ShardingConfig
> => {
  const messages = Layer.effect(
    MessageStorage.MessageStorage,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const own = yield* SqlMessageStorage.makeEncoded({ prefix })
      return yield* MessageStorage.makeEncoded(grouped(own, sql, prefix))
    })
  )
  return Layer.merge(
    messages.pipe(Layer.provide([NodeCrypto.layerDigest, Snowflake.layerGenerator])),
    Layer.effect(RunnerStorage.RunnerStorage, Effect.map(RunnerStorage.RunnerStorage, confirmingTogether)).pipe(
      Layer.provide(SqlRunnerStorage.layerWith({ prefix }))
    )
  )
}

const requestRow = ({ envelope, primaryKey }: Saved) => {
  const request = envelope as Envelope.PartialRequestEncoded
  const { address, headers, payload, requestId, sampled, spanId, tag, traceId } = request
  return {
    id: requestId,
    message_id: primaryKey,
    shard_id: ShardId.toString(address.shardId),
    entity_type: address.entityType,
    entity_id: address.entityId,
    tag,
    payload,
    headers,
    trace_id: traceId,
    span_id: spanId,
    sampled
  }
}

const replyRow = ({ exit, id, requestId }: Reply.WithExitEncoded) => ({ id, request_id: requestId, payload: exit })

/** How long a name is as the engine keeps it; longer ones it keeps as a digest. */
const nameWidth = 255

/** What is to be saved, and its row as JSON. */
interface Row<A> {
  readonly saved: A
  readonly json: string
}

const row = <A>(saved: A, columns: (saved: A) => object): Row<A> => ({ saved, json: JSON.stringify(columns(saved)) })

const listed = (rows: ReadonlyArray<Row<unknown>>): string => `[${rows.map(({ json }) => json).join()}]`

/** In characters. What is larger has a statement of its own: there the price is in the payload. */
const largeRow = 65_536

const isLarge = ({ json }: Row<unknown>): boolean => json.length > largeRow

type Saved = Parameters<MessageStorage.Encoded["saveEnvelope"]>[0]

/** The engine's storage, saving requests and replies in groups. */
export const grouped = (
  own: MessageStorage.Encoded,
  sql: SqlClient.SqlClient,
  prefix: string
): MessageStorage.Encoded => {
  const messages = sql(`${prefix}_messages`)
  const replies = sql(`${prefix}_replies`)

  const saveRequest = GroupCommit.make({
    alone: ({ saved }: Row<Saved>) => own.saveEnvelope(saved),
    isLarge,
    together: (requests) =>
      sql<{ readonly id: string }>`
        INSERT INTO ${messages} (id, message_id, shard_id, entity_type, entity_id, kind, tag, payload, headers, trace_id,
          span_id, sampled, request_id)
        SELECT id, message_id, shard_id, entity_type, entity_id, 0, tag, payload::text, headers::text, trace_id, span_id,
          sampled, id
        FROM json_to_recordset(${listed(requests)}::text::json) AS given (id bigint, message_id text,
          shard_id text, entity_type text, entity_id text, tag text, payload json, headers json, trace_id text,
          span_id text, sampled boolean)
        ORDER BY message_id
        ON CONFLICT (message_id) DO NOTHING RETURNING id::text`.pipe(
        plain,
        Effect.flatMap((rows) => {
          const fresh = new Set(rows.map(({ id }) => id))
          // The engine finds out what became of one that was there before.
          return Effect.forEach(requests, ({ saved }) =>
            fresh.has((saved.envelope as Envelope.PartialRequestEncoded).requestId)
              ? Effect.succeed(MessageStorage.SaveResultEncoded.Success())
              : own.saveEnvelope(saved)
          )
        })
      )
  })

  const saveExit = GroupCommit.make({
    alone: ({ saved }: Row<Reply.WithExitEncoded>) => own.saveReply(saved),
    isLarge,
    // Rows are locked in the order in which the engine locks them, so that neither waits for the other.
    together: (exits) =>
      sql`
        WITH given AS (
          SELECT * FROM json_to_recordset(${listed(exits)}::text::json)
            AS given (id bigint, request_id bigint, payload json)
        ), answered AS (
          SELECT m.id, given.id AS reply_id FROM ${messages} m JOIN given USING (request_id) ORDER BY m.rowid FOR UPDATE OF m
        ), done AS (
          UPDATE ${messages} m SET processed = TRUE, last_reply_id = answered.reply_id FROM answered WHERE m.id = answered.id
        )
        INSERT INTO ${replies} (id, kind, request_id, payload) SELECT id, 0, request_id, payload::text FROM given`.pipe(
        plain,
        Effect.as(exits.map(() => undefined as void))
      )
  })

  return {
    ...own,
    saveEnvelope: (saved) => (fitsGroup(saved) ? saveRequest(row(saved, requestRow)) : own.saveEnvelope(saved)),
    saveReply: (reply) => (reply._tag === "WithExit" ? saveExit(row(reply, replyRow)) : own.saveReply(reply))
  }
}

const plain = <A>(effect: Effect.Effect<A, SqlError>): Effect.Effect<A, PersistenceError> =>
  PersistenceError.refail(Effect.withTracerEnabled(effect, false))

/** Requests that have a name: the others are not sent twice, and are rare here. */
const fitsGroup = ({ deliverAt, envelope, primaryKey }: Saved): boolean =>
  envelope._tag === "Request" && deliverAt === null && primaryKey !== null && primaryKey.length <= nameWidth

/** Before the engine saves a reply it has its shard's lock confirmed; those of one moment are confirmed together. */
export const confirmingTogether = (
  own: RunnerStorage.RunnerStorage["Service"]
): RunnerStorage.RunnerStorage["Service"] => {
  const confirm = GroupCommit.make({
    together: (
      asked: ReadonlyArray<{ readonly address: RunnerAddress.RunnerAddress; readonly shard: ShardId.ShardId }>
    ) =>
      Effect.map(own.refresh(asked[0]!.address, [...new Set(asked.map(({ shard }) => shard))]), (held) =>
        asked.map(({ shard }) => (held.includes(shard) ? [shard] : []))
      )
  })
  return {
    ...own,
    refresh: (address, shards) => {
      const [shard, ...others] = shards
      return shard === undefined || others.length > 0 ? own.refresh(address, shards) : confirm({ address, shard })
    }
  }
}
