import { RecordText } from "@handoff/dns/wire"
import * as EffectDns from "@handoff/dns/wire/effect"
import { assert, describe, it } from "@effect/vitest"
import * as Dns from "effect/net/Dns"
import * as Option from "effect/Option"

const records: ReadonlyArray<readonly [ours: string, effects: string]> = [
  ["A 192.0.2.1", "A 192.0.2.1"],
  ["AAAA 2001:db8::1", "AAAA 2001:db8::1"],
  ['CAA 128 issue "ca.example"', 'CAA 128 issue "ca.example"'],
  ["CNAME host.example.", "CNAME host.example."],
  ["MX 10 mail.example.", "MX 10 mail.example."],
  ["MX 0 .", "MX 0 ."],
  ["SRV 0 0 0 .", "SRV 0 0 0 ."],
  ["CNAME .", "CNAME ."],
  ["NS .", "NS ."],
  ["PTR .", "PTR ."],
  ["SOA . . 1 2 3 4 5", "SOA . . 1 2 3 4 5"],
  [
    `NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .`,
    `NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .`
  ],
  [`NAPTR 100 10 "s" "SIP+D2U" "" _sip._udp.example.`, `NAPTR 100 10 "s" "SIP+D2U" "" _sip._udp.example.`],
  ["NS ns.example.", "NS ns.example."],
  [String.raw`PTR my\.printer.local.`, String.raw`PTR my\.printer.local.`],
  [String.raw`SOA ns.example. john\.doe.example. 1 2 3 4 5`, String.raw`SOA ns.example. john\.doe.example. 1 2 3 4 5`],
  ["SRV 1 2 3 host.example.", "SRV 1 2 3 host.example."],
  ["TLSA 3 1 1 ABCD", "TLSA 3 1 1 ABCD"],
  ['TXT ""', 'TXT ""'],
  [String.raw`TXT "a \"b\"" "\195\164"`, String.raw`TXT "a \"b\"" "\195\164"`]
]

describe("EffectDns", () => {
  for (const [ours, effects] of records) {
    it(`${ours} is Effect's, and back`, () => {
      const record = RecordText.parse(`owner.example. 60 IN ${ours}`)
      const converted = EffectDns.toDnsRecord(record)
      const value = Option.getOrThrow(converted)
      assert.strictEqual(Dns.formatRecord(value), effects)
      assert.strictEqual(
        RecordText.print(EffectDns.fromDnsRecord(value, { name: "owner.example", ttl: 60 })),
        RecordText.print(record)
      )
    })
  }

  it("cover every type that Effect has", () => {
    const covered = new Set(records.map(([ours]) => ours.split(" ")[0]))
    assert.deepEqual(
      Dns.recordTypes.filter((type) => !covered.has(type)),
      []
    )
  })

  it("lose what Effect has no place for: case, octets that are no UTF-8, flags that are not critical", () => {
    for (const [ours, back] of [
      ["MX 10 Mail.Example.", "MX 10 mail.example."],
      [String.raw`TXT "\255"`, String.raw`TXT "\239\191\189"`],
      ['CAA 129 issue "ca.example"', 'CAA 128 issue "ca.example"']
    ] as const) {
      const value = Option.getOrThrow(EffectDns.toDnsRecord(RecordText.parse(`a. 1 IN ${ours}`)))
      assert.strictEqual(RecordText.print(EffectDns.fromDnsRecord(value, { name: "a.", ttl: 1 })), `a. 1 IN ${back}`)
    }
  })

  it("are none for a type Effect has not, and for a target that is no domain name", () => {
    assert.isTrue(Option.isNone(EffectDns.toDnsRecord(RecordText.parse("a. 1 HINFO x y"))))
    assert.isTrue(Option.isNone(EffectDns.toDnsRecord(RecordText.parse(String.raw`a. 1 CNAME a\.b.c\000.`))))
    assert.isTrue(Option.isNone(EffectDns.toDnsRecord(RecordText.parse("a. 1 MX 1 -a.example."))))
    assert.isTrue(Option.isNone(EffectDns.toDnsRecord(RecordText.parse("a. 1 NS 192.0.2.1."))))
    assert.isTrue(Option.isNone(EffectDns.toDnsRecord(RecordText.parse("a. 1 TLSA 3 1 0"))))
  })
})
