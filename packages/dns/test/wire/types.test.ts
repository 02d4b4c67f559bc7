import { DecodeError, Message, Name, RecordText, RecordTypes, ResourceRecord, TextError } from "@handoff/dns/wire"
import { assert, describe, it } from "@effect/vitest"
import { vectors } from "./vectors.ts"

const owner = Name.fromText("owner.example.")

const recordOf = (type: RecordTypes.KnownType, data: unknown): ResourceRecord.ResourceRecord =>
  ({ name: owner, type, class: "IN", ttl: 60, data }) as ResourceRecord.ResourceRecord

const decoded = (octets: Uint8Array): Message.Message => {
  const message = Message.decode(octets)
  if (message instanceof DecodeError) throw message
  return message
}

describe("record types", () => {
  it("each have a vector", () => {
    const covered = new Set(vectors.map((vector) => vector.type))
    assert.deepEqual(
      RecordTypes.all.map((type) => type.name).filter((name) => !covered.has(name)),
      []
    )
  })

  it("are in the order of their codes, each once", () => {
    const codes = RecordTypes.all.map((type) => type.code)
    assert.deepEqual(
      codes,
      [...new Set(codes)].toSorted((a, b) => a - b)
    )
  })

  for (const { type, text, octets, source } of vectors) {
    it(`${type} reads, writes, parses and prints ${text.slice(0, 60)} (${source})`, () => {
      const parsed = RecordText.parseDataText(type, text)
      assert.strictEqual(parsed.type, type)
      assert.deepEqual(ResourceRecord.dataOctets(recordOf(type, parsed.data)), octets)
      const data = ResourceRecord.decodeData(type, octets)
      assert.notInstanceOf(data, DecodeError)
      assert.strictEqual(RecordText.printData(recordOf(type, data)), text)
      const generic = RecordText.parseDataText(type, RecordText.printGeneric(octets))
      assert.deepEqual(ResourceRecord.dataOctets(recordOf(type, generic.data)), octets)
    })

    it(`${type} survives a message, and every cut of ${text.slice(0, 60)} is an answer`, () => {
      const section = type === "TSIG" ? "additionals" : "answers"
      const message = Message.make({ [section]: [recordOf(type, RecordText.parseDataText(type, text).data)] })
      const wire = Message.encode(message)
      const record = decoded(wire)[section][0]!
      assert.strictEqual(record.type, type)
      assert.strictEqual(RecordText.printData(record), text)
      const detached = ResourceRecord.detach(record)
      wire.fill(0xff)
      assert.strictEqual(RecordText.printData(detached), text)
      assert.deepEqual(ResourceRecord.dataOctets(structuredClone(detached)), octets)
      for (let length = 0; length < octets.length; length++) {
        const data = ResourceRecord.decodeData(type, octets.subarray(0, length))
        if (data instanceof DecodeError) assert.isAtMost(data.offset, length)
      }
    })
  }
})

describe("rdata that is refused", () => {
  const refused: ReadonlyArray<readonly [RecordTypes.KnownType, string, string]> = [
    ["A", "c00002", "too short"],
    ["A", "c000020100", "too long"],
    ["TXT", "", "no string"],
    ["TXT", "0561", "string past the end"],
    ["MX", "000a", "no name"],
    ["MX", "000a0161", "name without root"],
    ["NSEC", "0000", "window without bitmap"],
    ["NSEC", "000000", "empty bitmap"],
    ["NSEC", "000021".padEnd(6 + 33 * 2, "0"), "bitmap of 33 octets"],
    ["NSEC", "0001014000014000", "windows out of order"],
    ["LOC", "01000000800000008000000000989680", "another version"],
    ["LOC", "00a0000080000000800000000098968000", "a size of ten"],
    ["LOC", "00000000ffffffff8000000000989680", "over the pole"],
    ["CAA", "000061", "empty tag"],
    ["SVCB", "0001000003000200350003000200350000", "a key twice"],
    ["SVCB", "000100000300010035", "a port of one octet"],
    ["SVCB", "0001000001000100", "an empty protocol"],
    ["SVCB", "00010000020000", "no-default-alpn without alpn (RFC 9460 7.1.1)"],
    ["SVCB", "0001000000000200fa", "mandatory key that is missing"],
    ["SVCB", "000100000000020000", "mandatory that lists itself"],
    ["IPSECKEY", "0a0402", "gateway of type 4"],
    ["A6", "81", "prefix of 129 bits"],
    ["APL", "00012104c0a82001", "prefix of 33 bits"],
    ["EUI48", "00005e0053", "five octets"],
    ["TSIG", "00000000000000012c00050000", "a signature past the end"]
  ]
  for (const [type, hex, what] of refused) {
    it(`${type}: ${what}`, () => {
      assert.instanceOf(ResourceRecord.decodeData(type, new Uint8Array(Buffer.from(hex, "hex"))), DecodeError)
    })
  }

  const refusedText: ReadonlyArray<readonly [RecordTypes.KnownType, string]> = [
    ["A", "192.0.2"],
    ["A", "192.0.2.01"],
    ["A", "192.0.2.1 192.0.2.2"],
    ["AAAA", "2001:db8:::1"],
    ["AAAA", "1:2:3:4:5:6:7:8:9"],
    ["AAAA", "1::2::3"],
    ["MX", "65536 a."],
    ["MX", "10"],
    ["MX", "10 a..b."],
    ["TXT", `"${"x".repeat(256)}"`],
    ["TXT", '"unclosed'],
    ["TXT", String.raw`"\256"`],
    ["DS", "1 2 3 ABC"],
    ["DNSKEY", "256 3 5 AAA"],
    ["RRSIG", "A 5 3 86400 20030231173103 20030220173103 2642 example.com. AAAA"],
    ["NSEC", "a. NOSUCHTYPE"],
    ["LOC", "91 N 0 E 0"],
    ["LOC", "90 0 1 N 0 E 0"],
    ["APL", "1:192.0.2.0/33"],
    // RFC 9460 D.3
    ["SVCB", "1 foo.example.com. key123=abc key123=def"],
    ["SVCB", "1 foo.example.com. mandatory"],
    ["SVCB", "1 foo.example.com. alpn"],
    ["SVCB", "1 foo.example.com. port"],
    ["SVCB", "1 foo.example.com. ipv4hint"],
    ["SVCB", "1 foo.example.com. ipv6hint"],
    ["SVCB", "1 foo.example.com. no-default-alpn=abc"],
    ["SVCB", "1 foo.example.com. mandatory=key123"],
    ["SVCB", "1 foo.example.com. mandatory=mandatory"],
    ["SVCB", "1 foo.example.com. mandatory=key123,key123 key123=abc"]
  ]
  for (const [type, text] of refusedText) {
    it(`${type} ${text.slice(0, 60)}`, () => {
      assert.throws(() => RecordText.parseDataText(type, text), TextError)
    })
  }
})

describe("text that is accepted in more forms than it is printed in", () => {
  const same: ReadonlyArray<readonly [RecordTypes.KnownType, string, string]> = [
    ["SVCB", '1 foo.example.com. key667="hello"', "1 foo.example.com. key667=hello"],
    [
      "SVCB",
      String.raw`16 foo.example.org. alpn="f\\\\oo\\,bar,h2"`,
      String.raw`16 foo.example.org. alpn=f\\\092oo\092,bar,h2`
    ],
    ["SVCB", "16 foo.example.com. port=53", String.raw`16 foo.example.com. key3="\0005"`],
    ["LOC", "42 21 54.000 N 71 6 18.000 W -24.00m 30.00m 10000.00m 10.00m", "42 21 54 N 71 06 18 W -24m 30m"],
    ["SOA", "a. b. 1 3600 900 604800 86400", "a. b. 1 1h 15m 1w 1d"],
    ["DS", `1 8 1 ${"ABCDEF01".repeat(5)}`, `1 RSASHA256 SHA-1 ${"ab cdef01".repeat(5)}`],
    ["RRSIG", "A 8 2 60 20240101000000 20231201000000 1 a. AAAA", "A RSASHA256 2 60 1704067200 1701388800 1 a. AA AA"],
    ["TXT", '"a b" "c"', "a\\ b c"],
    ["NSEC", "a. A TYPE65280", "a. TYPE65280 A TYPE1 A"]
  ]
  for (const [type, printed, text] of same) {
    it(`${type} ${text}`, () => {
      assert.strictEqual(RecordText.printData(recordOf(type, RecordText.parseDataText(type, text).data)), printed)
    })
  }
})

describe("rdata that is not that of its type", () => {
  it("is opaque for an unknown type, and text is the generic form of RFC 3597", () => {
    const record = RecordText.parse(String.raw`a.example. CLASS32 TYPE731 \# 6 abcd (ef 01 23 45)`, { ttl: 1 })
    assert.strictEqual(RecordText.print(record), String.raw`a.example. 1 CLASS32 TYPE731 \# 6 ABCDEF012345`)
    const back = decoded(Message.encode(Message.make({ answers: [record] }))).answers[0]!
    assert.strictEqual(RecordText.print(back), String.raw`a.example. 1 CLASS32 TYPE731 \# 6 ABCDEF012345`)
  })

  it("reads a known type by its number and in the generic form", () => {
    const record = RecordText.parse(String.raw`e.example. 60 IN TYPE1 \# 4 0A000002`)
    assert.strictEqual(RecordText.print(record), "e.example. 60 IN A 10.0.0.2")
  })

  it("is opaque for a type of class IN in another class", () => {
    const record = RecordText.parse(String.raw`a.example. 60 CH A \# 3 016100`)
    assert.strictEqual(record.type, "TYPE1")
    const back = decoded(Message.encode(Message.make({ answers: [record] }))).answers[0]!
    assert.strictEqual(back.type, "TYPE1")
    assert.strictEqual(back.class, "CH")
  })

  it("is empty in the deletions of an UPDATE", () => {
    const record = RecordText.parse(String.raw`a.example. 0 ANY MX \# 0`)
    const message = decoded(Message.encode(Message.make({ opcode: 5, authorities: [record] })))
    assert.strictEqual(message.authorities[0]!.type, "TYPE15")
    const exact = RecordText.parse("a.example. 0 NONE MX 10 b.example.")
    assert.strictEqual(decoded(Message.encode(Message.make({ authorities: [exact] }))).authorities[0]!.type, "MX")
  })
})
