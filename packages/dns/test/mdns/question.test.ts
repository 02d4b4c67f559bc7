import { assert, describe, it } from "@effect/vitest"
import { limits } from "@handoff/dns/mdns"
import { Message, Name, ResourceRecord } from "@handoff/dns/wire"
import { encodeMulticast } from "#internal"

describe("a question that is asked again", () => {
  it("fits a datagram whatever a host of the link has answered, with as many known answers as there is room for", () => {
    const name = Name.fromText("_ipp._tcp.local.")
    const known = Array.from({ length: limits.records }, (_, i) =>
      ResourceRecord.make({
        name,
        type: "PTR",
        ttl: 120,
        data: {
          host: Name.fromText(
            `${"x".repeat(60)}${i}.${"y".repeat(60)}.local.`.replace(/(x{60})\d+/, `$1${i % 10}${i % 7}`)
          )
        }
      })
    )
    const octets = encodeMulticast(name, "PTR", known)
    assert.isAtMost(octets.length, limits.questionOctets)
    assert.isAbove(octets.length, 100)
    assert.strictEqual(octets[4]! * 256 + octets[5]!, 1)
    assert.isAbove(octets[6]! * 256 + octets[7]!, 4)
    // The wish for a unicast answer stays where it was: in the question's class.
    assert.strictEqual(octets[12 + name.octets.length + 2], 0x80)
    assert.strictEqual(Message.idOf(octets), 0)
  })
})
