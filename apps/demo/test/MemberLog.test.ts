import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import { PersistenceError } from "effect/cluster/ClusterError"
import { ConnectionError, SqlError, SqlSyntaxError, UnknownError } from "effect/sql/SqlError"
import * as MemberLog from "#demo/cluster/MemberLog"

const stored = (reason: SqlError["reason"]) => Cause.fail(new PersistenceError({ cause: new SqlError({ reason }) }))
const system = (code: string, message: string) => Object.assign(new Error(message), { code })

const line = (entry: Partial<MemberLog.Entry>) =>
  MemberLog.lineOf({
    message: ["Could not read messages from storage"],
    logLevel: "Warn",
    cause: Cause.empty,
    annotations: {},
    ...entry
  })

describe("what a member of a cluster logs", () => {
  it("is the words of our own package, whatever their level", () => {
    const annotations = { package: "@handoff/cluster" }
    assert.strictEqual(
      line({ message: ["the database is back"], logLevel: "Info", annotations }),
      "the database is back"
    )
  })

  it("is a warning of the engine in a line, with the innermost words of its cause", () => {
    const cause = stored(new SqlSyntaxError({ cause: system("42P01", 'relation "handoff_messages" does not exist') }))
    assert.strictEqual(
      line({ cause }),
      'Could not read messages from storage: relation "handoff_messages" does not exist'
    )
  })

  const known: ReadonlyArray<[string, Cause.Cause<unknown>]> = [
    ["nobody answers", stored(new ConnectionError({ cause: system("ECONNREFUSED", "connect ECONNREFUSED") }))],
    ["the server ends", stored(new UnknownError({ cause: system("57P01", "terminating connection") }))],
    ["the server begins", stored(new UnknownError({ cause: system("57P03", "the database system is starting up") }))],
    ["no answer comes", Cause.fail(new Cause.TimeoutError())],
    ["no answer comes, wrapped", Cause.fail(new PersistenceError({ cause: new Cause.TimeoutError() }))]
  ]
  for (const [what, cause] of known) {
    it(`is not the engine's word that the database is away: ${what}`, () => {
      assert.isUndefined(line({ cause, logLevel: "Error" }))
    })
  }

  it("is not how the engine goes about its work", () => {
    assert.isUndefined(line({ message: ["No healthy runners available"] }))
    assert.isUndefined(line({ message: ["Listening on: 127.0.0.1:7001"], logLevel: "Info" }))
  })
})
