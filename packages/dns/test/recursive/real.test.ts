/**
 * The way from the root down through name servers that are not ours: NSD has the root, Knot a top-level domain, BIND and NSD what is
 * below, all signed by us. Unbound with the same root and anchor is asked the same, name for name and type for type.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Recursive } from "@handoff/dns/recursive"
import { Server } from "@handoff/dns/server"
import { Name, type Question, Rcode, RecordText } from "@handoff/dns/wire"
import { Zone } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import { has, run } from "../server/support/peers.ts"
import { Unbound } from "../server/support/unbound.ts"
import * as ports from "../support/ports.ts"
import * as ScriptedServer from "../support/ScriptedServer.ts"
import { start } from "../transfer/support/nameservers.ts"
import { signTree } from "./support.ts"

const host = (n: number) => `127.53.8.${n}`
/** Unbound asks this port only. */
const port = 53
/** BIND listens where an interface has its address, which for loopback is here alone. */
const bind = "127.0.0.1"

const tree = signTree({
  ".": `@ NS a.root
a.root A ${host(1)}
test NS a.nic.test
a.nic.test A ${host(2)}
plain NS a.nic.plain
a.nic.plain A ${host(3)}
`,
  "test.": `@ NS a.nic
a.nic A ${host(2)}
leaf NS ns1.leaf
leaf NS ns2.leaf
ns1.leaf A ${bind}
ns2.leaf A ${host(12)}
hash NS ns.hash
ns.hash A ${host(12)}
optout NS ns.optout
ns.optout A ${bind}
glueless NS ns1.leaf
far NS ns.glueless
nowhere NS ns.nowhere.gone
circle1 NS ns.circle2
circle2 NS ns.circle1
insecure NS ns.insecure
ns.insecure A ${host(12)}
island NS ns.island
ns.island A ${bind}
expired NS ns.expired
ns.expired A ${host(12)}
stripped NS ns.stripped
ns.stripped A ${host(12)}
stranger NS ns.stranger
ns.stranger A ${bind}
lame NS good.lame
lame NS bad.lame
good.lame A ${bind}
bad.lame A ${host(3)}
dead NS ns.dead
ns.dead A ${host(30)}
mute NS one.mute
mute NS two.mute
one.mute A ${host(30)}
two.mute A ${host(12)}
slow NS ns.slow
ns.slow A ${host(31)}
lies NS true.lies
lies NS false.lies
true.lies A ${bind}
false.lies A ${host(32)}
short DNAME leaf.test.
`,
  "plain.": `;unsigned
@ NS a.nic
a.nic A ${host(3)}
host A 192.0.2.30
signed NS ns.signed
ns.signed A ${host(12)}
poison NS ns.poison
ns.poison A ${host(32)}
victim NS ns.victim
ns.victim A ${host(12)}
`,
  "leaf.test.": `@ NS ns1
@ NS ns2
@ MX 10 mail
ns1 A ${bind}
ns2 A ${host(12)}
www A 192.0.2.1
www A 192.0.2.2
www AAAA 2001:db8::1
mail A 192.0.2.3
a.b.c.d TXT "deep"
alias CNAME www
across CNAME www.hash.test.
away CNAME away.insecure.test.
out CNAME host.plain.
chain CNAME across
nothing CNAME nope.hash.test.
nodata CNAME txt.hash.test.
bad CNAME www.expired.test.
lost CNAME www.nowhere.test.
loop1 CNAME loop2
loop2 CNAME loop1
*.wild A 192.0.2.4
*.star CNAME www.hash.test.
there.wild TXT "not the wildcard"
old DNAME hash.test.
further DNAME old.leaf.test.
big TXT ${Array.from({ length: 12 }, (_, i) => `"${i}${"x".repeat(200)}"`).join(" ")}
`,
  "hash.test.": `;nsec3
@ NS ns
ns A ${host(12)}
www A 192.0.2.10
txt TXT "only text"
*.wild A 192.0.2.11
below.empty A 192.0.2.12
back CNAME alias.leaf.test.
`,
  "optout.test.": `;optout
@ NS ns
ns A ${bind}
www A 192.0.2.20
sub NS ns.sub
ns.sub A ${bind}
`,
  "sub.optout.test.": `;unsigned
@ NS ns
ns A ${bind}
www A 192.0.2.21
`,
  "glueless.test.": `@ NS ns1.leaf.test.
ns A ${bind}
www A 192.0.2.22
`,
  "far.test.": "@ NS ns.glueless.test.\nwww A 192.0.2.23\n",
  "insecure.test.": `;unsigned
@ NS ns
ns A ${host(12)}
www A 192.0.2.24
away CNAME www.leaf.test.
*.wild A 192.0.2.25
old DNAME leaf.test.
`,
  "island.test.": `;island\n@ NS ns\nns A ${bind}\nwww A 192.0.2.26\n`,
  "expired.test.": `;expired\n@ NS ns\nns A ${host(12)}\nwww A 192.0.2.27\n`,
  "stripped.test.": `@ NS ns\nns A ${host(12)}\nwww A 192.0.2.28\n`,
  "stranger.test.": `;stranger\n@ NS ns\nns A ${bind}\nwww A 192.0.2.29\n`,
  "lame.test.": `@ NS good\n@ NS bad\ngood A ${bind}\nbad A ${host(3)}\nwww A 192.0.2.31\n*.wild A 192.0.2.32\n`,
  "dead.test.": `@ NS ns\nns A ${host(30)}\nwww A 192.0.2.33\n`,
  "mute.test.": `@ NS one\n@ NS two\none A ${host(30)}\ntwo A ${host(12)}\nwww A 192.0.2.34\n`,
  "slow.test.": `@ NS ns\nns A ${host(31)}\nwww A 192.0.2.35\n*.wild A 192.0.2.36\n`,
  "lies.test.": `@ NS true\n@ NS false\ntrue A ${bind}\nfalse A ${host(32)}\nwww A 192.0.2.37\n`,
  "signed.plain.": `;island\n@ NS ns\nns A ${host(12)}\nwww A 192.0.2.38\n`,
  "victim.plain.": `;unsigned\n@ NS ns\nns A ${host(12)}\nwww A 192.0.2.39\nother A 192.0.2.40\n`
})
const zone = (origin: string) => tree.zones.get(origin)!
const stripped = Zone.make([...zone("stripped.test.").records()].filter(({ type }) => type !== "RRSIG"))

/** Says of every name that it is at 203.0.113.66, with authority, and that others are there, too, and who serves them. */
const liar: ScriptedServer.Script = (heard) => {
  const { a, asked, reply, typeOf } = ScriptedServer
  const name = asked(heard)
  const ns = (of: string) => RecordText.parse(`${of} 86400 IN NS false.lies.test.`)
  const evil = (of: string) => a(of, "203.0.113.66", 86_400)
  const message = reply(heard, {
    authoritative: true,
    answers: typeOf(heard) === "A" ? [evil(name), evil("www.victim.plain"), evil("www.leaf.test")] : [],
    authorities: ["victim.plain.", "leaf.test.", "test.", "plain.", "."].map(ns),
    additionals: [evil("ns.victim.plain"), evil("ns1.leaf.test"), evil("a.nic.test"), evil("false.lies.test")]
  })
  return [message]
}

/** Everything at its addresses; `stop` ends the BIND that has half of the leaves, as a machine that burns does. */
const grow = Effect.gen(function* () {
  const at = (n: number) => ({ address: host(n), port })
  yield* start("NSD", { zone: zone("."), at: at(1) })
  yield* start("Knot", { zone: zone("test."), at: at(2) })
  yield* start("NSD", { zone: zone("plain."), at: at(3) })
  const burning = yield* start("BIND", {
    zone: zone("leaf.test."),
    others: [
      "optout.test.",
      "sub.optout.test.",
      "glueless.test.",
      "far.test.",
      "island.test.",
      "stranger.test.",
      "lame.test.",
      "lies.test."
    ].map(zone),
    at: { address: bind, port }
  })
  yield* start("NSD", {
    zone: zone("leaf.test."),
    others: [
      ...["hash.test.", "insecure.test.", "expired.test.", "mute.test.", "signed.plain.", "victim.plain."].map(zone),
      stripped
    ],
    at: at(12)
  })
  yield* Server.make({ ...at(31), host: host(31), zones: [zone("slow.test.")], delay: () => 400 })
  yield* ScriptedServer.make(liar, host(32), port)
  return { stop: Effect.sync(() => void burning.child.kill("SIGKILL")) }
})

interface Ask {
  readonly name: string
  readonly type: Question.QuestionType
}

interface Found {
  readonly status: "secure" | "insecure" | "fails"
  readonly rcode: string
  /** Without TTLs and signatures, in order. */
  readonly records: ReadonlyArray<string>
}

const every = (types: ReadonlyArray<Question.QuestionType>, names: ReadonlyArray<string>): ReadonlyArray<Ask> =>
  names.flatMap((name) => types.map((type) => ({ name, type })))

const below = (zone: string, ...labels: ReadonlyArray<string>) => labels.map((label) => `${label}.${zone}`)

const leafNames = below(
  "leaf.test.",
  "www",
  "mail",
  "nope",
  "a.b.c.d",
  "b.c.d",
  "x.b.c.d",
  "alias",
  "across",
  "away",
  "out",
  "chain",
  "nothing",
  "nodata",
  "bad",
  "lost",
  "loop1",
  "any.wild",
  "deep.any.wild",
  "there.wild",
  "below.there.wild",
  "any.star",
  "www.old",
  "nope.old",
  "any.wild.old",
  "www.further",
  "www.wrong",
  "old",
  "big"
)

const asks: ReadonlyArray<Ask> = [
  ...every(["A", "AAAA", "TXT", "MX", "CNAME", "DS"], leafNames),
  ...every(
    ["A", "TXT", "CNAME", "DS"],
    [
      ...below("hash.test.", "www", "txt", "nope", "nope.txt", "any.wild", "empty", "below.empty", "back"),
      ...below("optout.test.", "www", "nope", "sub", "www.sub", "nope.sub"),
      ...below("insecure.test.", "www", "nope", "away", "any.wild", "www.old", "nope.old"),
      ...below("glueless.test.", "www", "nope"),
      ...below("far.test.", "www", "nope"),
      ...below("plain.", "host", "nope", "www.signed", "nope.signed", "www.victim", "other.victim"),
      ...below("short.test.", "www", "nope", "any.wild"),
      ...below("island.test.", "www", "nope"),
      "www.nope.test.",
      "nope.",
      "www.nope."
    ]
  ),
  ...every(
    ["A", "MX"],
    [
      "www.expired.test.",
      "nope.expired.test.",
      "www.stripped.test.",
      "nope.stripped.test.",
      "www.stranger.test.",
      "www.nowhere.test.",
      "www.circle1.test."
    ]
  ),
  ...every(
    ["SOA", "NS", "DNSKEY", "DS", "A"],
    [
      "test.",
      "leaf.test.",
      "hash.test.",
      "insecure.test.",
      "optout.test.",
      "sub.optout.test.",
      "island.test.",
      "plain.",
      "signed.plain."
    ]
  ),
  ...every(["NS", "SOA", "DNSKEY"], ["."])
]

/** Each list is asked one after the other, all lists at once. */
const troubled: ReadonlyArray<ReadonlyArray<Ask>> = [
  every(["A", "TXT"], below("lame.test.", "www", "nope", "any.wild")),
  every(["A", "TXT"], below("mute.test.", "www", "nope")),
  every(["A", "TXT"], below("slow.test.", "www", "nope", "any.wild")),
  every(["A"], ["www.dead.test."]),
  every(["A"], ["www.lies.test.", "nope.lies.test."]),
  // First the liar's own zone, which nobody vouches for; then what it spoke of.
  [
    ...every(["A"], ["www.poison.plain."]),
    ...every(["A", "NS"], ["www.victim.plain.", "victim.plain.", "other.victim.plain."]),
    ...every(["A"], ["www.leaf.test.", "mail.leaf.test.", "host.plain.", "a.nic.test."])
  ]
]

const asOurs = (recursive: Recursive["Service"], ask: Ask): Effect.Effect<Found & { readonly detail: string }> =>
  Effect.map(Effect.result(recursive.resolve(ask.name, ask.type)), (result) =>
    result._tag === "Failure"
      ? { status: "fails", rcode: "SERVFAIL", records: [], detail: result.failure.message }
      : {
          status: result.success.verdict?.status === "secure" ? "secure" : "insecure",
          rcode: Rcode.nameOf(result.success.message.rcode),
          records: canonical(result.success.message.answers.map((record) => RecordText.print(record))),
          detail: JSON.stringify(result.success.verdict)
        }
  )

const canonical = (lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines
    .filter((line) => !/\sIN\s+RRSIG\s/.test(line))
    .map((line) =>
      RecordText.print(RecordText.parse(line))
        .replace(/ \d+ IN /, " IN ")
        .toLowerCase()
    )
    .toSorted()

/** What Unbound says, by name and type; `asks` go out one after the other, as they do for us. */
const asUnbounds = (unboundPort: number, asks: ReadonlyArray<Ask>) =>
  Effect.promise(async () => {
    const folder = mkdtempSync(join(tmpdir(), "asks-"))
    writeFileSync(join(folder, "asks"), asks.map(({ name, type }) => `${name} ${type}\n`).join(""))
    const flags = ["+dnssec", "+tries=3", "+time=8", "-f", join(folder, "asks")]
    const { stdout } = await run("dig", ["@127.0.0.1", "-p", String(unboundPort), ...flags])
    rmSync(folder, { recursive: true })
    const found = new Map<string, Found>()
    for (const block of stdout.split(";; Got answer:").slice(1)) {
      const [, name, type] = /^;(\S+)\s+IN\s+(\S+)/m.exec(block)!
      const rcode = /status: (\w+)/.exec(block)![1]!
      const ad = / ad\b/.test(/;; flags: ([a-z ]+);/.exec(block)![1]!)
      const section = block.split(";; ANSWER SECTION:\n")[1]?.split("\n\n")[0] ?? ""
      found.set(`${name} ${type}`, {
        status: rcode === "SERVFAIL" ? "fails" : ad ? "secure" : "insecure",
        rcode,
        records: rcode === "SERVFAIL" ? [] : canonical(section.split("\n").filter((line) => line !== ""))
      })
    }
    return found
  })

/** A resolver of either make that knows nothing yet, each asked all of it; where they differ. */
const differences = (...lists: ReadonlyArray<ReadonlyArray<Ask>>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const folder = mkdtempSync(join(tmpdir(), "hints-"))
      writeFileSync(join(folder, "hints"), `. 3600 NS a.root.\na.root. 3600 A ${host(1)}\n`)
      const unbound = yield* Unbound.start({
        conf: [
          `root-hints: "${join(folder, "hints")}"`,
          'module-config: "validator iterator"',
          'local-zone: "test." nodefault',
          "qname-minimisation: yes",
          "minimal-responses: yes",
          // It does not believe the kernel that nobody is there, and waits ever longer.
          "infra-cache-max-rtt: 2000"
        ],
        anchors: [RecordText.print(tree.anchor)]
      })
      rmSync(folder, { recursive: true })
      const recursive = yield* Recursive.make({
        root: { zone: Name.root, servers: [{ name: Name.fromText("a.root."), addresses: [host(1)] }], until: Infinity },
        anchors: [tree.anchor],
        port
      })
      const compare = Effect.fnUntraced(function* (asks: ReadonlyArray<Ask>) {
        const [theirs, ours] = yield* Effect.all(
          [asUnbounds(unbound.port, asks), Effect.forEach(asks, (ask) => asOurs(recursive, ask))],
          { concurrency: 2 }
        )
        return ours.flatMap(({ detail, ...own }, index) => {
          const { name, type } = asks[index]!
          const other = JSON.stringify(theirs.get(`${name} ${type}`))
          return other === JSON.stringify(own)
            ? []
            : [`${name} ${type}: ${other}, ours ${JSON.stringify(own)}: ${detail}`]
        })
      })
      return (yield* Effect.forEach(lists, compare, { concurrency: "unbounded" })).flat()
    })
  )

/** Unbound asks port 53 only. */
const whyNot = async (): Promise<string | undefined> => {
  const missing = ["nsd", "knotd", "named", "unbound", "dig"].filter((program) => !has(program))
  if (missing.length > 0) return `${missing.join(", ")} not installed`
  return ports.whyNot(port, [bind, ...[1, 2, 3, 12, 31, 32].map(host)])
}

const reason = await whyNot()
if (reason !== undefined) console.warn(`skipped: a tree of NSD, Knot and BIND: ${reason}`)

describe.skipIf(reason !== undefined)("a tree of NSD, Knot and BIND", () => {
  it.live(
    `is for us what it is for Unbound: ${asks.length} names and types, rcode, records and security alike`,
    () =>
      Effect.gen(function* () {
        yield* grow
        assert.deepStrictEqual(yield* differences(asks), [])
      }),
    120_000
  )
  it.live(
    "is so with servers that are dead, lame, slow or lie, and when half of the leaves' servers stop",
    () =>
      Effect.gen(function* () {
        const { stop } = yield* grow
        assert.deepStrictEqual(yield* differences(...troubled), [])
        yield* stop
        const left = asks.filter(({ name }) => /(leaf|hash)\.test\.$/.test(name))
        assert.deepStrictEqual(yield* differences(left, ...troubled, every(["A"], ["www.far.test."])), [])
      }),
    120_000
  )
})
