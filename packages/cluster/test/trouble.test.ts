/** What a user can get wrong or run into, and what is said then. */
import * as PgClient from "@effect/sql-pg/PgClient"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Cluster, type ClusterUnavailable, Embedded, RemoteDefect } from "@handoff/cluster"
import { layerRunner, layerSubmitter } from "@handoff/cluster/postgres"
import { Direct, Task, Unsupported } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { readFileSync, writeFileSync } from "node:fs"
import net from "node:net"
import * as Postgres from "./support/Postgres.ts"

class Echo extends Task.make("Echo", {
  payload: { value: Schema.Unknown },
  success: Schema.Unknown,
  repeatable: true
}) {}

/** As `Echo` was before its payload was changed. */
class OldEcho extends Task.make("Echo", {
  payload: { words: Schema.String },
  success: Schema.String,
  repeatable: true
}) {}

const echo = (value: (given: unknown) => unknown = (given) => given) =>
  Direct.make([Direct.handle(Echo, (task) => Effect.sync(() => value(task.value)))])

const embedded = (options?: Partial<Cluster.Options<Echo>> & { readonly answer?: (given: unknown) => unknown }) =>
  Effect.flatMap(echo(options?.answer), (executor) => Embedded.make<Echo>({ kinds: [Echo], executor, ...options }))

const dies = <A, E>(effect: Effect.Effect<A, E>) => Effect.flip(Effect.sandbox(effect))

for (const durable of [[], ["Echo"]] as ReadonlyArray<ReadonlyArray<"Echo">>) {
  describe(`what cannot travel, ${durable.length === 0 ? "volatile" : "durable"}`, () => {
    it.live("an outcome that cannot be serialised is a defect that says so, and its neighbours are answered", () =>
      Effect.gen(function* () {
        const executor = yield* embedded({ durable, answer: (given) => (given === 3 ? () => 3 : given) })
        const exits = yield* Effect.forEach(
          [1, 2, 3, 4, 5],
          (value) => Effect.exit(executor.run(new Echo({ value }))),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(
          exits.map((exit) => exit._tag),
          ["Success", "Success", "Failure", "Success", "Success"]
        )
        const cause = yield* dies(executor.run(new Echo({ value: 3 })))
        const [reason] = cause.reasons
        assert.isTrue(reason?._tag === "Die" && reason.defect instanceof RemoteDefect)
        assert.match(String(reason?._tag === "Die" && reason.defect), /could not be cloned; let its success schema/)
      })
    )

    it.live("a payload over messageOctets is Unsupported and says what to do, and its neighbours are answered", () =>
      Effect.gen(function* () {
        const executor = yield* embedded({ durable, messageOctets: 65_536 })
        const values = [1, new Uint8Array(70_000), 2, new Uint8Array(40_000), new Uint8Array(40_000)]
        const exits = yield* Effect.forEach(values, (value) => Effect.exit(executor.run(new Echo({ value }))), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(
          exits.map((exit) => exit._tag),
          ["Success", "Failure", "Success", "Success", "Success"]
        )
        const error = yield* Effect.flip(executor.run(new Echo({ value: new Uint8Array(70_000) })))
        assert.instanceOf(error, Unsupported)
        assert.match(error.message, /its \d+ octets are over 65536: raise messageOctets/)
      })
    )

    it.live("an outcome that is too large is a defect that says so", () =>
      Effect.gen(function* () {
        const executor = yield* embedded({
          durable,
          answer: (given) => (given === "large" ? new Uint8Array(26_000_000) : given)
        })
        const [large, small] = yield* Effect.all(
          [dies(executor.run(new Echo({ value: "large" }))), executor.run(new Echo({ value: "small" }))],
          { concurrency: "unbounded" }
        )
        const [reason] = large.reasons
        assert.match(String(reason?._tag === "Die" && reason.defect), /26\d+ octets, of at most 25165824/)
        assert.strictEqual(small, "small")
      })
    )
  })
}

describe("what is wrong at the start", () => {
  const refused = (layer: Layer.Layer<any, any>) =>
    Effect.scoped(Effect.flip(Layer.build(layer))) as Effect.Effect<ClusterUnavailable>

  const cases: ReadonlyArray<readonly [string, string, string, RegExp]> = [
    ["no URL at all", "handoff", "BadUrl", /give it as postgres:/],
    ["another kind of URL", "http://127.0.0.1/handoff", "BadUrl", /not the URL of a PostgreSQL database/],
    ["a server that is not there", "postgres://u:secret@127.0.0.1:1/x", "Unreachable", /start PostgreSQL there/]
  ]
  for (const [what, url, reason, words] of cases) {
    it.live(`${what} is said, without the password`, () =>
      Effect.gen(function* () {
        const error = yield* refused(layerSubmitter({ url }))
        assert.strictEqual(error._tag, "ClusterUnavailable")
        assert.strictEqual(error.reason, reason)
        assert.match(error.message, words)
        assert.notInclude(error.message, "secret")
      })
    )
  }

  it.live("a name that tables cannot have is said", () =>
    Effect.gen(function* () {
      const error = yield* refused(layerSubmitter({ url: "postgres://127.0.0.1:1/x", cluster: 'x"; DROP TABLE' }))
      assert.strictEqual(error.reason, "BadName")
    })
  )
})

if (Postgres.absent !== undefined) console.log(`not run: ${Postgres.absent}`)

describe.skipIf(Postgres.absent !== undefined)("with a database", () => {
  let database: Postgres.Server
  beforeAll(async () => {
    database = await Postgres.start()
  }, 120_000)
  afterAll(() => database.stop(), 60_000)

  const runner = (port: number, options: { readonly cluster?: string; readonly answer?: string } = {}) =>
    Effect.flatMap(
      echo((given) => options.answer ?? given),
      (executor) =>
        Layer.build(
          layerRunner({
            url: database.url,
            host: "127.0.0.1",
            port,
            kinds: [Echo],
            executor,
            ...(options.cluster !== undefined && { cluster: options.cluster })
          })
        )
    )

  const submitter = <T extends Task.Any>(kind: any, cluster?: string) =>
    Effect.flatMap(
      Layer.build(layerSubmitter({ url: database.url, ...(cluster !== undefined && { cluster }) })),
      (context) => Effect.provideContext(Cluster.make<T>({ kinds: [kind] }), context)
    )

  const freePort = Effect.promise(Postgres.freePort)

  it.live("a database that does not exist is said", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const url = database.url.replace(/\/postgres$/, "/nowhere")
        const error = yield* Effect.flip(Layer.build(layerSubmitter({ url })))
        assert.strictEqual(error._tag === "ClusterUnavailable" && error.reason, "NoDatabase")
        assert.match(error.message, /create it: createdb/)
      })
    )
  )

  it.live("a user that the server does not know is said", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const url = database.url.replace("handoff@", "stranger@")
        const error = yield* Effect.flip(Layer.build(layerSubmitter({ url })))
        assert.strictEqual(error._tag === "ClusterUnavailable" && error.reason, "Refused")
      })
    )
  )

  it.live("a wrong password is said, without it", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE ROLE guarded LOGIN PASSWORD 'right'`
        const [file] = yield* sql<{ readonly hba_file: string }>`SHOW hba_file`
        const rules = readFileSync(file!.hba_file, "utf8")
        writeFileSync(file!.hba_file, `host all guarded 127.0.0.1/32 scram-sha-256\n${rules}`)
        yield* sql`SELECT pg_reload_conf()`
        const url = database.url.replace("handoff@", "guarded:secret@")
        // The server reads its rules anew a moment later; until then it lets everybody in, who may create no tables.
        const error = yield* Effect.repeat(Effect.flip(Layer.build(layerSubmitter({ url }))), {
          until: (error) => error._tag === "ClusterUnavailable" && error.reason !== "NoRights",
          schedule: Schedule.spaced("50 millis")
        })
        assert.strictEqual(error._tag === "ClusterUnavailable" && error.reason, "Refused")
        assert.match(error.message, /password authentication failed.*correct user and password/)
        assert.notInclude(error.message, "secret")
      }).pipe(Effect.provide(PgClient.layer({ url: Redacted.make(database.url) })))
    )
  )

  it.live("a port that is taken is said", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const port = yield* Effect.acquireRelease(
          Effect.promise(
            () =>
              new Promise<net.Server>((resolve) => {
                const server = net.createServer().listen(0, "127.0.0.1", () => resolve(server))
              })
          ),
          (server) => Effect.sync(() => server.close())
        ).pipe(Effect.map((server) => (server.address() as net.AddressInfo).port))
        const error = yield* Effect.flip(runner(port))
        assert.strictEqual(error._tag === "ClusterUnavailable" && error.reason, "CannotListen")
        assert.match(error.message, /EADDRINUSE.*choose another port/)
      })
    )
  )

  it.live(
    "a runner of other code answers Unsupported and says to start all from the same code",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          yield* runner(yield* freePort)
          const old = yield* submitter<OldEcho>(OldEcho)
          const error = yield* Effect.flip(old.run(new OldEcho({ words: "hello" })))
          assert.instanceOf(error, Unsupported)
          assert.match(error.message, /cannot read it.*start runners and submitters from the same code/s)
          const other = yield* submitter<Task.Any>(class Nobody extends Task.make("Nobody", { payload: {} }) {})
          const nobody = yield* Effect.flip(other.run(new (class extends Task.make("Nobody", { payload: {} }) {})()))
          assert.match((nobody as Error).message, /started without this kind/)
        })
      ),
    60_000
  )

  it.live(
    "two clusters in one database know nothing of each other",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          yield* runner(yield* freePort, { cluster: "blue", answer: "blue" })
          yield* runner(yield* freePort, { cluster: "green", answer: "green" })
          const blue = yield* submitter<Echo>(Echo, "blue")
          const green = yield* submitter<Echo>(Echo, "green")
          const answers = yield* Effect.forEach(
            Array.from({ length: 50 }, (_, i) => (i % 2 === 0 ? blue : green)),
            (executor) => executor.run(new Echo({ value: "?" })),
            { concurrency: "unbounded" }
          )
          assert.deepStrictEqual(
            answers,
            answers.map((_, i) => (i % 2 === 0 ? "blue" : "green"))
          )
          assert.deepInclude((yield* blue.stats).extra, { runners: 1, shards: 300 })
        })
      ),
    60_000
  )

  it.live(
    "sends many large messages at once, and Node warns of nothing",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const warnings: Array<string> = []
          const note = ({ message }: Error) => warnings.push(message)
          process.on("warning", note)
          yield* Effect.addFinalizer(() => Effect.sync(() => process.off("warning", note)))
          yield* runner(yield* freePort, { cluster: "large", answer: "short" })
          const context = yield* Layer.build(layerSubmitter({ url: database.url, cluster: "large" }))
          const executor = yield* Effect.provideContext(Cluster.make<Echo>({ kinds: [Echo], batch: 1 }), context)
          const large = new Echo({ value: "x".repeat(200_000) })
          yield* Effect.forEach(Array.from({ length: 40 }), () => executor.run(large), { concurrency: "unbounded" })
          assert.deepStrictEqual(warnings, [])
        })
      ),
    60_000
  )

  it.live(
    "tells which runners there are and how many shards each has",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const ports = [yield* freePort, yield* freePort]
          for (const port of ports) yield* runner(port, { cluster: "seen" })
          const executor = yield* submitter<Echo>(Echo, "seen")
          yield* executor.run(new Echo({ value: 1 }))
          const { extra } = yield* Effect.repeat(executor.stats, {
            until: ({ extra }) => extra["runners"] === 2,
            schedule: Schedule.spaced("100 millis")
          })
          const shards = ports.map((port) => extra[`runner 127.0.0.1:${port} shards`]!)
          assert.strictEqual(shards[0]! + shards[1]!, 300)
          assert.isAbove(Math.min(...shards), 75)
          assert.deepStrictEqual(
            ports.map((port) => extra[`runner 127.0.0.1:${port} tasks`]),
            [0, 0]
          )
        })
      ),
    60_000
  )
})
