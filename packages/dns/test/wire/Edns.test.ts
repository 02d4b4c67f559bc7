import { DecodeError, Dig, Edns, EdnsOptions, EncodeError, Message, Name } from "@handoff/dns/wire"
import { assert, describe, it } from "@effect/vitest"

const octets = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"))
const hex = (value: Uint8Array): string => Buffer.from(value).toString("hex")

/** A message that has nothing but an OPT record with these options, in hex. */
const withOptions = (options: string, opt = "0000291000000080 00"): Uint8Array =>
  octets(
    `000000000000000000000001${opt.replaceAll(" ", "")}${(options.length / 2).toString(16).padStart(4, "0")}${options}`
  )

const decoded = (wire: Uint8Array): Message.Message => {
  const message = Message.decode(wire)
  if (message instanceof DecodeError) throw message
  return message
}

/** Option as dig names it, its octets (code, length, content), its value, and where it is from. */
const vectors: ReadonlyArray<readonly [wire: string, option: Edns.EdnsOption, printed: string, source: string]> = [
  ["00030000", { option: "NSID", data: { identifier: octets("") } }, 'NSID: ("")', "RFC 5001 2.1"],
  [
    "000300047573312e",
    { option: "NSID", data: { identifier: octets("7573312e") } },
    'NSID: 75 73 31 2e ("us1.")',
    "RFC 5001 2.3"
  ],
  ["00050003080d0f", { option: "DAU", data: { algorithms: [8, 13, 15] } }, "DAU: 8 13 15", "RFC 6975 2"],
  ["000600020102", { option: "DHU", data: { algorithms: [1, 2] } }, "DHU: 1 2", "RFC 6975 2"],
  ["0007000101", { option: "N3U", data: { algorithms: [1] } }, "N3U: 1", "RFC 6975 2"],
  [
    "0008000700011800c00002",
    { option: "ECS", data: { subnet: { family: 1, sourcePrefix: 24, scopePrefix: 0, address: "192.0.2.0" } } },
    "CLIENT-SUBNET: 192.0.2.0/24/0",
    "RFC 7871 6"
  ],
  [
    "0008000b0002383020010db8fd1342",
    {
      option: "ECS",
      data: { subnet: { family: 2, sourcePrefix: 56, scopePrefix: 48, address: "2001:db8:fd13:4200::" } }
    },
    "CLIENT-SUBNET: 2001:db8:fd13:4200::/56/48",
    "RFC 7871 12.1"
  ],
  [
    "000800040001 0000".replace(" ", ""),
    { option: "ECS", data: { subnet: { family: 1, sourcePrefix: 0, scopePrefix: 0, address: "0.0.0.0" } } },
    "CLIENT-SUBNET: 0.0.0.0/0/0",
    "RFC 7871 7.1.2"
  ],
  ["0009000400000e10", { option: "EXPIRE", data: { seconds: 3_600 } }, "EXPIRE: 3600", "RFC 7314 2"],
  ["00090000", { option: "EXPIRE", data: { seconds: undefined } }, "EXPIRE:", "RFC 7314 2"],
  [
    "000a00182464c4abcf10c957010000005cf79f111f8130c3eee29480",
    {
      option: "COOKIE",
      data: { client: octets("2464c4abcf10c957"), server: octets("010000005cf79f111f8130c3eee29480") }
    },
    "COOKIE: 2464c4abcf10c957010000005cf79f111f8130c3eee29480",
    "RFC 9018 A.1"
  ],
  [
    "000a00082464c4abcf10c957",
    { option: "COOKIE", data: { client: octets("2464c4abcf10c957"), server: octets("") } },
    "COOKIE: 2464c4abcf10c957",
    "RFC 9018 A.1"
  ],
  ["000b00020064", { option: "KEEPALIVE", data: { timeout: 100 } }, "TCP KEEPALIVE: 10.0 secs", "RFC 7828 3.1"],
  ["000b0000", { option: "KEEPALIVE", data: { timeout: undefined } }, "TCP KEEPALIVE:", "RFC 7828 3.1"],
  ["000c0003000000", { option: "PADDING", data: { octets: octets("000000") } }, "PAD: (3 bytes)", "RFC 7830 3"],
  [
    "000d0005 03636f6d00".replace(" ", ""),
    { option: "CHAIN", data: { trustPoint: Name.fromText("com.") } },
    "CHAIN: com.",
    "RFC 7901 4"
  ],
  ["000e00044a5c4f66", { option: "KEY-TAG", data: { tags: [19_036, 20_326] } }, "KEY-TAG: 19036 20326", "RFC 8145 4.1"],
  [
    "000f00020006",
    { option: "EDE", data: { infoCode: 6, extraText: octets("") } },
    "EDE: 6 (DNSSEC Bogus)",
    "RFC 8914 2"
  ],
  [
    "000f0006ffff6f6f7073",
    { option: "EDE", data: { infoCode: 65_535, extraText: octets("6f6f7073") } },
    "EDE: 65535: (oops)",
    "RFC 8914 2"
  ],
  [
    "0012000f 0161036167740765 78616d706c6500".replaceAll(" ", ""),
    { option: "REPORT-CHANNEL", data: { agent: Name.fromText("a.agt.example.") } },
    "REPORT-CHANNEL: a.agt.example.",
    "RFC 9567 6.1"
  ],
  [
    "001300060200788f7c5d".replace(" ", ""),
    { option: "ZONEVERSION", data: { version: { labels: 2, type: 0, version: octets("788f7c5d") } } },
    "ZONEVERSION: 2 0 788F7C5D",
    "RFC 9660 3"
  ],
  ["00130000", { option: "ZONEVERSION", data: { version: undefined } }, "ZONEVERSION:", "RFC 9660 3"],
  ["fde90002abcd", { option: "OPT65001", data: { octets: octets("abcd") } }, 'OPT=65001: ab cd ("..")', "RFC 6891 9"]
]

describe("EDNS options", () => {
  it("each have a vector", () => {
    const covered = new Set<string>(vectors.map(([, { option }]) => option))
    assert.deepEqual(
      EdnsOptions.all.map(({ name }) => name).filter((name) => !covered.has(name)),
      []
    )
  })

  for (const [wire, option, printed, source] of vectors) {
    it(`${option.option} ${wire} (${source})`, () => {
      const message = decoded(withOptions(wire))
      assert.deepEqual(JSON.parse(JSON.stringify(message.edns!.options)), JSON.parse(JSON.stringify([option])))
      assert.strictEqual(hex(Edns.optionOctets(option)), wire)
      assert.strictEqual(hex(Message.encode(message)), hex(withOptions(wire)))
      assert.strictEqual(Dig.printOption(option), printed)
    })
  }

  it("that are cut or too long are an error", () => {
    const bad = [
      "000a0007ffffffffffffff", // client cookie of 7 octets
      "000a0009ffffffffffffffffff", // server cookie of 1 octet
      `000a0029${"ff".repeat(41)}`,
      "0008000300011800c000",
      "0008000700012100c00002ff",
      "0008000800011800c0000201",
      "00090003000e10",
      "000b0001ff",
      "000d000403636f6d",
      "000e0003000001",
      "000f000106",
      "0013000402007890",
      "000300050102",
      "0003",
      "00030000ff"
    ]
    for (const wire of bad) {
      const error = Message.decode(withOptions(wire))
      assert.instanceOf(error, DecodeError, wire)
      assert.isAtLeast(error.offset, 23)
    }
  })
})

describe("a subnet", () => {
  it("that decode would refuse is not written", () => {
    const option = (prefixes: { readonly sourcePrefix: number; readonly scopePrefix: number }): Edns.EdnsOption => ({
      option: "ECS",
      data: { subnet: { family: 1, address: "192.0.2.0", ...prefixes } }
    })
    assert.strictEqual(hex(Edns.optionOctets(option({ sourcePrefix: 24, scopePrefix: 32 }))), "0008000700011820c00002")
    assert.throws(() => Edns.optionOctets(option({ sourcePrefix: 24, scopePrefix: 33 })), EncodeError)
    assert.throws(() => Edns.optionOctets(option({ sourcePrefix: 33, scopePrefix: 0 })), EncodeError)
  })
})

describe("the OPT record", () => {
  it("carries the upper bits of the rcode, the version and the flags", () => {
    const message = decoded(octets("00008003000000000000000100002904d001008005 0000".replace(" ", "")))
    assert.strictEqual(message.rcode, 19)
    assert.deepEqual(message.edns, {
      udpPayloadOctets: 1_232,
      version: 0,
      dnssecOk: true,
      reservedFlags: 5,
      options: []
    })
    assert.strictEqual(message.additionals.length, 0)
    assert.strictEqual(Message.encode(message).length, 23)
  })

  it("is refused twice, in another section, and under another name (RFC 6891 6.1.1)", () => {
    const opt = "0000291000000000000000"
    for (const [wire, bound] of [
      [`000000000000000000000002${opt}${opt}`, "edns"],
      [`000000000000000100000000${opt}`, "edns"],
      [`000000000000000000010000${opt}`, "edns"],
      [`000000000000000000000001 0161${opt}`.replace(" ", ""), "edns"]
    ] as const) {
      const error = Message.decode(octets(wire))
      assert.instanceOf(error, DecodeError)
      assert.strictEqual(error.bound, bound)
    }
  })

  it("finds an option by name", () => {
    const edns = decoded(withOptions("000a00082464c4abcf10c957")).edns
    assert.strictEqual(hex(Edns.find(edns, "COOKIE")!.client), "2464c4abcf10c957")
    assert.isUndefined(Edns.find(edns, "EDE"))
    assert.isUndefined(Edns.find(undefined, "EDE"))
  })
})
