/** `handoff runner`: this machine's share of a cluster's work, until Ctrl-C. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Terminal from "../output/Terminal.ts"
import * as Settings from "../program/Settings.ts"
import { Trouble } from "../program/Trouble.ts"
import * as strategies from "../strategies.ts"
import { settings, strategyFlags } from "./settingFlags.ts"
import { wholeNumber } from "./wholeNumber.ts"

export const runner = Command.make(
  "runner",
  {
    ...strategyFlags,
    host: Flag.String("host").pipe(
      Flag.withDescription("the name or address by which all others reach this machine; default 127.0.0.1"),
      Flag.withDefault("127.0.0.1")
    ),
    port: wholeNumber("port", "the port by which they reach it", {
      default: 7001,
      minimum: 1,
      maximum: 65_535
    }),
    listen: Flag.String("listen").pipe(
      Flag.withDescription("the address to listen on, where that is another: 0.0.0.0"),
      Flag.optional
    ),
    weight: wholeNumber("weight", "its share of the work, relative to others'", {
      default: 1,
      minimum: 1,
      maximum: 100
    }),
    atOnce: wholeNumber("at-once", "tasks in work at once", { default: 1_024, minimum: 1, maximum: 1_000_000 })
  },
  Effect.fnUntraced(function* (given) {
    const chosen = yield* settings(given)
    if (chosen.database === undefined) {
      return yield* new Trouble({
        isMisuse: true,
        what: "a runner needs the database that it shares with others",
        hint: "name it with --database postgres://user@host:5432/name, or in HANDOFF_DATABASE"
      })
    }
    const { call, exchange, executor, lookup } = chosen
    if ([...executor, lookup, exchange, call].includes("cluster")) {
      return yield* new Trouble({
        isMisuse: true,
        what: "a runner is what a cluster runs tasks on, and cannot hand them to a cluster",
        hint: "name its own strategies, such as --executor dns,reactor,threads"
      })
    }
    const [local, { runner }] = yield* Effect.all([
      strategies.make(chosen),
      Effect.promise(() => import("../cluster/Member.ts"))
    ])
    const { host, listen, port, weight } = given
    yield* runner({
      url: chosen.database,
      host,
      port,
      weight,
      executor: local,
      concurrency: given.atOnce,
      ...(Option.isSome(listen) && { listen: { host: listen.value } })
    })
    yield* Terminal.printLines(
      `runner ${host}:${port} of ${Settings.format(chosen, "database")} runs tasks on ${strategies.format(chosen)}; Ctrl-C ends it\n`
    )
    return yield* Effect.never
  }, Effect.scoped)
).pipe(
  Command.withDescription("Run the tasks of a cluster on this machine, until Ctrl-C"),
  Command.withExamples([
    {
      command: "handoff runner --database postgres://handoff@127.0.0.1/handoff --port 7001",
      description: "a runner; start another with another port or on another machine"
    },
    {
      command: "handoff survey --lab --executor cluster --database postgres://handoff@127.0.0.1/handoff",
      description: "a survey on all runners"
    }
  ])
)
