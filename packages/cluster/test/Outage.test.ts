import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import { TestClock } from "effect/testing"
import * as Outage from "#src/Outage"

describe("a database that is looked at again and again", () => {
  const scenario = (looks: ReadonlyArray<Effect.Effect<void, Error>>) =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
        lines.push(`${logLevel} ${String(message)}`)
      })
      let next = 0
      const look = Outage.told(Effect.suspend(() => looks[next++] ?? Effect.void))
      const watching = yield* Effect.forkChild(
        Effect.forever(Effect.andThen(look, Effect.sleep("1 second"))).pipe(Effect.provide(Logger.layer([logger])))
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.interrupt(watching)
      return lines
    })
  const refused = Effect.fail(
    new Error("could not be asked", { cause: new Error("connect ECONNREFUSED 127.0.0.1:5432") })
  )

  it.effect("is said to be away when it goes, and back when it comes, however often it is looked at between", () =>
    Effect.gen(function* () {
      const outage = [refused, refused, refused, Effect.void]
      assert.deepStrictEqual(yield* scenario([Effect.void, ...outage, Effect.void, refused]), [
        "Warn the database is away: connect ECONNREFUSED 127.0.0.1:5432; tasks wait until it is back",
        "Info the database is back after 3 s",
        "Warn the database is away: connect ECONNREFUSED 127.0.0.1:5432; tasks wait until it is back",
        "Info the database is back after 1 s"
      ])
    })
  )

  it.effect("is said to be away when it does not answer", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* scenario([Effect.void, Effect.never, Effect.never]), [
        "Warn the database is away: no answer for 2 s; tasks wait until it is back",
        "Info the database is back after 4 s"
      ])
    })
  )

  it.effect("is not spoken of while it is there, nor at the end", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* scenario([]), [])
      assert.deepStrictEqual(yield* scenario([Effect.andThen(Effect.sleep("1 second"), Effect.void)]), [])
    })
  )
})
