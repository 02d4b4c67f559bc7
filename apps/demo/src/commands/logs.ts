/** `handoff logs`: web server logs with names for addresses. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import type { Readable } from "node:stream"
import * as limits from "../logs/limits.ts"
import * as Logs from "../logs/Logs.ts"
import type { Statistics } from "../logs/Rewriter.ts"
import { count } from "../output/count.ts"
import * as Terminal from "../output/Terminal.ts"
import { writeFile } from "../output/writeFile.ts"
import * as Cost from "../program/Cost.ts"
import { Trouble } from "../program/Trouble.ts"
import * as strategies from "../strategies.ts"
import { unpacked } from "../survey/octets.ts"
import { onOff } from "./onOff.ts"
import { settings, strategyFlags } from "./settingFlags.ts"
import { wholeNumber } from "./wholeNumber.ts"

export const logs = Command.make(
  "logs",
  {
    source: Argument.String("access.log").pipe(
      Argument.withDescription("a log, gzip too; standard input if none or - is named"),
      Argument.withDefault("-")
    ),
    ...strategyFlags,
    field: wholeNumber("field", "the field with the address, counted by blanks", limits.field),
    confirm: onOff("confirm", "believe a name only if it leads back to its address"),
    lookups: wholeNumber("lookups", "lookups on their way at once", limits.lookups),
    quiet: onOff("quiet", "no statistics on stderr").pipe(Flag.withAlias("q")),
    figures: Flag.String("figures").pipe(
      Flag.withDescription("write statistics and cost to this file, as JSON"),
      Flag.optional
    )
  },
  Effect.fnUntraced(function* (given) {
    const chosen = yield* settings(given)
    const [router, cost] = yield* Cost.measure(strategies.make(chosen))
    if (!router.supports("LookupAddress")) {
      return yield* new Trouble({
        isMisuse: true,
        what: `${strategies.format(chosen)} cannot look addresses up`,
        hint: `choose one of ${strategies.supporters("LookupAddress").join(", ")}`
      })
    }
    const name = given.source === "-" ? "standard input" : given.source
    if (given.source !== "-") yield* look(given.source)
    const input = unpacked(
      () => open(given.source),
      (cause) => new Trouble({ what: `cannot read ${name}: ${(cause as Error).message}`, cause })
    )
    const { octets, statistics } = Logs.rewrite(router, input, given)
    yield* Stream.runForEach(octets, Terminal.printLines).pipe(
      Effect.onExit((exit) =>
        Effect.gen(function* () {
          const spent = yield* cost
          if (!given.quiet) yield* Terminal.note(summary(statistics, spent, Exit.isFailure(exit)))
          if (Option.isSome(given.figures)) {
            yield* writeFile(given.figures.value, `${JSON.stringify({ ...statistics, cost: spent })}\n`)
          }
        })
      )
    )
  }, Effect.scoped)
).pipe(
  Command.withDescription("Rewrite logs with names for addresses: order kept, each address asked for once"),
  Command.withExamples([
    { command: "handoff logs access.log.2.gz > named.log", description: "a packed log" },
    {
      command: "tail -f access.log | handoff logs --confirm",
      description: "a log that grows; only names that lead back"
    },
    {
      command: "handoff logs --field 3 --name-server 192.0.2.53 firewall.log",
      description: "another field, another name server"
    }
  ])
)

/** Whether there is a file to read, before anything is said about lines. */
const look = (file: string): Effect.Effect<void, Trouble> =>
  Effect.flatMap(
    Effect.tryPromise({
      try: () => Fs.promises.stat(file),
      catch: (cause) => {
        const { code } = cause as NodeJS.ErrnoException
        return new Trouble({
          what: `cannot read ${file} (${code})`,
          hint: "name a log, or - for standard input",
          cause
        })
      }
    }),
    (stat) =>
      stat.isDirectory()
        ? Effect.fail(new Trouble({ what: `${file} is a directory`, hint: "name a log, or - for standard input" }))
        : Effect.void
  )

/** A file is read in large pieces, also where it is standard input. */
const open = (source: string): Readable => {
  const options = { highWaterMark: limits.blockOctets }
  if (source !== "-") return Fs.createReadStream(source, options)
  return Fs.fstatSync(0).isFile() ? Fs.createReadStream("", { ...options, fd: 0, autoClose: false }) : process.stdin
}

const summary = (statistics: Statistics, { seconds, loopDelay, memoryMiB }: Cost.Cost, stopped: boolean): string => {
  const { addresses, lines, named, troubled, unconfirmed } = statistics
  const perSecond = seconds > 0 ? `, ${Math.round(lines / seconds)} lines/s` : ""
  return (
    `${stopped ? "stopped after " : ""}${count(lines, "line")}, ${addresses} ${addresses === 1 ? "address" : "addresses"}: ${named} named` +
    `${unconfirmed > 0 ? `, ${unconfirmed} of them unconfirmed` : ""}${troubled > 0 ? `, ${troubled} lookups failed` : ""}; ` +
    `${seconds} s${perSecond}, event-loop delay p99 ${loopDelay.p99} ms, ${memoryMiB} MiB`
  )
}
