import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { forgetSignatures } from "@handoff/dns/dnssec"
import { Server } from "@handoff/dns/server"
import { RecordText } from "@handoff/dns/wire"
import * as Effect from "effect/Effect"
import { has, run } from "../server/support/peers.ts"
import { Unbound } from "../server/support/unbound.ts"
import { plant, type Status } from "./support/forest.ts"
import { judge, policyOf } from "./support/judge.ts"

const now = Math.floor(Date.now() / 1_000)
const forest = plant(now, 300)
const asks = forest.cases.flatMap(({ asks, ...rest }) => asks.map((ask) => ({ ...ask, ...rest })))
const label = (ask: Omit<(typeof asks)[number], "zone">) =>
  `${ask.name} ${ask.type}: ${ask.what}, ${ask.denial}, algorithm ${ask.algorithm}`

/** A folder that goes with the scope. */
const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "forest-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

describe(`a forest of ${forest.cases.length} zones, rightly and wrongly signed`, () => {
  for (const [how, concurrency] of [
    ["one after the other", 1],
    ["many at once, their signatures on the threads of the pool", 64]
  ] as const) {
    it.live(`we find what each of them was made to show, ${how}`, () =>
      Effect.gen(function* () {
        forgetSignatures()
        const validate = judge(policyOf(forest.zones), [forest.anchor])
        const verdicts = yield* Effect.forEach(asks, (ask) => validate(ask.name, ask.type), { concurrency })
        const wrong = asks.flatMap((ask, i) =>
          verdicts[i]!.status === ask.status
            ? []
            : [`${label(ask)} is ${JSON.stringify(verdicts[i])}, not ${ask.status}`]
        )
        assert.deepStrictEqual(wrong, [])
        for (const verdict of verdicts) if (verdict.status === "bogus") assert.isAbove(verdict.extendedError, 0)
      })
    )
  }

  it.live.skipIf(!has("unbound"))(
    "Unbound finds the same",
    () =>
      Effect.gen(function* () {
        const server = yield* Server.make({ zones: forest.zones, nsec3Iterations: 2_500 })
        const unbound = yield* Unbound.start({
          conf: ['module-config: "validator iterator"', "aggressive-nsec: no", "edns-buffer-size: 4096"],
          forward: { port: server.port },
          anchors: [RecordText.print(forest.anchor)]
        })
        const folder = yield* temporaryFolder
        writeFileSync(join(folder, "asks"), asks.map(({ name, type }) => `${name} ${type}\n`).join(""))
        const flags = ["+dnssec", "+tries=2", "+time=5", "+noall", "+comments", "+question"]
        const { stdout } = yield* Effect.promise(() =>
          run("dig", ["@127.0.0.1", "-p", String(unbound.port), ...flags, "-f", join(folder, "asks")])
        )
        const found = new Map<string, Status>()
        for (const block of stdout.split(";; Got answer:").slice(1)) {
          const [, status] = /status: (\w+)/.exec(block)!
          const [, bits] = /;; flags: ([a-z ]+);/.exec(block)!
          const [, name, type] = /^;(\S+)\s+IN\s+(\S+)/m.exec(block)!
          found.set(`${name} ${type}`, status === "SERVFAIL" ? "bogus" : bits!.includes("ad") ? "secure" : "insecure")
        }
        // Unbound 1.17 takes a revoked key that a DS points to, against RFC 5011 2.1, and reads an expanded NSEC as the
        // wildcard's own; delv does neither.
        const others = new Set(["a revoked key", "the denial is a wildcard's expansion"])
        const wrong = asks.flatMap((ask) => {
          if (others.has(ask.what)) return []
          const status = found.get(`${ask.name} ${ask.type}`)
          return status === ask.status ? [] : [`${label(ask)} is ${status}, not ${ask.status}`]
        })
        assert.deepStrictEqual(wrong, [])
      }),
    60_000
  )

  it.live.skipIf(!has("delv"))(
    "delv finds the same",
    () =>
      Effect.gen(function* () {
        const server = yield* Server.make({ zones: forest.zones, nsec3Iterations: 2_500 })
        const folder = yield* temporaryFolder
        const [flags, protocol, algorithm, ...base64] = RecordText.printData(forest.anchorKey).split(" ")
        const anchor = `trust-anchors { "." static-key ${flags} ${protocol} ${algorithm} "${base64.join("")}"; };\n`
        writeFileSync(join(folder, "anchor"), anchor)
        // delv is a process for each question; 9.18 takes NSEC3 with unknown flags, against RFC 5155 8.2.
        const all = forest.cases.filter(({ what }) => what !== "NSEC3 with an unknown flag")
        const wrong = yield* Effect.forEach(
          all,
          (planted) =>
            Effect.promise(async () => {
              const ask = planted.asks[0]!
              const options = ["-p", String(server.port), "-a", join(folder, "anchor"), "+root=.", "+vtrace"]
              const { stdout, stderr } = await run("delv", ["@127.0.0.1", ...options, ask.name, ask.type])
              const status = statusOfDelv(stdout, stderr)
              if (status === ask.status) return []
              return [`${label({ ...planted, ...ask })} is ${status}, not ${ask.status}: ${stderr.slice(-300)}`]
            }),
          { concurrency: 16 }
        )
        assert.deepStrictEqual(wrong.flat(), [])
      }),
    120_000
  )

  it.live.skipIf(!has("drill"))(
    "drill, which chases signatures but leaves out some of the rules, finds the same where it looks",
    () =>
      Effect.gen(function* () {
        const server = yield* Server.make({ zones: forest.zones, nsec3Iterations: 2_500 })
        const folder = yield* temporaryFolder
        writeFileSync(join(folder, "anchor"), `${RecordText.print(forest.anchorKey)}\n`)
        const options = ["-S", "-k", join(folder, "anchor"), "-p", String(server.port), "@127.0.0.1"]
        // Each way once. It chases no alias into another zone, and says nothing of what is insecure.
        const ways = new Map(asks.filter(drillLooks).map((ask) => [`${ask.what} ${ask.status}`, ask]))
        assert.isAbove(ways.size, 25)
        const wrong = yield* Effect.forEach(
          [...ways.values()],
          (ask) =>
            Effect.promise(async () => {
              const { stdout } = await run("drill", [...options, ask.name, ask.type])
              const status = /Chase successful/.test(stdout) ? "secure" : "bogus"
              return status === ask.status ? [] : [`${label(ask)} is ${status}, not ${ask.status}`]
            }),
          { concurrency: 8 }
        )
        assert.deepStrictEqual(wrong.flat(), [])
      }),
    120_000
  )
})

const drillLooks = ({ name, status, what }: (typeof asks)[number]): boolean =>
  name.startsWith("www.") && status !== "insecure" && !unseenByDrill.has(what)

const unseenByDrill = new Set([
  "labels too many",
  "labels too few",
  "the keys' signature wrong",
  "the keys' signature expired",
  "keys signed by the wrong key only",
  "keys without the zone flag",
  "a revoked key",
  "NSEC3 with an unknown flag"
])

const statusOfDelv = (stdout: string, stderr: string): Status => {
  if (/resolution failed: (?!ncache)/.test(stderr)) return "bogus"
  if (/unsigned answer/.test(stdout)) return "insecure"
  return /fully validated/.test(stdout) ? "secure" : "bogus"
}
