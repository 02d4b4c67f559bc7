import { assert, it } from "@effect/vitest"
import { Connection, Framing } from "@handoff/reactor"
import * as Effect from "effect/Effect"
import { serve } from "../line-server/server.ts"

const line = Framing.lines({ maxOctets: 1000 })
const encode = (text: string) => new TextEncoder().encode(text)

it.live(
  "the line server answers each line, several clients side by side, and cuts a line that never ends",
  () =>
    Effect.gen(function* () {
      const server = yield* serve(0)
      const talk = (...lines: ReadonlyArray<string>) =>
        Effect.scoped(
          Effect.gen(function* () {
            const connection = yield* Connection.connect(`tcp:${server.address}`)
            return yield* Effect.forEach(lines, (text) =>
              Effect.andThen(
                connection.write(encode(`${text}\r\n`)),
                Effect.map(connection.read(line), (octets) => new TextDecoder().decode(octets))
              )
            )
          })
        )
      assert.deepStrictEqual(yield* talk("set a one two", "get a", "fly"), ["ok", "one two", "what is fly?"])
      const counts = yield* Effect.forEach(Array.from({ length: 20 }), () => talk("count"), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(new Set(counts.flat()), new Set(["1"]))
      yield* Effect.scoped(
        Effect.gen(function* () {
          const connection = yield* Connection.connect(`tcp:${server.address}`)
          yield* Effect.ignore(connection.write(new Uint8Array(5000).fill(120)))
          assert.isTrue((yield* Effect.exit(connection.read(line)))._tag === "Failure")
        })
      )
    }),
  30_000
)
