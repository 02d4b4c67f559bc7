/**
 * Runners and submitters of a cluster whose messages, runners and journal are kept in PostgreSQL, speaking to each
 * other over sockets. The engine creates its tables at the first start; the database user needs the right to.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import type { ConfigError } from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import type * as Sharding from "effect/cluster/Sharding"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as SqlClient from "effect/sql/SqlClient"
import type * as Statement from "effect/sql/Statement"
import type { SocketServerError } from "effect/socket/SocketServer"
import type { SqlError } from "effect/sql/SqlError"
import * as Assignments from "./Assignments.ts"
import { ClusterUnavailable, faultOfUrl, ofListening, ofSql, withoutPassword } from "./ClusterUnavailable.ts"
import * as GroupCommit from "./GroupCommit.ts"
import * as Journal from "./Journal.ts"
import * as Runner from "./Runner.ts"
import * as Sockets from "./Sockets.ts"
import * as Storage from "./Storage.ts"

/** How to reach PostgreSQL. */
export interface DatabaseOptions {
  /** `postgres://user:password@host:5432/database`. */
  readonly url: string
  /**
   * The cluster's name, with which its tables' names begin; default `handoff`. Clusters of different names share a
   * database and know nothing of each other.
   */
  readonly cluster?: string
  /** Connections at most; default 10. */
  readonly connections?: number
  /** The engine's own settings, for who knows them: shard count, lock expiration, poll intervals. */
  readonly sharding?: Partial<ShardingConfig.ShardingConfig["Service"]>
}

/** A runner over PostgreSQL: the database, the address at which others reach it, and what it runs. */
export interface RunnerOptions extends DatabaseOptions, Runner.Options {
  /** How others reach this runner: a name or address that means this machine to all of them, and no other. */
  readonly host: string
  readonly port: number
  /** Where it listens, when that is not where others reach it (behind a port forwarding): `0.0.0.0`. */
  readonly listen?: { readonly host: string; readonly port?: number }
  /** Share of the work relative to other runners; default 1. */
  readonly weight?: number
}

const defaultName = "handoff"

/** What a runner or a submitter gives: the engine, and who serves what. */
export type Provided = Sharding.Sharding | Assignments.Assignments

/** A runner: serves its share of the partitions until its scope closes, then hands them over. */
export const layerRunner = (options: RunnerOptions): Layer.Layer<Provided, ClusterUnavailable | ConfigError> => {
  const config = {
    ...responsive,
    runnerAddress: Option.some(RunnerAddress.make(options.host, options.port)),
    runnerListenAddress: Option.map(Option.fromUndefinedOr(options.listen), ({ host, port }) =>
      RunnerAddress.make(host, port ?? options.port)
    ),
    runnerShardWeight: options.weight ?? 1,
    ...options.sharding
  }
  const journal = layerJournal(options.cluster).pipe(
    explained("SqlError", (error: SqlError) => ofSql(options.url, error))
  )
  const engine = Sockets.layerRunner.pipe(
    explained("SocketServerError", (error: SocketServerError) => {
      const { host, port = options.port } = options.listen ?? options
      return ofListening(`${host}:${port}`, error)
    })
  )
  return Runner.layer(options).pipe(
    Layer.provideMerge(engine),
    Layer.provideMerge(Assignments.layer),
    Layer.provide(storage(options, config)),
    Layer.provide(journal),
    Layer.provide(database(options))
  )
}

/** A submitter: sends tasks, runs none. */
export const layerSubmitter = (options: DatabaseOptions): Layer.Layer<Provided, ClusterUnavailable | ConfigError> => {
  const config = { ...responsive, runnerAddress: Option.none(), ...options.sharding }
  return Sockets.layerSubmitter.pipe(
    Layer.provideMerge(Assignments.layer),
    Layer.provide(storage(options, config)),
    Layer.provide(database(options))
  )
}

/** A layer whose errors of one tag say what to do. */
const explained =
  <Tag extends string, F extends { readonly _tag: Tag }>(tag: Tag, explain: (error: F) => ClusterUnavailable) =>
  <A, E, R>(layer: Layer.Layer<A, E | F, R>): Layer.Layer<A, Exclude<E, F> | ClusterUnavailable, R> =>
    Layer.catch(layer, (error) =>
      Layer.effectContext<A, E | ClusterUnavailable, never>(
        Effect.fail((error as F)._tag === tag ? explain(error as F) : (error as E))
      )
    ) as Layer.Layer<any, any, R>

/** The database, once it has answered; what it says otherwise is in the error. */
const database = (options: DatabaseOptions): Layer.Layer<SqlClient.SqlClient, ClusterUnavailable> => {
  const fault = faultOfUrl(options.url) ?? faultOfName(options.cluster)
  if (fault !== undefined) return Layer.effectContext(Effect.fail(fault))
  const client = PgClient.layer({
    url: Redacted.make(options.url),
    maxConnections: options.connections ?? 10,
    applicationName: "handoff"
  })
  // The engine waits for a database that went away; one that was never there is worth a word at once.
  return Layer.effectDiscard(answers(options)).pipe(
    Layer.provideMerge(client),
    explained("SqlError", (error: SqlError) => ofSql(options.url, error))
  )
}

const answers = Effect.fnUntraced(function* (options: DatabaseOptions) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ readonly may: boolean | null; readonly there: string | null }>`
    SELECT has_schema_privilege(current_schema(), 'CREATE') AS may,
      to_regclass(${`${options.cluster ?? defaultName}_runners`})::text AS there`
  if (row?.may !== true && row?.there === null) {
    return yield* new ClusterUnavailable({
      reason: "NoRights",
      where: withoutPassword(options.url),
      detail: "the user may not create tables"
    })
  }
})

const faultOfName = (cluster: string | undefined): ClusterUnavailable | undefined =>
  cluster === undefined || /^[a-z][a-z0-9_]{0,39}$/.test(cluster)
    ? undefined
    : new ClusterUnavailable({
        reason: "BadName",
        where: `the cluster "${cluster}"`,
        detail: "not a name that tables can begin with"
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

/** The engine's own storage, in tables whose names begin with the cluster's; and the numbers it goes by. */
const storage = (options: DatabaseOptions, config: Partial<ShardingConfig.ShardingConfig["Service"]>) => {
  return Storage.layer(options.cluster ?? defaultName).pipe(
    Layer.provideMerge(ShardingConfig.layerFromEnv(config)),
    explained("SqlError", (error: SqlError) => ofSql(options.url, error))
  )
}

/**
 * How long an answer is kept for a submitter that does not collect it, in days. One that is cut off from the database
 * asks again when it is back; its name is its own, so after its end nobody does.
 */
const keptDays = 7

/**
 * How long entries of answered batches are kept, in minutes. Until then a statement that was sent over a connection
 * which broke may still come to the database, and save the batch anew; Linux gives such a connection up after 16 minutes.
 */
const keptMinutes = 60

/** While the database is away, a start waits: nothing may start that is not entered. */
const patiently = <A>(effect: Effect.Effect<A, SqlError>): Effect.Effect<A> =>
  effect.pipe(
    Effect.tapError((error) => {
      // That the database is away is said by who looks at it (`Outage.ts`), once.
      const log = error.reason._tag === "ConnectionError" ? Effect.logDebug : Effect.logWarning
      return log("the journal waits for its database", error)
    }),
    Effect.retry(Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])),
    Effect.orDie
  )

/**
 * The journal as a table, `handoff_journal (batch, task, given_up, entered)` for the cluster `handoff`; `batch` is the
 * `message_id` of the engine's table of messages. Forgetting deletes the batch's message and its reply there, which the
 * engine itself never does. What nobody forgets (its submitter died) is swept every ten minutes.
 */
export const layerJournal = (cluster = defaultName): Layer.Layer<Journal.Journal, SqlError, SqlClient.SqlClient> =>
  Layer.effect(
    Journal.Journal,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const table = sql(`${cluster}_journal`)
      // Two runners that start at once may both find no table; PostgreSQL then fails one of them, and it looks again.
      yield* sql`CREATE TABLE IF NOT EXISTS ${table} (
        batch text NOT NULL, task bigint NOT NULL, given_up boolean NOT NULL DEFAULT false,
        entered timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (batch, task)
      )`.pipe(Effect.retry({ times: 3 }))
      const sweep = Effect.ignore(sweepOnce(sql, cluster))
      yield* Effect.forkScoped(Effect.repeat(sweep, Schedule.spaced("10 minutes")))
      const listed = (tasks: ReadonlyArray<number>) => sql`unnest(string_to_array(${tasks.join(",")}, ',')::bigint[])`
      interface Entry {
        readonly batch: string
        readonly tasks: ReadonlyArray<number>
      }
      const enter = GroupCommit.make({
        together: (entries: ReadonlyArray<Entry>) =>
          // What another runner enters at the same moment is in neither half of the answer: it has begun.
          sql<{ readonly batch: string; readonly task: string; readonly is: "begun" | "given up" | "fresh" }>`
            WITH fresh AS (
              INSERT INTO ${table} (batch, task)
              SELECT batch, task FROM json_to_recordset(${JSON.stringify(
                entries.flatMap(({ batch, tasks }) => tasks.map((task) => ({ batch, task })))
              )}::text::json) AS given (batch text, task bigint)
              ORDER BY batch, task ON CONFLICT DO NOTHING RETURNING batch, task
            )
            SELECT batch, task, 'fresh' AS is FROM fresh
            UNION ALL
            SELECT batch, task, CASE WHEN given_up THEN 'given up' ELSE 'begun' END FROM ${table}
            WHERE batch IN (SELECT json_array_elements_text(${JSON.stringify(entries.map(({ batch }) => batch))}::text::json))`.pipe(
            Effect.map((rows) => {
              const byBatch = Map.groupBy(rows, ({ batch }) => batch)
              return entries.map(({ batch, tasks }): Journal.Before => {
                const known = byBatch.get(batch) ?? []
                const those = (is: string) =>
                  new Set(known.filter((row) => row.is === is).map(({ task }) => Number(task)))
                const [fresh, givenUp] = [those("fresh"), those("given up")]
                return { begun: new Set(tasks.filter((task) => !fresh.has(task) && !givenUp.has(task))), givenUp }
              })
            })
          )
      })
      const forget = GroupCommit.make({
        together: (batches: ReadonlyArray<string>) =>
          Effect.as(
            deleteMessages(
              sql,
              cluster,
              sql`message_id IN (SELECT json_array_elements_text(${JSON.stringify(batches)}::text::json))`
            ),
            batches
          )
      })
      return Journal.Journal.of({
        enter: (batch, tasks) => patiently(enter({ batch, tasks })),
        giveUp: (batch, tasks) =>
          Effect.asVoid(
            patiently(
              sql`INSERT INTO ${table} (batch, task, given_up) SELECT ${batch}, ${listed(tasks)}, true
                ON CONFLICT (batch, task) DO UPDATE SET given_up = true`
            )
          ),
        forget: (batch) => Effect.ignore(forget(batch))
      })
    })
  )

/** Deletes requests, the other messages about them, and their replies. */
const deleteMessages = (sql: SqlClient.SqlClient, cluster: string, which: Statement.Fragment) => {
  const messages = sql(`${cluster}_messages`)
  const replies = sql(`${cluster}_replies`)
  return sql`
    WITH gone AS (SELECT id FROM ${messages} WHERE ${which} ORDER BY rowid FOR UPDATE),
      answers AS (DELETE FROM ${replies} WHERE request_id IN (SELECT id FROM gone))
    DELETE FROM ${messages} WHERE request_id IN (SELECT id FROM gone)`
}

/**
 * Deletes what nobody asks for any more. The clock is the database's: `last_read` is when a runner took the message.
 * Replies without a message are those of a runner that was cut off and answered late.
 */
const sweepOnce = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, cluster: string) {
  const messages = sql(`${cluster}_messages`)
  const answered = sql`kind = 0 AND processed AND last_read < now() - make_interval(days => ${keptDays})`
  yield* deleteMessages(sql, cluster, answered)
  yield* sql`DELETE FROM ${sql(`${cluster}_replies`)} r
    WHERE NOT EXISTS (SELECT 1 FROM ${messages} m WHERE m.id = r.request_id)`
  yield* sql`DELETE FROM ${sql(`${cluster}_journal`)} j WHERE entered < now() - make_interval(mins => ${keptMinutes})
    AND NOT EXISTS (SELECT 1 FROM ${messages} m WHERE m.message_id = j.batch)`
})
