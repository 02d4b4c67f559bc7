/** `handoff explain`: which strategy runs which kind of task and why, and what is unsupported. */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Table from "../output/Table.ts"
import * as Terminal from "../output/Terminal.ts"
import type * as Settings from "../program/Settings.ts"
import * as strategies from "../strategies.ts"
import { settings, strategyFlags } from "./settingFlags.ts"

export const explain = Command.make(
  "explain",
  strategyFlags,
  Effect.fnUntraced(function* (given) {
    const chosen = yield* settings(given)
    const router = yield* strategies.make(chosen)
    yield* Terminal.printLines(describe(router, chosen))
  }, Effect.scoped)
).pipe(
  Command.withDescription("Say which strategy runs which kind of task and why, and what is unsupported"),
  Command.withExamples([
    { command: "handoff explain", description: "as configured" },
    { command: "handoff explain --executor dns", description: "what pure DNS alone can do" },
    { command: "handoff explain --executor reactor --call threads", description: "one kind sent elsewhere" }
  ])
)

/** Who runs what, and why, as a table. */
export const describe = (router: strategies.Strategies, chosen: Settings.Settings): string => {
  const rows = strategies.settings.flatMap((setting) =>
    strategies.kinds[setting].map((kind) => {
      const why = router.explain(kind)
      const named = chosen[setting]
      const order = strategies.preferenceFor(chosen, setting)
      const words =
        named === undefined
          ? `by preference ${chosen.executor.join(",")} (${chosen.origins.executor})`
          : `${setting} is ${named} (${chosen.origins[setting]})`
      const demoted =
        named === undefined && order.join() !== chosen.executor.join()
          ? `; ${order.at(-1)} comes last, it would hold the main program up`
          : ""
      const before = why.candidates.slice(0, why.candidates.findIndex(({ executor }) => executor === why.chosen) >>> 0)
      const passed = before.flatMap(({ executor, verdict }) => (verdict === "does not support it" ? [executor] : []))
      const over =
        passed.length === 0 ? "" : `; ${passed.join(" and ")} ${passed.length === 1 ? "does" : "do"} not support it`
      const missing = why.chosen === undefined ? `; supported by ${strategies.supporters(kind).join(", ")}` : ""
      return [kind, why.chosen ?? "UNSUPPORTED", words + over + demoted + missing]
    })
  )
  const titles = [{ title: "kind of task" }, { title: "runs on" }, { title: "why" }]
  const lines = [Table.format(titles, rows, Terminal.outputColumns())]
  if (strategies.usesThreadsForNames(chosen)) {
    lines.push(
      "",
      "Names under threads are the C library's: every source the system consults, as /etc/nsswitch.conf says."
    )
  }
  return `${lines.join("\n")}\n`
}
