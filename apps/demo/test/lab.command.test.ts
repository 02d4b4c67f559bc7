/** The lab as a command, and the command line that it prints for those who want to survey it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Plan from "#demo/lab/Plan"
import { handoff, json, start, until } from "./support/command.ts"
import { aNetwork } from "./support/network.ts"
import { split } from "./support/parser.ts"

describe("handoff lab", () => {
  it.live(
    "is slow, loses and has broken hosts as it is asked to, and is surveyed by the command line that it prints",
    () =>
      Effect.gen(function* () {
        const network = aNetwork()
        const slowly = ["--dns-port", "0", "--dns-latency", "80", "--loss", "20"]
        const lab = start(["lab", "--hosts", "40", "--seed", "7", "--broken", "3", "--network", network, ...slowly])
        yield* until(lab, ({ stdout }) => stdout().includes("Ctrl-C ends it"))
        const plan = Plan.make({ hosts: 40, seed: 7, broken: 3, network })
        for (const behaviour of new Set(plan.hosts.map(({ behaviour }) => behaviour))) {
          const count = plan.hosts.filter((host) => host.behaviour === behaviour).length
          assert.match(lab.stdout(), new RegExp(`^${behaviour} +${count}$`, "m"))
        }
        const printed = /^ {2}handoff (lab --list .*) \| handoff (survey .*)$/m.exec(lab.stdout())
        if (printed === null) return assert.fail(lab.stdout())
        const list = yield* handoff(split(printed[1]!))
        const args = split(printed[2]!)
        const end = yield* handoff([...args, "--executor", "dns,reactor", "--retries", "3"], { stdin: list.stdout })
        assert.strictEqual(end.code, 0, end.stderr)
        const working = plan.hosts.filter(({ behaviour }) => behaviour === "healthy" || behaviour === "slow")
        assert.isBelow(working.length, 35)
        assert.sameMembers(
          json(end.stdout).flatMap(({ host, state }) => (state === "done" ? [host] : [])),
          working.map(({ name }) => name)
        )
        const server = args[args.indexOf("--name-server") + 1]!
        const answers = json((yield* handoff(["lookup", "--json", "--name-server", server, working[0]!.name])).stdout)
        const byDns = answers.find(({ strategy }) => strategy === "dns")
        assert.include(byDns.found, working[0]!.ipv4)
        assert.isAtLeast(byDns.milliseconds, 80)
        lab.child.kill("SIGHUP")
        assert.deepInclude(yield* Effect.promise(() => lab.ended), { code: 129, stderr: "" })
      }),
    120_000
  )
})
