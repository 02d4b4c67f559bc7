/**
 * `npm run own-strategy -w examples`: names from a table, used like any other strategy, then held to every promise of an
 * executor that it has samples for. The same promises run under Vitest in `test/own-strategy.test.ts`.
 */
import { LookupHost } from "@handoff/core"
import { Contract, laws } from "@handoff/testing"
import * as Effect from "effect/Effect"
import { entries, samples } from "./samples.ts"
import * as Table from "./Table.ts"

const look = Effect.gen(function* () {
  const names = yield* Table.make(entries)
  const [address] = yield* names.run(new LookupHost({ name: "host7" }))
  console.log(`host7 is ${String(address)}`)
  const error = yield* Effect.flip(names.run(new LookupHost({ name: "missing7" })))
  console.log(`missing7: ${error.message}`)
  console.log(yield* names.stats, "\n")
})

const subject = Contract.subject(Table.make(entries), samples)

/** Without the sample that a promise is about, nothing of it can be told. */
const promises = laws([1, 2]).filter(({ needs }) => needs === undefined || samples[needs] !== undefined)

const hold = Effect.forEach(promises, (law) =>
  Effect.map(Effect.result(law.check(subject)), (result) => {
    console.log(`${result._tag === "Success" ? "kept  " : "BROKEN"}  ${law.name}`)
    return result._tag === "Success"
  })
)

await Effect.runPromise(Effect.scoped(look))
const kept = await Effect.runPromise(hold)
process.exitCode = kept.every(Boolean) ? 0 : 1
