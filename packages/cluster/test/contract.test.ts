import { Embedded } from "@handoff/cluster"
import { Call, Direct, Task } from "@handoff/core"
import { contract } from "@handoff/testing"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Halve, Odd } from "./support/halving.ts"

/** Must not run twice: goes the way of a permission to start. */
class Never extends Task.make("Never", { payload: { n: Schema.Int } }) {}

type Tasks = Halve | Never

const make = (durable: ReadonlyArray<"Halve" | "Never">) =>
  Effect.gen(function* () {
    const executor = yield* Direct.make([
      Direct.handle(Halve, ({ n }) => (n % 2 === 1 ? Effect.fail(new Odd({ n })) : Effect.succeed(n / 2))),
      Direct.handle(Never, () => Effect.never)
    ])
    return yield* Embedded.make<Tasks>({ kinds: [Halve, Never], executor, durable })
  })

const samples = {
  succeed: (index: number) => ({ task: new Halve({ n: 2 * index }), value: index }),
  fail: (index: number) => ({ task: new Halve({ n: 2 * index + 1 }), failure: "Odd" }),
  never: (index: number) => new Never({ n: index }),
  unsupported: new Call({ module: "nowhere", function: "nothing", args: [] })
}

contract<Tasks>("an embedded cluster, volatile,", make([]), samples)
contract<Tasks>("an embedded cluster, durable,", make(["Halve", "Never"]), {
  ...samples,
  // The engine keeps every message of a durable kind in its storage, so a durable task costs more; fewer will do.
  tasks: 300,
  seeds: [1, 2]
})
