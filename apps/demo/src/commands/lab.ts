/** `handoff lab`: the embedded network, until Ctrl-C. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Authority from "../lab/Authority.ts"
import * as Lab from "../lab/Lab.ts"
import * as limits from "../lab/limits.ts"
import * as Plan from "../lab/Plan.ts"
import type { Ready } from "../lab/Process.ts"
import * as LabProcess from "../lab/Process.ts"
import * as Services from "../lab/Services.ts"
import { format as formatPorts } from "../survey/Ports.ts"
import { portsOf } from "../survey/Source.ts"
import { count } from "../output/count.ts"
import * as Table from "../output/Table.ts"
import * as Terminal from "../output/Terminal.ts"
import { Trouble } from "../program/Trouble.ts"
import { labFlags, planOf } from "./labFlags.ts"
import { onOff } from "./onOff.ts"
import { wholeNumber } from "./wholeNumber.ts"

export const lab = Command.make(
  "lab",
  {
    ...labFlags,
    dnsPort: wholeNumber("dns-port", "port of the name server, 0 for one that is free", limits.nameServerPort),
    dnsLatency: wholeNumber("dns-latency", "milliseconds before the name server answers", limits.nameLatency),
    loss: wholeNumber("loss", "percent of datagrams to the name server that are lost", limits.loss),
    authority: onOff("authority", "print the certificate of its authority in PEM, and end"),
    list: onOff("list", "print the hosts as a hosts file for `survey`, and end"),
    part: Flag.String("part").pipe(Flag.withHidden, Flag.optional),
    child: onOff("child", "say where it is as JSON; end when stdin ends").pipe(Flag.withHidden)
  },
  Effect.fnUntraced(function* (given) {
    const plan = planOf(given)
    if (given.list) return yield* Terminal.printLines(list(plan))
    if (given.authority) return yield* Terminal.printLines(Authority.make(plan.seed, new Date(0)).cert)
    if (Option.isSome(given.part)) return yield* servePart(plan, given.part.value)
    const parts = Plan.parts(plan)
    if (parts.length > 1) yield* Effect.forEach(parts, (part) => LabProcess.startPart(plan, part), { concurrency: 2 })
    const { nameServer } = yield* Lab.make({
      ...given,
      namesOnly: parts.length > 1,
      nameServerPort: given.dnsPort,
      nameLatency: given.dnsLatency,
      loss: given.loss / 100
    })
    if (given.child) {
      const ready: Ready = { nameServer: { address: nameServer.address, port: nameServer.port } }
      yield* Terminal.printLines(`${JSON.stringify(ready)}\n`)
      return yield* stdinEnds
    }
    yield* Terminal.printLines(describe(plan, given.broken, `${nameServer.address}:${nameServer.port}`))
    return yield* Effect.never
  }, Effect.scoped)
).pipe(
  Command.withDescription(
    "An embedded network on loopback to survey: a name server and hosts with HTTP, HTTPS, SMTP and SSH"
  ),
  Command.withExamples([
    { command: "handoff lab", description: "300 hosts, until Ctrl-C" },
    { command: "handoff lab --hosts 1000 --seed 7 --network 127.88", description: "another network, elsewhere" },
    {
      command: "handoff lab --dns-latency 50 --loss 20",
      description: "a slow name server that loses a fifth of datagrams"
    },
    { command: "handoff lab --broken 3", description: "three times the usual share of broken hosts" },
    { command: "handoff lab --list > hosts.txt", description: "its hosts, as `survey` reads them" },
    { command: "handoff lab --authority > ca.pem", description: "who issued its certificates, for `survey --ca`" }
  ])
)

/** The services of some hosts, for a lab that has more of them than fit into a process. */
const servePart = Effect.fnUntraced(function* (plan: Plan.Plan, words: string) {
  const part = Plan.parsePart(words)
  if (part === undefined) return yield* new Trouble({ what: "--part is for the lab itself" })
  yield* Services.listen(Plan.partOf(plan, part), Authority.make(plan.seed, new Date(yield* Clock.currentTimeMillis)))
  const ready: Ready = { nameServer: { address: "", port: 0 } }
  yield* Terminal.printLines(`${JSON.stringify(ready)}\n`)
  return yield* stdinEnds
})

const list = (plan: Plan.Plan): string =>
  [
    `# The lab of seed ${plan.seed}: ${count(plan.hosts.length, "host")}.`,
    ...plan.hosts.map((host) => `${host.name} ${formatPorts(portsOf(plan), " ")}`),
    ""
  ].join("\n")

const describe = (plan: Plan.Plan, broken: number, nameServer: string): string => {
  const counts = new Map<string, number>()
  for (const { behaviour } of plan.hosts) counts.set(behaviour, (counts.get(behaviour) ?? 0) + 1)
  return [
    `The lab of seed ${plan.seed}: zone ${plan.zone}, addresses ${plan.network}.0.0/16, name server ${nameServer}`,
    "",
    Table.format(
      [{ title: "hosts" }, { title: "number", align: "right" }],
      [...counts].map(([name, count]) => [name, String(count)])
    ),
    "",
    "Survey it from another terminal:",
    `  handoff lab --list --seed ${plan.seed} --network ${plan.network} --hosts ${plan.hosts.length}${broken === 1 ? "" : ` --broken ${broken}`} | handoff survey --name-server ${nameServer} -`,
    "",
    "Ctrl-C ends it.",
    ""
  ].join("\n")
}

/** Waits until nobody holds the other end of stdin any more. */
const stdinEnds: Effect.Effect<void> = Effect.callback<void>((resume) => {
  const end = () => resume(Effect.void)
  process.stdin.on("end", end).on("error", end).on("close", end).resume()
  return Effect.sync(() => void process.stdin.pause().unref())
})
