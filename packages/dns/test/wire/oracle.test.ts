/**
 * Other makes of DNS, from Debian, against ours: dnspython for rdata as octets, fields and text, and for messages; ldns
 * for zone files; BIND for the types that those do not know. Where they differ from us for a reason, the reason is a line in `quirks`.
 */
import {
  DecodeError,
  Edns,
  Message,
  Name,
  Question,
  RecordText,
  type RecordTypes,
  ResourceRecord,
  TextError,
  Type,
  ZoneFile
} from "@handoff/dns/wire"
import { assert, describe, it } from "@effect/vitest"
import * as Oracle from "./oracle/Oracle.ts"
import { corpus } from "./corpus.ts"
import { mutate, Random } from "./random.ts"
import { vectors } from "./vectors.ts"

const seed = Number(process.env["WIRE_SEED"] ?? 20_240_601)
const mutantsPerVector = 40

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString("hex")

const recordOf = (type: string, data: unknown, { name, ttl } = { name: ".", ttl: 0 }): ResourceRecord.ResourceRecord =>
  ({ name: Name.fromText(name), type, class: "IN", ttl, data }) as ResourceRecord.ResourceRecord

const octetsOf = (type: string, data: unknown): string => hex(ResourceRecord.dataOctets(recordOf(type, data)))

const random = new Random(seed)

/** Rdata of every type: the vectors, and others made from them by small changes. */
const cases = vectors.flatMap(({ type, octets }) => [
  { type, octets },
  ...Array.from({ length: mutantsPerVector }, () => ({ type, octets: mutate(octets, random) }))
])

/** Where dnspython (2.3 and 2.8) differs, and why that is not our fault. */
const quirks = {
  /**
   * It takes a TXT without any string, which RFC 1035 3.3.14 has not, a service parameter that is there twice, and an
   * NSEC3 without the hash of the next name, which RFC 5155 3.2 has not.
   */
  accepts: (type: string, octets: Uint8Array): boolean =>
    octets.length === 0 || type === "SVCB" || type === "HTTPS" || type === "NSEC3",
  /**
   * Its GPOS must be numbers and its URI UTF-8; digest type 0 is one octet in a CDS and nothing in a DS; an alias with
   * parameters is refused, where RFC 9460 2.4.2 says to ignore them; a TSIG error has 12 bits; ZONEMD hash 0 is reserved,
   * and digests of other schemes than SIMPLE are held to its lengths, which the example of RFC 8976 A.3 does not have.
   */
  refuses: (type: string, octets: Uint8Array, error: string): boolean =>
    type === "GPOS" ||
    type === "URI" ||
    /rcode must be|hash_algorithm 0|scheme 0/.test(error) ||
    (type === "ZONEMD" && octets[4] !== 1 && error.includes("digest length inconsistent")) ||
    (["DS", "CDS", "DLV", "TA"].includes(type) && octets[3] === 0) ||
    error.includes("AliasMode"),
  /** Text of octets over 127 in words becomes UTF-8; some empty fields cannot be read back; young keys are unknown. */
  readsOurText: (type: string, text: string): boolean =>
    /\\(1[3-9]|12[89]|2)/.test(text) ||
    / (dohpath|ohttp|tls-supported-groups)/.test(text) ||
    /(^| )TYPE0( |$)/.test(text) ||
    /EID|NIMLOC|ATMA|SINK|TALINK|RKEY|DSYNC|HHIT|BRID|NXNAME|UNSPEC|RESINFO|WALLET|CLA|IPN|DOA|M[DFBGR]|MINFO/.test(
      text
    ) ||
    (type === "APL" && /(^| |!)(0|[3-9]|[0-9]{2,}):/.test(text)) ||
    (type === "TSIG" && / 0 [0-9]+ [A-Z0-9]+ [0-9]+/.test(text)) ||
    // Hashes whose length is no multiple of five octets are padded there, against RFC 5155 3.3.
    (type === "NSEC3" && !/^\S+ \S+ \S+ \S+ (?:[0-9A-V]{8})+(?: |$)/.test(text)) ||
    // Its altitude is a float that is cut, not rounded.
    type === "LOC" ||
    // Keys and data that are empty.
    [
      "DNSKEY",
      "CDNSKEY",
      "CDS",
      "DS",
      "DHCID",
      "TKEY",
      "TSIG",
      "HIP",
      "OPENPGPKEY",
      "CERT",
      "SSHFP",
      "TLSA",
      "SMIMEA"
    ].includes(type),
  /** Its text escapes octets over 127 twice in service parameters, has Python's `b''` in APL, a URI as it is, and pads hashes. */
  writesText: (text: string): boolean => /\\\\[0-9]{3}|b'|[0-9a-v]=+( |$)|^[0-9]+ [0-9]+ "[^]*([^ -~]|\\|".)/.test(text)
} as const

/** Our fields as dnspython has them: names and words as it holds them, in its order. */
const asDnspython: Readonly<Record<string, (data: never) => ReadonlyArray<unknown>>> = {
  WKS: ({ address, protocol }: { address: string; protocol: number }) => [address, protocol],
  LOC: (data: {
    latitude: number
    longitude: number
    altitude: number
    size: number
    horizontalPrecision: number
    verticalPrecision: number
  }) => {
    const angle = (value: number) => {
      const size = Math.abs(value)
      const parts = [
        Math.floor(size / 3_600_000),
        Math.floor(size / 60_000) % 60,
        Math.floor(size / 1_000) % 60,
        size % 1_000
      ]
      return [...parts, value < 0 ? -1 : 1]
    }
    const { latitude, longitude, altitude, size, horizontalPrecision, verticalPrecision } = data
    return [angle(latitude), angle(longitude), altitude, size, horizontalPrecision, verticalPrecision]
  },
  APL: ({
    items
  }: {
    items: ReadonlyArray<{ family: number; prefixLength: number; negated: boolean; address: string }>
  }) => [items.map((item) => `${item.negated ? "!" : ""}${item.family}:${item.address}/${item.prefixLength}`)],
  IPSECKEY: (data: { precedence: number; algorithm: number; gateway: unknown; publicKey: Uint8Array }) => [
    data.precedence,
    gatewayType(data.gateway),
    data.algorithm,
    data.gateway,
    data.publicKey
  ],
  AMTRELAY: (data: { precedence: number; discoveryOptional: boolean; relay: unknown }) => [
    data.precedence,
    data.discoveryOptional,
    gatewayType(data.relay),
    data.relay
  ],
  HIP: (data: { hit: Uint8Array; algorithm: number; publicKey: Uint8Array; servers: ReadonlyArray<Name.Name> }) => [
    data.hit,
    data.algorithm,
    data.publicKey,
    data.servers
  ],
  RRSIG: ({ typeCovered, ...rest }: { typeCovered: string }) => [Type.codeOf(typeCovered), ...Object.values(rest)],
  DSYNC: ({ rrtype, ...rest }: { rrtype: string }) => [Type.codeOf(rrtype), ...Object.values(rest)],
  EUI48: ({ address }: { address: string }) => [address.replaceAll("-", "")],
  EUI64: ({ address }: { address: string }) => [address.replaceAll("-", "")]
}

const gatewayType = (gateway: unknown): number =>
  gateway === undefined ? 0 : typeof gateway !== "string" ? 3 : gateway.includes(":") ? 2 : 1

const sameField = (ours: unknown, theirs: unknown): boolean => {
  if (ours instanceof Name.Name) return Name.toText(ours) === theirs
  if (ours instanceof Uint8Array) return hex(ours) === theirs
  if (Array.isArray(ours)) {
    // Type bitmaps are windows there; the octets are compared anyway.
    if (ours.every((item) => typeof item === "string" && Type.codeOf(item) !== undefined)) return true
    return Array.isArray(theirs) && ours.length === theirs.length && ours.every((item, i) => sameField(item, theirs[i]))
  }
  if (ours === undefined) return theirs === null || theirs === ""
  if (typeof ours === "string" && ours !== theirs) return Buffer.from(ours, "latin1").toString("hex") === theirs
  return ours === theirs
}

const absent = Oracle.dnspythonAbsent()
if (absent !== undefined) console.info(`dnspython is not asked: ${absent}`)

describe.skipIf(absent !== undefined)(`dnspython, seed ${seed}`, () => {
  const ours = cases.map(({ type, octets }) => ResourceRecord.decodeData(type, octets))
  const answers =
    absent === undefined ? Oracle.dnspython(cases.map(({ type, octets }) => ({ type, hex: hex(octets) }))) : []
  /** Cases that both of us take as rdata of a type that dnspython knows. */
  const shared = cases.flatMap(({ type, octets }, i) => {
    const data = ours[i]!
    const answer = answers[i]
    return answer?.known === true && !(data instanceof DecodeError) ? [{ type, octets, data, answer }] : []
  })

  it("knows enough of the types for this to mean something", () => {
    assert.isAtLeast(new Set(shared.map(({ type }) => type)).size, 50)
    assert.isAtLeast(shared.length, 1_000)
  })

  it("accepts and refuses the same rdata", () => {
    const differences = cases.flatMap(({ type, octets }, i) => {
      const answer = answers[i]!
      const refused = ours[i] instanceof DecodeError
      if (answer.known === false || answer.error?.startsWith("UnknownRdatatype") === true) return []
      if (refused === (answer.error !== undefined)) return []
      if (refused ? quirks.accepts(type, octets) : quirks.refuses(type, octets, answer.error!)) return []
      return [`${type} ${hex(octets)}: ${refused ? "refused by us" : answer.error}`]
    })
    assert.deepEqual(differences, [])
  })

  it("has the same value in each field", () => {
    const differences = shared.flatMap(({ type, data, answer }) => {
      if (type === "SVCB" || type === "HTTPS" || type === "OPENPGPKEY") return [] // no comparable fields there: text and octets are
      const values = asDnspython[type]?.(data as never) ?? Object.values(data as object)
      const theirs = answer.fields!
      return values.every((value, i) => sameField(value, theirs[i])) || quirks.writesText(answer.text!)
        ? []
        : [`${type} ${JSON.stringify(values)} ${JSON.stringify(theirs)}`]
    })
    assert.deepEqual(differences, [])
  })

  it("writes the same octets", () => {
    const differences = shared.flatMap(({ type, data, answer }) => {
      const left = octetsOf(type, data)
      // Bitmaps may end in zeros there: what counts is what they mean.
      const again = ResourceRecord.decodeData(type, Buffer.from(answer.hex!, "hex"))
      return left === answer.hex || left === octetsOf(type, again) ? [] : [`${type} ${left} ${answer.hex}`]
    })
    assert.deepEqual(differences, [])
  })

  it("prints text that we read to the same octets", () => {
    const differences = shared.flatMap(({ type, data, answer }) => {
      if (quirks.writesText(answer.text!)) return []
      try {
        const parsed = RecordText.parseDataText(type, answer.text!)
        return octetsOf(type, parsed.data) === octetsOf(type, data) ? [] : [`${type} ${answer.text}`]
      } catch (error) {
        return [`${type} ${answer.text}: ${String(error)}`]
      }
    })
    assert.deepEqual(differences, [])
  })

  it("reads our text to the same octets", () => {
    const texts = shared.map(({ type, data }) => RecordText.printData(recordOf(type, data)))
    const read = Oracle.dnspython(shared.map(({ type }, i) => ({ type, text: texts[i]! })))
    let compared = 0
    const differences = shared.flatMap(({ type, data }, i) => {
      if (read[i]!.hex === octetsOf(type, data)) compared++
      else if (!quirks.readsOurText(type, texts[i]!)) return [`${type} ${texts[i]}: ${JSON.stringify(read[i])}`]
      return []
    })
    assert.deepEqual(differences, [])
    assert.isAtLeast(compared, shared.length * 0.9)
  })

  it("accepts and refuses nearly the same messages", () => {
    const messages = Array.from({ length: 4_000 }, (_, i) => corpus[i] ?? mutate(random.pick(corpus), random))
    const read = Oracle.dnspythonMessages(messages.map(hex))
    const refused = messages.map((message) => Message.decode(message) instanceof DecodeError)
    // The others: types and opcodes that it does not know, and the quirks above.
    const agreed = messages.filter((_, i) => refused[i] === (read[i]!.error !== undefined))
    assert.isAtLeast(agreed.length / messages.length, 0.97)
    assert.isAtLeast(refused.filter(Boolean).length, 1_000)
    assert.isAtLeast(refused.filter((one) => !one).length, 400)
  })

  it("reads our messages, compressed, as what they were made from", () => {
    const records = shared
      .slice(0, 600)
      .filter(({ answer }) => !quirks.writesText(answer.text!))
      .map(({ type, data }, i) =>
        recordOf(type, data, { name: `host${i}.ExAmple.${i % 3 === 0 ? "org" : "net"}`, ttl: i })
      )
    const messages = Array.from({ length: 60 }, (_, i) =>
      Message.make({
        id: i * 1_000,
        response: true,
        rcode: i % 24,
        questions: [Question.make(`host${i}.example.org`, "ANY")],
        answers: records.slice(i * 10, i * 10 + 10).filter((record) => record.type !== "TSIG"),
        edns: Edns.make({
          options: [{ option: "COOKIE", data: { client: new Uint8Array(8), server: new Uint8Array(0) } }]
        })
      })
    )
    const read = Oracle.dnspythonMessages(messages.map((message) => hex(Message.encode(message))))
    for (const [i, message] of messages.entries()) {
      const answer = read[i]!
      assert.isUndefined(answer.error, answer.error)
      assert.deepEqual([answer.id, answer.rcode], [message.id, message.rcode])
      assert.deepEqual(answer.questions, [[Name.toText(message.questions[0]!.name), 255]])
      assert.deepEqual(answer.edns, [0, 1_232, 1])
      // It joins records of one owner and type into sets: compare without order, as text that both know.
      const key = (name: string, type: number, text: string) => `${name.toLowerCase()} ${type} ${text}`
      const theirs = new Set(answer.records.map(([name, , type, text]) => key(name, type, text)))
      for (const record of message.answers) {
        const code = Type.codeOf(record.type)!
        const { text } = shared.find(({ data }) => data === record.data)!.answer
        assert.isTrue(theirs.has(key(Name.toText(record.name), code, text!)), RecordText.print(record))
      }
    }
  })
})

/** Types that ldns 1.8.3 does not know, or knows differently, with the reason. */
const notInLdns: ReadonlySet<RecordTypes.KnownType> = new Set<RecordTypes.KnownType>([
  ...([
    "NXT",
    "A6",
    "SINK",
    "NINFO",
    "RKEY",
    "DSYNC",
    "HHIT",
    "BRID",
    "TKEY",
    "TSIG",
    "AVC",
    "DOA",
    "AMTRELAY"
  ] as const),
  ...(["RESINFO", "WALLET", "CLA", "IPN", "TA", "UNSPEC", "NXNAME"] as const),
  "NSAP-PTR", // takes the name for one character string
  "ATMA" // leaves out the octet of the format
])

const ldnsAbsent = Oracle.ldnsAbsent()
if (ldnsAbsent !== undefined) console.info(`ldns is not asked: ${ldnsAbsent}`)

describe.skipIf(ldnsAbsent !== undefined)("ldns", () => {
  const known = vectors.filter(
    ({ type, text }) =>
      !notInLdns.has(type) &&
      // Young parameters, a key without octets, and commas inside protocol names are beyond it.
      !/ohttp|tls-supported-groups|oo\\\\,bar/.test(text) &&
      text !== "49152 3 3"
  )
  const zone = ZoneFile.print(
    known.map(({ type, octets }, i) =>
      recordOf(type, ResourceRecord.decodeData(type, octets), { name: `r${i}.example`, ttl: 60 })
    )
  )

  for (const generic of [true, false]) {
    it(`reads our zone file, and we its ${generic ? "generic " : ""}text, to the same octets`, () => {
      const text = Oracle.ldns(zone, { generic })
      const records = ZoneFile.parse(text)
      if (records instanceof TextError) throw records
      const byOwner = new Map(records.map((record) => [Name.toText(record.name), record]))
      assert.strictEqual(byOwner.size, known.length)
      for (const [i, { type, octets }] of known.entries()) {
        const record = byOwner.get(`r${i}.example.`)!
        assert.strictEqual(record.type, type)
        assert.strictEqual(hex(ResourceRecord.dataOctets(record)), hex(octets), RecordText.print(record))
      }
    })
  }
})

const bindAbsent = Oracle.bindAbsent()
if (bindAbsent !== undefined) console.info(`BIND is not asked: ${bindAbsent}`)

describe.skipIf(bindAbsent !== undefined)("BIND", () => {
  it("has the same octets for the types that ldns does not know", () => {
    const asked = vectors.filter(({ type }) => notInLdns.has(type))
    const known = new Set<string>()
    for (const { type, text, octets } of asked) {
      const theirs = Oracle.bind(type, text)
      if (theirs === undefined) continue
      known.add(type)
      assert.strictEqual(theirs, hex(octets), `${type} ${text}`)
    }
    // Not all: TSIG may not stand in a zone, and some are younger than BIND 9.18.
    for (const type of ["NXT", "A6", "SINK", "NINFO", "RKEY", "AVC", "DOA", "AMTRELAY", "TA", "ATMA", "NSAP-PTR"]) {
      assert.isTrue(known.has(type), type)
    }
  }, 60_000)
})
