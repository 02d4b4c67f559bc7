/**
 * Runners and submitters of a cluster whose messages, runners and journal are kept in PostgreSQL, speaking to each
 * other over sockets. The engine creates its tables at the first start; the database user needs the right to.
 */
import { NodeClusterSocket } from "@effect/platform-node"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import type * as Sharding from "effect/cluster/Sharding"
import type * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { ConfigError } from "effect/Config"
import type { SocketServerError } from "effect/socket/SocketServer"
import * as Journal from "./Journal.ts"
import * as Runner from "./Runner.ts"

export interface DatabaseOptions {
  /** `postgres://user:password@host:5432/database`. */
  readonly url: string
  /** Connections at most; default 10. */
  readonly connections?: number
  /** The engine's own settings, for who knows them: shard count, lock expiration, poll intervals. */
  readonly sharding?: Partial<ShardingConfig.ShardingConfig["Service"]>
}

export interface RunnerOptions extends DatabaseOptions, Runner.Options {
  /** Where this runner listens, and how others reach it. */
  readonly host: string
  readonly port: number
  /** Share of the work relative to other runners; default 1. */
  readonly weight?: number
}

const database = (options: DatabaseOptions) =>
  PgClient.layer({
    url: Redacted.make(options.url),
    maxConnections: options.connections ?? 10,
    applicationName: "handoff"
  })

/**
 * Settings that suit tasks of milliseconds: the engine's defaults look after seconds. An answer that did not come over
 * the wire is looked for in storage every 100 ms, a dead runner's shards are taken within about ten seconds.
 */
const responsive: Partial<ShardingConfig.ShardingConfig["Service"]> = {
  entityMailboxCapacity: 4096,
  entityMessagePollInterval: "1 second",
  entityReplyPollInterval: "100 millis",
  refreshAssignmentsInterval: "1 second",
  shardLockRefreshInterval: "2 seconds",
  shardLockExpiration: "8 seconds",
  runnerHealthCheckInterval: "2 seconds",
  simulateRemoteSerialization: false
}

/** A runner: serves its share of the partitions until its scope closes, then hands them over. */
export const layerRunner = (
  options: RunnerOptions
): Layer.Layer<Sharding.Sharding, SqlError | ConfigError | SocketServerError> =>
  Runner.layer(options).pipe(
    Layer.provideMerge(
      NodeClusterSocket.layer({
        storage: "sql",
        shardingConfig: {
          ...responsive,
          runnerAddress: Option.some(RunnerAddress.make(options.host, options.port)),
          runnerShardWeight: options.weight ?? 1,
          ...options.sharding
        }
      })
    ),
    Layer.provide(layerJournal),
    Layer.provide(database(options))
  )

/** A submitter: sends tasks, runs none. */
export const layerSubmitter = (options: DatabaseOptions): Layer.Layer<Sharding.Sharding, SqlError | ConfigError> =>
  NodeClusterSocket.layer({
    storage: "sql",
    clientOnly: true,
    shardingConfig: { ...responsive, runnerAddress: Option.none(), ...options.sharding }
  }).pipe(Layer.provide(database(options)))

/** How long entries outlive a submitter that never said that it has its answer, in days. */
const journalDays = 7

/** While the database is away, a start waits: nothing may start that is not entered. */
const patiently = <A>(effect: Effect.Effect<A, SqlError>): Effect.Effect<A> =>
  effect.pipe(
    Effect.tapError((error) => Effect.logWarning("the journal waits for its database", error)),
    Effect.retry(Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])),
    Effect.orDie
  )

/** The journal as a table: `handoff_journal (batch, task, entered)`. */
export const layerJournal: Layer.Layer<Journal.Journal, SqlError, SqlClient.SqlClient> = Layer.effect(
  Journal.Journal,
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    // Two runners that start at once may both find no table; PostgreSQL then fails one of them, and it looks again.
    yield* sql`CREATE TABLE IF NOT EXISTS handoff_journal (
      batch text NOT NULL, task bigint NOT NULL, entered timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (batch, task)
    )`.pipe(Effect.retry({ times: 3 }))
    yield* sql`DELETE FROM handoff_journal WHERE entered < now() - make_interval(days => ${journalDays})`
    return Journal.Journal.of({
      enter: (batch, tasks) =>
        patiently(
          sql<{ readonly task: string }>`
            INSERT INTO handoff_journal (batch, task)
            SELECT ${batch}, unnest(string_to_array(${tasks.join(",")}, ',')::bigint[])
            ON CONFLICT DO NOTHING RETURNING task`
        ).pipe(
          Effect.map((entered) => {
            const fresh = new Set(entered.map(({ task }) => Number(task)))
            return new Set(tasks.filter((task) => !fresh.has(task)))
          })
        ),
      forget: (batch) => Effect.ignore(sql`DELETE FROM handoff_journal WHERE batch = ${batch}`)
    })
  })
)
