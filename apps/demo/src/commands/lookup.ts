/** `handoff lookup`: one name or address, by every strategy side by side. */
import { type Executor, LookupAddress, LookupHost, type Shared } from "@handoff/core"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs"
import * as Difference from "../lookup/Difference.ts"
import * as Table from "../output/Table.ts"
import * as Terminal from "../output/Terminal.ts"
import type * as Settings from "../program/Settings.ts"
import { Trouble } from "../program/Trouble.ts"
import * as strategies from "../strategies.ts"
import type { Problem } from "../survey/Finding.ts"
import * as Problems from "../survey/Problem.ts"
import { excerpt, parse } from "../survey/Target.ts"
import { onOff } from "./onOff.ts"
import { settings, strategyFlags } from "./settingFlags.ts"

export const lookup = Command.make(
  "lookup",
  {
    subject: Argument.String("name-or-address").pipe(
      Argument.withDescription("such as www.example.org, 192.0.2.1 or 2001:db8::1")
    ),
    config: strategyFlags.config,
    nameServer: strategyFlags.nameServer,
    json: onOff("json", "print the answers as a line of JSON each")
  },
  Effect.fnUntraced(function* (given) {
    const chosen = yield* settings(given)
    const target = parse(1, given.subject)
    if (target?._tag !== "Target") {
      return yield* new Trouble({
        isMisuse: true,
        what: `${excerpt(given.subject) || '""'}: ${target?._tag === "Reject" && given.subject !== "" ? target.reason : "not one name or address"}`
      })
    }
    // A dot at the end says that the name is complete: no search list is for it.
    const isComplete = !target.isAddress && /[.\u3002]$/.test(given.subject)
    const subject = isComplete ? `${target.host}.` : target.host
    const answers = yield* Effect.forEach(strategies.local, (name) => ask(name, subject, target.isAddress, chosen))
    if (given.json) return yield* Terminal.printLines(answers.map((answer) => `${JSON.stringify(answer)}\n`).join(""))
    if (target.host !== given.subject.toLowerCase() && subject !== given.subject.toLowerCase()) {
      yield* Terminal.printLines(`${excerpt(given.subject)} is asked for as ${subject}\n\n`)
    }
    yield* Terminal.printLines(`${describe(subject, answers, chosen.nameServer)}\n`)
  }, Effect.scoped)
).pipe(
  Command.withDescription("Look one name or address up by every strategy, and say where they differ and why"),
  Command.withExamples([
    { command: "handoff lookup localhost", description: "a name that the hosts file has" },
    { command: "handoff lookup --name-server 127.77.0.53:5300 web-0004.lab.test", description: "a name of the lab" },
    { command: "handoff lookup 127.0.0.1", description: "an address" }
  ])
)

interface Answer {
  readonly strategy: strategies.Name
  /** Addresses or names, in order. */
  readonly found: ReadonlyArray<string>
  readonly problem?: Problem
  /** What the strategy itself says of the problem. */
  readonly says?: string
  readonly milliseconds: number
}

/** Asks one strategy alone. */
const ask = Effect.fnUntraced(function* (
  name: strategies.Name,
  host: string,
  isAddress: boolean,
  chosen: Settings.Settings
): Effect.fn.Return<Answer, Trouble> {
  return yield* Effect.scoped(
    Effect.gen(function* (): Effect.fn.Return<Answer, Trouble, Scope.Scope> {
      const strategy = yield* strategies.make({ executor: [name], nameServer: chosen.nameServer })
      const began = yield* Clock.monotonicTimeNanos
      const result = yield* Effect.result(Effect.timeoutOption(find(strategy, host, isAddress), longest))
      const milliseconds = Math.round(Number((yield* Clock.monotonicTimeNanos) - began) / 1e5) / 10
      if (Result.isFailure(result)) {
        const problem = Problems.of(result.failure)
        return { strategy: name, found: [], problem, says: result.failure.message, milliseconds } satisfies Answer
      }
      return Option.isNone(result.success)
        ? { strategy: name, found: [], problem: "timeout", says: `no answer in ${longest}`, milliseconds }
        : { strategy: name, found: result.success.value, milliseconds }
    })
  )
})

/** How long one strategy may take: the C library's usual two tries of five seconds, and a little. */
const longest = "12 seconds"

const find = (
  executor: Executor.Executor<Shared>,
  host: string,
  isAddress: boolean
): Effect.Effect<ReadonlyArray<string>, Problems.AnyError> =>
  isAddress
    ? executor.run(new LookupAddress({ address: NetAddress.ipFromStringUnsafe(host) }))
    : Effect.map(executor.run(new LookupHost({ name: host })), (addresses) => addresses.map(NetAddress.formatIp))

const describe = (
  subject: string,
  answers: ReadonlyArray<Answer>,
  nameServer: strategies.NameServer | undefined
): string => {
  const table = Table.format(
    [{ title: "strategy" }, { title: "answer", widest: 100 }, { title: "ms", align: "right" }],
    answers.map(({ found, milliseconds, problem, says, strategy }) => [
      strategy,
      found.length > 0 ? found.join(" ") : `${problem}: ${says}`,
      milliseconds.toFixed(1)
    ])
  )
  const sets = new Set(answers.map(({ found, problem }) => found.toSorted().join(" ") || problem))
  const lists = new Set(answers.map(({ found, problem }) => found.join(" ") || problem))
  if (lists.size === 1) return `${table}\n\nAll strategies give the same answer.`
  const how = sets.size === 1 ? "The answers differ in their order only." : "The answers differ."
  const reasons = Difference.explain(
    { subject, nameServer: nameServer && strategies.formatNameServer(nameServer) },
    { hosts: read("/etc/hosts"), resolvConf: read("/etc/resolv.conf"), nsswitch: read("/etc/nsswitch.conf") }
  )
  const order = "Each orders addresses for itself: threads and dns by RFC 6724, reactor as the name server gave them."
  const why =
    sets.size === 1
      ? [order]
      : reasons.length > 0
        ? reasons
        : [
            "nothing in this system's files explains it: name servers may not agree, or not have answered in time; ask again"
          ]
  const lines = (words: ReadonlyArray<string>) => words.map((word) => `- ${word}`)
  return [table, "", how, ...lines(Difference.where(answers)), "", "Why:", ...lines(why)].join("\n")
}

const read = (file: string): string => {
  try {
    return Fs.readFileSync(file, "utf8")
  } catch {
    // A system without the file says nothing in it.
    return ""
  }
}
