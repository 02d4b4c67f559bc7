/**
 * A root and hundreds of zones right below it, signed rightly or wrongly, each in one way; and what is to be said about a
 * few questions in each. The same forest is judged by this package, by Unbound and by delv.
 */
import { Algorithm, Dnskey, nsec3Hash, Rrsig, SigningKey, signSync, typeBitmap } from "@handoff/dns/dnssec"
import { Name, type Question, ResourceRecord } from "@handoff/dns/wire"
import { RRset, text, types, Zone } from "@handoff/dns/zone"
import { dsOf } from "./judge.ts"

type Record = ResourceRecord.ResourceRecord
export type Status = "secure" | "insecure" | "bogus"

export interface Case {
  readonly zone: string
  readonly what: string
  readonly algorithm: number
  readonly denial: Denial
  readonly asks: ReadonlyArray<{ readonly name: string; readonly type: Question.QuestionType; readonly status: Status }>
}

export interface Forest {
  readonly zones: ReadonlyArray<Zone.Zone>
  readonly cases: ReadonlyArray<Case>
  /** The DS of the root. */
  readonly anchor: Record
  /** The root's DNSKEY. */
  readonly anchorKey: Record
}

type Denial = "nsec" | "nsec3" | "optOut"

interface Draft {
  records: Array<Record>
  ds: Array<Uint8Array>
  readonly origin: Name.Name
  readonly keys: ReadonlyArray<SigningKey.SigningKey>
  readonly now: number
  /** Signs a set anew with the zone's signing key, the fields as they are wished. */
  readonly resign: (set: ReadonlyArray<Record>, change?: Partial<Rrsig.Rrsig>, key?: SigningKey.SigningKey) => Record
}

/** Question kinds: what each way of being wrong is seen with. */
const positive = "www A"
const noName = "nope A"
const noData = "www TXT"
const wildcard = "x.w A"
const wildcardNoData = "x.w TXT"
const alias = "alias A"
const emptyName = "b.c A"
const all = [
  positive,
  noName,
  noData,
  wildcard,
  wildcardNoData,
  alias,
  emptyName,
  "below.sub A",
  "x.old A",
  "nope.a.b.c A"
]

interface Way {
  readonly what: string
  readonly asks: ReadonlyArray<string>
  readonly status: Status | ((ask: string) => Status)
  readonly denial?: ReadonlyArray<Denial>
  readonly sign?: Partial<Parameters<typeof signSync>[1]>
  readonly keys?: (keys: ReadonlyArray<SigningKey.SigningKey>) => ReadonlyArray<SigningKey.SigningKey>
  readonly change?: (draft: Draft) => void
}

const rdataOf = (record: Record) => ResourceRecord.dataOctets(record)
const withRdata = (record: Record, rdata: Uint8Array): Record =>
  RRset.recordOf({ name: record.name, type: RRset.typeOf(record), ttl: record.ttl, rdata })
const isSignatureOf = (record: Record, covered: number, owner?: Name.Name) =>
  record.type === "RRSIG" &&
  Zone.coveredBy(record) === covered &&
  (owner === undefined || Name.equals(record.name, owner))
const isDenial = (record: Record) => record.type === "NSEC" || record.type === "NSEC3"

const flip = (record: Record): Record => {
  const rdata = Uint8Array.from(rdataOf(record))
  rdata[rdata.length - 3]! ^= 0x55
  return withRdata(record, rdata)
}
const named = (draft: Draft, label: string) => Name.fromText(label, draft.origin)
const each = (draft: Draft, test: (record: Record) => boolean, change: (record: Record) => Record | undefined) => {
  draft.records = draft.records.flatMap((record) => {
    if (!test(record)) return [record]
    const changed = change(record)
    return changed === undefined ? [] : [changed]
  })
}
/** Changes the records of one set and signs it anew, rightly. */
const rewrite = (draft: Draft, test: (record: Record) => boolean, change: (record: Record) => Record) => {
  const changed = draft.records.filter(test).map(change)
  const kept = draft.records.filter(
    (record) =>
      !test(record) &&
      !changed.some((now) => record.type === "RRSIG" && isSignatureOf(record, RRset.typeOf(now), now.name))
  )
  draft.records = [...kept, ...changed.flatMap((record) => [record, draft.resign([record])])]
}
const resignOne = (change: Partial<Rrsig.Rrsig>) => (draft: Draft) => {
  const owner = named(draft, "www")
  const set = draft.records.filter((record) => record.type === "A" && Name.equals(record.name, owner))
  each(
    draft,
    (record) => isSignatureOf(record, types.A, owner),
    () => draft.resign(set, change)
  )
}
const wwwSignature = (draft: Draft) => (record: Record) => isSignatureOf(record, types.A, named(draft, "www"))

const day = 86_400
/** Names that are not in an opt-out chain, or below unsigned delegations of one, are insecure for what is not there. */
const ways = (now: number): ReadonlyArray<Way> => [
  { what: "rightly signed", asks: all, status: (ask) => (ask === "below.sub A" ? "insecure" : "secure") },
  { what: "one key for all", asks: [positive, noName], status: "secure", keys: (keys) => [keys[0]!] },
  {
    what: "signed by two keys of its own",
    asks: [positive, noName],
    status: "secure",
    keys: (keys) => [...keys, SigningKey.generate({ role: "zone" })]
  },
  {
    what: "no DS at the parent",
    asks: [positive, noName, noData],
    status: "insecure",
    change: (draft) => void (draft.ds = [])
  },
  {
    what: "no DS at the parent, and broken",
    asks: [positive, noName],
    status: "insecure",
    change: (draft) => {
      draft.ds = []
      each(draft, (record) => record.type === "RRSIG", flip)
    }
  },
  {
    what: "expired",
    asks: [positive, noName, noData],
    status: "bogus",
    sign: { inception: now - 30 * day, expiration: now - 5 * day }
  },
  {
    what: "not yet valid",
    asks: [positive, noName],
    status: "bogus",
    sign: { inception: now + 5 * day, expiration: now + 30 * day }
  },
  {
    what: "expires before it begins",
    asks: [positive],
    status: "bogus",
    change: resignOne({ inception: now + day, expiration: now - day })
  },
  {
    what: "one signature expired",
    asks: [positive],
    status: "bogus",
    change: resignOne({ inception: now - 9 * day, expiration: now - 2 * day })
  },
  {
    what: "one signature wrong",
    asks: [positive, alias],
    status: "bogus",
    change: (draft) => each(draft, (record) => isSignatureOf(record, types.A), flip)
  },
  {
    what: "one signature missing",
    asks: [positive],
    status: "bogus",
    change: (draft) => each(draft, wwwSignature(draft), () => undefined)
  },
  {
    what: "a wrong signature beside a right one",
    asks: [positive],
    status: "secure",
    change: (draft) => void draft.records.push(flip(draft.records.find(wwwSignature(draft))!))
  },
  {
    what: "no signatures at all",
    asks: [positive, noName, noData],
    status: "bogus",
    change: (draft) =>
      each(
        draft,
        (record) => record.type === "RRSIG",
        () => undefined
      )
  },
  {
    what: "data changed after signing",
    asks: [positive],
    status: "bogus",
    change: (draft) =>
      each(
        draft,
        (record) => record.type === "A",
        (record) => withRdata(record, Uint8Array.of(192, 0, 2, 66))
      )
  },
  {
    what: "a record added after signing",
    asks: [positive],
    status: "bogus",
    change: (draft) =>
      void draft.records.push(
        ResourceRecord.make({
          name: named(draft, "www"),
          type: "A",
          ttl: 300,
          data: { address: "192.0.2.66" }
        })
      )
  },
  { what: "signed by the parent's name", asks: [positive], status: "bogus", change: resignOne({ signer: Name.root }) },
  {
    what: "signed by a name below",
    asks: [positive],
    status: "bogus",
    change: (draft) => resignOne({ signer: named(draft, "www") })(draft)
  },
  {
    what: "signed by another zone",
    asks: [positive],
    status: "bogus",
    change: resignOne({ signer: Name.fromText("elsewhere.") })
  },
  { what: "labels too many", asks: [positive], status: "bogus", change: resignOne({ labels: 5 }) },
  { what: "labels too few", asks: [positive], status: "bogus", change: resignOne({ labels: 0 }) },
  {
    what: "a signature of another type",
    asks: [positive],
    status: "bogus",
    change: resignOne({ typeCovered: types.TXT })
  },
  {
    what: "a signature with another key's tag",
    asks: [positive],
    status: "bogus",
    change: resignOne({ keyTag: 4711 })
  },
  {
    what: "a signature with another algorithm",
    asks: [positive],
    status: "bogus",
    change: resignOne({ algorithm: 253 })
  },
  {
    what: "signed by a key that is not there",
    asks: [positive],
    status: "bogus",
    change: (draft) => {
      const owner = named(draft, "www")
      const set = draft.records.filter((record) => record.type === "A" && Name.equals(record.name, owner))
      each(draft, wwwSignature(draft), () => draft.resign(set, {}, SigningKey.generate({ role: "zone" })))
    }
  },
  {
    what: "the keys' signature wrong",
    asks: [positive, noName],
    status: "bogus",
    change: (draft) => each(draft, (record) => isSignatureOf(record, types.DNSKEY), flip)
  },
  {
    what: "the keys' signature missing",
    asks: [positive],
    status: "bogus",
    change: (draft) =>
      each(
        draft,
        (record) => isSignatureOf(record, types.DNSKEY),
        () => undefined
      )
  },
  {
    what: "the keys' signature expired",
    asks: [positive],
    status: "bogus",
    change: (draft) => {
      const set = draft.records.filter((record) => record.type === "DNSKEY")
      each(
        draft,
        (record) => isSignatureOf(record, types.DNSKEY),
        () => draft.resign(set, { inception: now - 9 * day, expiration: now - day }, draft.keys[0])
      )
    }
  },
  {
    what: "keys signed by the wrong key only",
    asks: [positive],
    status: "bogus",
    change: (draft) => {
      const set = draft.records.filter((record) => record.type === "DNSKEY")
      each(
        draft,
        (record) => isSignatureOf(record, types.DNSKEY),
        () => draft.resign(set, {}, draft.keys.at(-1))
      )
    }
  },
  {
    what: "no keys",
    asks: [positive, noName],
    status: "bogus",
    change: (draft) =>
      each(
        draft,
        (record) => record.type === "DNSKEY" || isSignatureOf(record, types.DNSKEY),
        () => undefined
      )
  },
  {
    what: "keys without the zone flag",
    asks: [positive],
    status: "bogus",
    keys: (keys) => [SigningKey.withFlags(keys[0]!, Dnskey.SEP)]
  },
  {
    what: "a revoked key",
    asks: [positive],
    status: "bogus",
    keys: (keys) => [SigningKey.withFlags(keys[0]!, Dnskey.ZONE | Dnskey.SEP | Dnskey.REVOKE)]
  },
  {
    what: "a DS with a wrong digest",
    asks: [positive, noName],
    status: "bogus",
    change: (draft) => void (draft.ds = draft.ds.map((ds) => ds.with(ds.length - 1, ds.at(-1)! ^ 1)))
  },
  {
    what: "a DS with a wrong tag",
    asks: [positive],
    status: "bogus",
    change: (draft) => void (draft.ds = draft.ds.map((ds) => ds.with(0, ds[0]! ^ 0x40)))
  },
  {
    what: "a DS with another algorithm",
    asks: [positive],
    status: "bogus",
    change: (draft) => void (draft.ds = draft.ds.map((ds) => ds.with(2, ds[2] === 13 ? 8 : 13)))
  },
  {
    what: "a DS with an unknown digest",
    asks: [positive, noName],
    status: "insecure",
    change: (draft) => void (draft.ds = draft.ds.map((ds) => ds.with(3, 250)))
  },
  {
    what: "a DS with an unknown algorithm",
    asks: [positive, noName],
    status: "insecure",
    change: (draft) => void (draft.ds = draft.ds.map((ds) => ds.with(2, 200)))
  },
  {
    what: "a wrong DS beside a right one",
    asks: [positive],
    status: "secure",
    change: (draft) => void draft.ds.unshift(draft.ds[0]!.with(6, draft.ds[0]![6]! ^ 9))
  },
  {
    what: "a DS of SHA-384",
    asks: [positive],
    status: "secure",
    change: (draft) => void (draft.ds = [Dnskey.dsRdata(draft.origin, draft.keys[0]!.dnskey, 4)])
  },
  {
    what: "a DS of SHA-1",
    asks: [positive],
    status: "secure",
    change: (draft) => void (draft.ds = [Dnskey.dsRdata(draft.origin, draft.keys[0]!.dnskey, 1)])
  },
  {
    what: "the denial is missing",
    asks: [noName, noData, wildcard, wildcardNoData, emptyName],
    status: "bogus",
    change: (draft) =>
      each(
        draft,
        (record) => isDenial(record) || isSignatureOf(record, types.NSEC) || isSignatureOf(record, types.NSEC3),
        () => undefined
      )
  },
  {
    what: "the denial's signature is wrong",
    asks: [noName, noData, wildcard, emptyName],
    status: "bogus",
    change: (draft) =>
      each(draft, (record) => isSignatureOf(record, types.NSEC) || isSignatureOf(record, types.NSEC3), flip)
  },
  {
    what: "the denial's signature is missing",
    asks: [noName, noData, wildcard],
    status: "bogus",
    change: (draft) =>
      each(
        draft,
        (record) => isSignatureOf(record, types.NSEC) || isSignatureOf(record, types.NSEC3),
        () => undefined
      )
  },
  {
    what: "the denial says that the type is there",
    asks: [noData, wildcardNoData],
    status: "bogus",
    change: (draft) =>
      rewrite(draft, isDenial, (record) => {
        const rdata = rdataOf(record)
        const at = record.type === "NSEC" ? nameLength(rdata) : 6 + rdata[4]! + rdata[5 + rdata[4]!]!
        const present = Array.from({ length: 300 }, (_, code) => code).filter((code) => typeBitmap.has(rdata, at, code))
        return withRdata(record, Buffer.concat([rdata.subarray(0, at), typeBitmap.make([...present, types.TXT])]))
      })
  },
  {
    what: "the denial's interval ends too soon",
    asks: [noName, wildcard, "zzz A"],
    status: "bogus",
    denial: ["nsec"],
    change: (draft) =>
      rewrite(draft, isDenial, (record) => {
        const rdata = rdataOf(record)
        const next = Name.fromOctets(Uint8Array.of(1, 0x2d, ...record.name.octets))
        return withRdata(record, Buffer.concat([next.octets, rdata.subarray(nameLength(rdata))]))
      })
  },
  {
    what: "the denial's interval ends too soon",
    asks: [noName, wildcard],
    status: "bogus",
    denial: ["nsec3"],
    change: (draft) =>
      rewrite(draft, isDenial, (record) => {
        const rdata = Uint8Array.from(rdataOf(record))
        const hash = nsec3Hash.fromBase32(Name.toText(record.name).split(".")[0]!)!
        rdata.set(hash, 6 + rdata[4]!)
        rdata[6 + rdata[4]! + 19] = (hash[19]! + 1) & 255
        return withRdata(record, rdata)
      })
  },
  {
    what: "the denial is a wildcard's expansion",
    asks: [noName],
    status: "bogus",
    denial: ["nsec"],
    change: (draft) => {
      const set = draft.records.filter(isDenial)
      each(
        draft,
        (record) => isSignatureOf(record, types.NSEC),
        (record) =>
          draft.resign(
            set.filter((denial) => Name.equals(denial.name, record.name)),
            { labels: 1 }
          )
      )
    }
  },
  {
    what: "the wildcard is hidden",
    asks: ["x.w A"],
    status: "bogus",
    change: (draft) =>
      each(
        draft,
        (record) =>
          Name.equals(record.name, named(draft, "*.w")) && (record.type === "A" || isSignatureOf(record, types.A)),
        () => undefined
      )
  },
  {
    what: "a name is hidden",
    asks: [positive],
    status: "bogus",
    change: (draft) =>
      each(
        draft,
        (record) =>
          Name.equals(record.name, named(draft, "www")) && !isDenial(record) && !isSignatureOf(record, types.NSEC),
        () => undefined
      )
  },
  {
    what: "a type is hidden",
    asks: [positive],
    status: "bogus",
    change: (draft) =>
      each(
        draft,
        (record) =>
          Name.equals(record.name, named(draft, "www")) && (record.type === "A" || isSignatureOf(record, types.A)),
        () => undefined
      )
  },
  {
    what: "NSEC3 with a salt",
    asks: [noName, noData, wildcard, wildcardNoData, emptyName],
    status: "secure",
    denial: ["nsec3"],
    sign: { nsec3: { salt: Uint8Array.of(1, 2, 3, 4) } }
  },
  {
    what: "NSEC3 with 100 iterations",
    asks: [noName, noData, wildcard],
    status: "secure",
    denial: ["nsec3"],
    sign: { nsec3: { iterations: 100 } }
  },
  {
    what: "NSEC3 with 500 iterations",
    asks: [noName, noData],
    status: "insecure",
    denial: ["nsec3"],
    sign: { nsec3: { iterations: 500 } }
  },
  {
    what: "NSEC3 of an unknown hash",
    asks: [noName, noData],
    status: "bogus",
    denial: ["nsec3"],
    change: (draft) => rewrite(draft, isDenial, (record) => withRdata(record, rdataOf(record).with(0, 9)))
  },
  {
    what: "NSEC3 with an unknown flag",
    asks: [noName, noData],
    status: "bogus",
    denial: ["nsec3"],
    change: (draft) => rewrite(draft, isDenial, (record) => withRdata(record, rdataOf(record).with(1, 2)))
  },
  {
    what: "NSEC3 of another salt",
    asks: [noName],
    status: "bogus",
    denial: ["nsec3"],
    sign: { nsec3: { salt: Uint8Array.of(7, 7) } },
    change: (draft) => rewrite(draft, isDenial, (record) => withRdata(record, rdataOf(record).with(5, 8)))
  },
  {
    what: "the TTL raised above that which was signed",
    asks: [positive],
    status: "secure",
    change: (draft) =>
      each(
        draft,
        (record) => Name.equals(record.name, named(draft, "www")),
        (record) => RRset.withTtl(record, 80_000)
      )
  },
  {
    what: "the signed TTL altered",
    asks: [positive],
    status: "bogus",
    change: (draft) => each(draft, wwwSignature(draft), (record) => withRdata(record, rdataOf(record).with(7, 9)))
  },
  { what: "an alias into an unsigned zone", asks: ["out A"], status: "insecure" },
  { what: "an alias into a broken zone", asks: ["broken A"], status: "bogus" },
  {
    what: "an unsigned delegation's denial is missing",
    asks: ["below.sub A"],
    status: "bogus",
    denial: ["nsec", "nsec3"],
    change: (draft) =>
      each(
        draft,
        (record) => isDenial(record),
        () => undefined
      )
  }
]

const nameLength = (rdata: Uint8Array): number => {
  let at = 0
  while (rdata[at] !== 0) at += rdata[at]! + 1
  return at + 1
}

const content = (origin: string) => `$TTL 300
@ SOA ns hostmaster 1 7200 900 1209600 300
@ NS ns
@ TXT "apex"
ns A 127.0.0.1
www A 192.0.2.1
www AAAA 2001:db8::1
alias CNAME www
out CNAME www.unsigned.
broken CNAME www.brokenzone.
*.w A 192.0.2.7
a.b.c TXT "below"
old DNAME new
x.new A 192.0.2.8
sub NS ns.sub
ns.sub A 127.0.0.1
zz TXT "${origin}"
`

const algorithms = [8, 13, 15, 14, 16, 10, 7, 5]

export const plant = (now: number, wanted: number): Forest => {
  const pairs = new Map(
    algorithms.map((algorithm) => [
      algorithm,
      [
        SigningKey.generate({ algorithm, role: "key", bits: 1_024 }),
        SigningKey.generate({ algorithm, role: "zone", bits: 1_024 })
      ] as const
    ])
  )
  const zones: Array<Zone.Zone> = []
  const cases: Array<Case> = []
  const delegations: Array<string> = []
  const dsRecords: Array<Record> = []

  const grow = (zone: string, way: Way, algorithm: number, denial: Denial) => {
    const origin = Name.fromText(zone)
    const keys = way.keys?.(pairs.get(algorithm)!) ?? pairs.get(algorithm)!
    const denials =
      denial === "nsec"
        ? ({ denial: "nsec" } as const)
        : ({ denial: "nsec3", nsec3: { optOut: denial === "optOut" } } as const)
    const signed = signSync(text.zone(zone, content(zone)), { now, keys, ...denials, ...way.sign })
    const zoneKey = keys.find((key) => !SigningKey.isSep(key)) ?? keys[0]!
    const draft: Draft = {
      origin,
      keys,
      now,
      records: [...signed.records()],
      ds: keys.filter(SigningKey.isSep).map(({ dnskey }) => Dnskey.dsRdata(origin, dnskey)),
      resign: (records, change = {}, key = zoneKey) => {
        const set = RRset.make(records)
        const fields = {
          typeCovered: set.type,
          algorithm: key.dnskey.algorithm,
          labels: Rrsig.countLabels(set.name),
          originalTtl: set.ttl,
          expiration: now + 14 * day,
          inception: now - day,
          keyTag: key.dnskey.tag,
          signer: origin,
          ...change
        }
        const head = Rrsig.head(fields)
        const labels = Math.min(fields.labels, Rrsig.countLabels(set.name))
        const octets = Rrsig.signedOctets({
          ...fields,
          labels,
          head,
          owner: set.name,
          type: set.type,
          class: 1,
          rdatas: set.rdatas
        })
        const signature = Algorithm.sign(key.dnskey.algorithm, key.privateKey, octets)
        return RRset.recordOf({
          name: set.name,
          type: types.RRSIG,
          ttl: set.ttl,
          rdata: Buffer.concat([head, signature])
        })
      }
    }
    way.change?.(draft)
    zones.push(Zone.make(draft.records, { origin }))
    const sub = `sub.${zone}`
    zones.push(
      text.zone(
        sub,
        "$TTL 300\n@ SOA ns hostmaster 1 7200 900 1209600 300\n@ NS ns\nns A 127.0.0.1\nbelow A 192.0.2.9\n"
      )
    )
    delegations.push(`${zone} NS ns.${zone}`, `ns.${zone} A 127.0.0.1`)
    for (const rdata of draft.ds) dsRecords.push(RRset.recordOf({ name: origin, type: types.DS, ttl: 300, rdata }))
    cases.push({
      zone,
      what: way.what,
      algorithm,
      denial,
      asks: way.asks.map((ask) => {
        const [label, type] = ask.split(" ") as [string, Question.QuestionType]
        const status = typeof way.status === "string" ? way.status : way.status(ask)
        return { name: `${label}.${zone}`, type, status }
      })
    })
  }

  const list = ways(now)
  const broken = list.find(({ what }) => what === "one signature wrong")!
  grow("brokenzone.", broken, 13, "nsec")
  grow(
    "unsigned.",
    list.find(({ what }) => what === "no DS at the parent")!,
    13,
    "nsec"
  )
  let count = 0
  for (let round = 0; count < wanted; round++) {
    for (const [index, way] of list.entries()) {
      const positives = way.asks.filter((ask) => ask === positive || ask === alias)
      // With opt-out, what is not there may be behind an unsigned delegation: only positive answers are certain.
      const denials =
        way.denial ?? (positives.length === 0 ? (["nsec", "nsec3"] as const) : (["nsec", "nsec3", "optOut"] as const))
      const denial = denials[(round + index) % denials.length]!
      const algorithm = algorithms[(round * 3 + index) % algorithms.length]!
      grow(`z${count++}.`, denial === "optOut" ? { ...way, asks: positives } : way, algorithm, denial)
    }
  }
  const rootKey = SigningKey.generate({ role: "single" })
  const rootText = `$TTL 300\n. SOA ns. hostmaster. 1 7200 900 1209600 300\n. NS ns.\nns. A 127.0.0.1\n${delegations.join("\n")}\n`
  const unsigned = text.zone(".", rootText)
  const root = signSync(Zone.make([...unsigned.records(), ...dsRecords]), { now, keys: [rootKey] })
  zones.push(root)
  return {
    zones,
    cases,
    anchor: dsOf(".", rootKey),
    anchorKey: RRset.recordOf({ name: Name.root, type: types.DNSKEY, ttl: 300, rdata: rootKey.dnskey.rdata })
  }
}
