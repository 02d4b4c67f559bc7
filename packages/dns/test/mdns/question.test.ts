import { assert, describe, it } from "@effect/vitest"
import { Message, Name } from "@handoff/dns/wire"
import { multicast } from "#internal"

describe("a question to the link", () => {
  it("is for one type or for several at once, each with the wish for a unicast answer, under the id 0", () => {
    const name = Name.fromText("printer.local.")
    for (const types of [["PTR"], ["A", "AAAA"]] as const) {
      const octets = multicast.encode(name, types)
      assert.deepStrictEqual(
        Message.decodeUnsafe(octets).questions.map(({ class: cls, name, type }) => [Name.toText(name), type, cls]),
        types.map((type) => ["printer.local.", type, "CLASS32769"])
      )
      assert.strictEqual(Message.idOf(octets), 0)
    }
  })
})
