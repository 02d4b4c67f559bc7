/** What the servers on the way from the root get to see of a question, over a scripted transport. */
import type { Transport } from "#internal"
import { assert, describe, it } from "@effect/vitest"
import { type Options, Recursive } from "@handoff/dns/recursive"
import { handle } from "@handoff/dns/server"
import { Message, Name } from "@handoff/dns/wire"
import { text } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import { policyOf } from "../dnssec/support/judge.ts"

const soa = "@ 60 SOA a b 1 1 1 1 1\n@ 60 NS a\n"
const policies: Readonly<Record<string, ReturnType<typeof policyOf>>> = {
  "192.0.2.1": policyOf([text.zone(".", `${soa}a 60 A 192.0.2.1\ntest 60 NS a.test\na.test 60 A 192.0.2.2\n`)]),
  "192.0.2.2": policyOf([
    text.zone("test.", `${soa}a 60 A 192.0.2.2\ndeep.below 60 A 192.0.2.80\nother.below 60 A 192.0.2.81\n`)
  ])
}

interface Seen {
  readonly address: string
  readonly over: "udp" | "tcp"
  /** As it was written. */
  readonly name: string
}

/** A resolver, and the questions that its servers got. `foldsCase` are those that answer in lower case. */
const make = (options: Options & { readonly foldsCase?: boolean } = {}) =>
  Effect.gen(function* () {
    const seen: Array<Seen> = []
    const channel =
      (over: "udp" | "tcp") =>
      ({ address }: { readonly address: string }): Transport.Channel => ({
        counters: {},
        ask: (ask) => {
          const octets = Uint8Array.from(ask.octets)
          const name = Name.toText(Message.decodeUnsafe(octets).questions[0]!.name)
          seen.push({ address, over, name })
          if (options.foldsCase === true && over === "udp" && name !== name.toLowerCase()) return ask.onOtherCase()
          for (const response of handle(policies[address]!, octets, { transport: over, address, port: 1 }, 0)) {
            ask.onReply(response)
          }
        },
        cancel: () => undefined,
        close: () => undefined
      })
    const recursive = yield* Recursive.make({
      root: { zone: Name.root, servers: [{ name: Name.fromText("a."), addresses: ["192.0.2.1"] }], until: Infinity },
      anchors: false,
      transport: () => ({ datagrams: channel("udp"), streams: channel("tcp") }),
      ...options
    })
    return { recursive, seen }
  })

const asLower = (seen: ReadonlyArray<Seen>, address: string) =>
  new Set(seen.filter((one) => one.address === address).map(({ name }) => name.toLowerCase()))

describe("QNAME minimisation (RFC 9156)", () => {
  it.effect("shows a server no label more than it needs", () =>
    Effect.gen(function* () {
      const { recursive, seen } = yield* make()
      yield* recursive.resolve("deep.below.test.", "A")
      assert.deepStrictEqual(asLower(seen, "192.0.2.1"), new Set([".", "test."]))
      assert.deepStrictEqual(asLower(seen, "192.0.2.2"), new Set(["below.test.", "deep.below.test."]))
    }).pipe(Effect.scoped)
  )
  it.effect("negative control: turned off, the root sees the whole name", () =>
    Effect.gen(function* () {
      const { recursive, seen } = yield* make({ minimise: false })
      yield* recursive.resolve("deep.below.test.", "A")
      assert.include(asLower(seen, "192.0.2.1"), "deep.below.test.")
    }).pipe(Effect.scoped)
  )
})

describe("the case of letters (0x20)", () => {
  const mixed = (seen: ReadonlyArray<Seen>) => seen.filter(({ name }) => name !== name.toLowerCase())
  it.effect("is by chance, so that a forger has to know it, unless turned off", () =>
    Effect.gen(function* () {
      for (const mixCase of [true, false]) {
        const { recursive, seen } = yield* make({ mixCase })
        for (const name of ["deep", "other", "none1", "none2"]) yield* recursive.resolve(`${name}.below.test.`, "A")
        assert.strictEqual(mixed(seen).length > 0, mixCase)
      }
    }).pipe(Effect.scoped)
  )
  it.effect("of an answer that has it otherwise: the server is asked over TCP, and from then on in lower case", () =>
    Effect.gen(function* () {
      const { recursive, seen } = yield* make({ foldsCase: true })
      const { message } = yield* recursive.resolve("deep.below.test.", "A")
      assert.strictEqual(message.answers.length, 1)
      const first = seen.findIndex(({ address, over }) => address === "192.0.2.2" && over === "tcp")
      assert.isAtLeast(first, 1)
      assert.isAbove(mixed(seen.slice(0, first)).length, 0)
      yield* recursive.resolve("other.below.test.", "A")
      assert.deepStrictEqual(mixed(seen.slice(first).filter(({ address }) => address === "192.0.2.2")), [])
    }).pipe(Effect.scoped)
  )
})
