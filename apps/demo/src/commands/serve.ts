/** `handoff serve`: surveys started and watched from a web page, until Ctrl-C. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Plan from "../lab/Plan.ts"
import * as Private from "../lab/Private.ts"
import * as Terminal from "../output/Terminal.ts"
import * as limits from "../serve/limits.ts"
import * as Server from "../serve/Server.ts"
import * as Session from "../serve/Session.ts"
import * as Surveyor from "../serve/Surveyor.ts"
import * as strategies from "../strategies.ts"
import * as Token from "../serve/Token.ts"
import { exitWith } from "./exitWith.ts"
import { privateLabFlags } from "./labFlags.ts"
import { settings, strategyFlags } from "./settingFlags.ts"
import { wholeNumber } from "./wholeNumber.ts"

export const serve = Command.make(
  "serve",
  {
    port: wholeNumber("port", "port of the page, 0 for one that is free", limits.port),
    listen: Flag.String("listen").pipe(
      Flag.withDescription("address to listen on; anything but loopback shows the page to the network, unencrypted"),
      Flag.filter(
        (words) => Result.isSuccess(NetAddress.ipFromString(words)),
        () => "an address, such as 127.0.0.1, ::1 or 0.0.0.0"
      ),
      Flag.withDefault("127.0.0.1")
    ),
    name: Flag.String("name").pipe(
      Flag.withDescription("names besides localhost and addresses that the page is called by, separated by commas"),
      Flag.optional
    ),
    store: Flag.String("store").pipe(
      Flag.withDescription(
        "the SQLite file with the runs, as `survey --store` writes it; usually in ~/.local/state/handoff"
      ),
      Flag.optional
    ),
    config: strategyFlags.config,
    nameServer: strategyFlags.nameServer,
    threads: strategyFlags.threads,
    private: privateLabFlags.private,
    session: Flag.String("session").pipe(Flag.withHidden, Flag.optional)
  },
  Effect.fnUntraced(function* (given) {
    if (Option.isSome(given.session)) return yield* session(given.session.value)
    const store = yield* Token.storeOf(Option.getOrUndefined(given.store))
    const token = yield* Token.read(`${store}.token`)
    const surveyor = yield* Surveyor.make({ store, private: given.private })
    const names = Option.getOrElse(given.name, () => "")
      .split(",")
      .flatMap((name) => (name.trim() === "" ? [] : [name.trim()]))
    const resources = strategies.resources(yield* settings(given))
    const options = { address: given.listen, names, port: given.port, store, token, resources }
    const port = yield* Server.listen(options, surveyor)
    const host = given.listen.includes(":") ? `[${given.listen}]` : given.listen
    yield* Terminal.printLines(`http://${host}:${port}/?token=${token}\n`)
    if (!isLoopback(given.listen)) {
      yield* Terminal.note(
        "handoff: the network can reach this page, and reads along: whoever sees the token can start surveys.\n" +
          `  From elsewhere, \`ssh -L ${port}:127.0.0.1:${port} this-machine\` is safer than --listen.`
      )
    }
    yield* Terminal.note(`Open the address above. Runs are kept in ${store}. Ctrl-C ends it.`)
    return yield* Effect.never
  }, Effect.scoped)
).pipe(
  Command.withDescription(
    "A local web page to start surveys, watch them live, switch strategies, and read the last runs"
  ),
  Command.withExamples([
    { command: "handoff serve", description: "prints the address to open; loopback only" },
    {
      command: "handoff serve --port 0 --store findings.sqlite",
      description: "a free port, and runs in a file of your own"
    },
    {
      command: "handoff serve --listen 192.0.2.7 --name survey.example.org",
      description: "for the network, by this name too; the token is needed as ever"
    }
  ])
)

const isLoopback = (address: string): boolean => /^127\.|^::1$/.test(address)

/** The process that surveys: see `serve/Session.ts`. */
const session = Effect.fnUntraced(function* (words: string) {
  const { lab, private: wanted } = JSON.parse(words) as {
    readonly lab?: Plan.Options
    readonly private: "network" | "files" | "off"
  }
  const level = Private.current()
  if (lab !== undefined && level === "none") {
    const best = yield* Private.best(wanted)
    if (best !== "none") return yield* exitWith(yield* Private.restart(best, Plan.make(lab)))
  }
  yield* Session.run(level)
})
