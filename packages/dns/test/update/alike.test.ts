/** Updates drawn by lot, one after the other: what BIND and Knot make of them is what we make of them. */
import { assert, describe, it } from "@effect/vitest"
import { axfr } from "@handoff/dns/transfer"
import { apply, send, Update } from "@handoff/dns/update"
import { Message, Name, Rcode, type ResourceRecord, ZoneFile } from "@handoff/dns/wire"
import { text, type Zone } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import { has } from "../server/support/peers.ts"
import { key, kinds, start } from "../transfer/support/nameservers.ts"

const origin = Name.fromText("lab.example.")
const zone = text.zone(
  "lab.example.",
  `$TTL 300
@ SOA ns1 hostmaster 7 7200 900 1209600 60
@ NS ns1.other.
@ NS ns2.other.
ns1 A 192.0.2.53
www A 192.0.2.1
alias CNAME www
a.b.c A 192.0.2.3
cut NS ns.other.
ns.cut A 192.0.2.4
*.wild TXT "star"
`
)
const records = (line: string): ReadonlyArray<ResourceRecord.ResourceRecord> => {
  const parsed = ZoneFile.parse(`$ORIGIN lab.example.\n${line}\n`)
  if (parsed instanceof Error) throw parsed
  return parsed
}

/** Draws from a list by a seed. */
const lot = (seed: number) => {
  let state = seed
  const below = (n: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
  return { below, of: <A>(list: ReadonlyArray<A>): A => list[below(list.length)]! }
}

const names = ["@", "www", "WWW", "alias", "b.c", "a.b.c", "cut", "x.cut", "ns1", "*.wild", "new", "new.www", "ns.cut"]
const kindsOf = ["A", "AAAA", "TXT", "CNAME", "NS", "MX", "SOA", "ANY"] as const
const data = [
  "A 192.0.2.1",
  "A 192.0.2.2",
  "AAAA 2001:db8::1",
  'TXT "one"',
  'TXT "One"',
  "CNAME www",
  "CNAME WWW",
  "CNAME ns1",
  // Elsewhere: of names in the zone BIND also looks whether they have addresses, and refuses what leaves them without.
  "NS ns1.other.",
  "NS ns2.other.",
  "NS ns.other.",
  "MX 10 mail.other.",
  "MX 20 mail.other."
]

const draw = (seed: number): Update.Update => {
  const { below, of } = lot(seed)
  const name = () => {
    const label = of(names)
    return label === "@" ? origin : Name.fromText(`${label}.lab.example.`)
  }
  const some = (): ReadonlyArray<ResourceRecord.ResourceRecord> => {
    const [owner, what] = [of(names), of(data)]
    // BIND passes over servers of a wildcard, of which RFC 4592 4.2 says only that they mean nothing.
    return owner.startsWith("*") && what.startsWith("NS") ? some() : records(`${owner} ${of([60, 300, 600])} ${what}`)
  }
  const type = () => of(kindsOf)
  let update = Update.make(origin)
  for (let i = below(3); i > 0; i--) {
    if (below(3) === 0) update = Update.whenExists(update, name(), type())
    else if (below(2) === 0) update = Update.whenAbsent(update, name(), type())
    else update = Update.whenEquals(update, some())
  }
  for (let i = 1 + below(4); i > 0; i--) {
    const kind = below(7)
    if (kind < 4) update = Update.add(update, ...some())
    else if (kind < 6) update = Update.remove(update, ...some())
    else update = Update.removeAll(update, name(), type())
  }
  // Two of them can be more than half of all serials apart together: there all servers differ.
  if (below(8) > 0) return update
  const serial = of([1, 7, 100, 2 ** 31 + 50, 4_000_000_000])
  return Update.add(update, text.zone("lab.example.", `@ 300 SOA ns1 boss ${serial} 1 1 1 1`).soa.records[0]!)
}

/** What a zone has. Of serials only we and BIND know what changed; Knot keeps the TTL that a set had first. */
const lines = (held: Zone.Zone, ttls: boolean) =>
  text
    .print(held)
    .split("\n")
    .filter((line) => !/ SOA /.test(line))
    .map((line) => (/ TXT /.test(line) ? line.replace(/^\S+/, (owner) => owner.toLowerCase()) : line.toLowerCase()))
    .map((line) => (ttls ? line : line.replace(/ \d+ in /i, " in ")))
    .toSorted()

const updates = 150

for (const name of ["BIND", "Knot"] as const) {
  describe(`updates that ${name} and we are given`, () => {
    it.live.skipIf(!has(kinds[name].program) || !has("dig"))(
      "have the same code and leave the same zone",
      () =>
        Effect.gen(function* () {
          const server = yield* start(name, { zone })
          const peer = { address: "127.0.0.1", port: server.port, key }
          const ttls = name === "BIND"
          let held = yield* axfr(peer, origin)
          for (let seed = 1; seed <= updates; seed++) {
            const update = draw(seed)
            const ours = apply(held, Message.decodeUnsafe(Message.encode(Update.toMessage(update, seed))))
            const sent = yield* Effect.result(send(peer, update))
            const theirs = sent._tag === "Success" ? Rcode.NOERROR : sent.failure.rcode
            const before = held
            held = yield* axfr(peer, origin)
            assert.deepStrictEqual(
              { seed, rcode: ours.rcode, zone: lines(ours.changed?.zone ?? before, ttls) },
              { seed, rcode: theirs, zone: lines(held, ttls) }
            )
          }
        }),
      60_000
    )
  })
}
