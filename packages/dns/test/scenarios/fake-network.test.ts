/** The resolver over an executor of exchanges: a network that delays, loses, doubles and truncates, in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Dns, Transport } from "@handoff/dns"
import { Framing, Message } from "@handoff/dns/wire"
import { FakeNetwork } from "@handoff/testing"
import * as Effect from "effect/Effect"
import * as Scene from "../support/Scene.ts"
import { a } from "../support/ScriptedServer.ts"

const answer = (query: Uint8Array): Uint8Array => {
  const message = Message.decodeUnsafe(query)
  const { name } = message.questions[0]!
  return Message.encode(
    Message.make({
      id: message.id,
      response: true,
      recursionAvailable: true,
      questions: message.questions,
      answers: [{ ...a("x", "192.0.2.7", 0), name }]
    })
  )
}

/** A name server: datagrams, and framed messages over a stream. */
const server = (millis: number): FakeNetwork.Peer => ({
  onOctets: ({ octets, transport }) =>
    transport === "udp"
      ? [FakeNetwork.reply(answer(octets), millis)]
      : [FakeNetwork.reply(Framing.frame(answer(octets.subarray(2))), millis)]
})

const make = (
  peers: Readonly<Record<string, FakeNetwork.Peer>>,
  conditions: ReadonlyArray<FakeNetwork.Condition>,
  options: Dns.Options = {}
) =>
  Effect.gen(function* () {
    const network = yield* FakeNetwork.make({ peers, conditions, seed: 7 })
    const dns = yield* Dns.make({
      servers: Object.keys(peers),
      hosts: false,
      hedgeShare: 0,
      transport: () => Transport.overExchange(network.executor),
      ...options
    })
    return { dns, network }
  })

describe("over FakeNetwork", () => {
  it.effect("an answer takes as long as the network", () =>
    Effect.gen(function* () {
      const { dns } = yield* make({ "192.0.2.1:53": server(30) }, [])
      const { elapsed, value } = yield* Scene.passes(dns.resolve("x.example", "A"))
      assert.strictEqual(value.records.length, 1)
      assert.isTrue(elapsed >= 30 && elapsed < 40, `${elapsed} ms`)
    })
  )

  it.effect("with every fifth datagram lost each way, two hundred questions are all answered", () =>
    Effect.gen(function* () {
      const { dns, network } = yield* make({ "192.0.2.1:53": server(20) }, [FakeNetwork.lose({ share: 0.2 })])
      const names = Array.from({ length: 200 }, (_, i) => `n${i}.example`)
      const { value } = yield* Scene.passes(
        Effect.forEach(names, (name) => dns.resolve(name, "A"), { concurrency: 20 })
      )
      assert.strictEqual(value.filter((one) => one.records.length === 1).length, 200)
      const lost = network.events.filter((event) => event.what === "lost").length
      assert.isTrue(lost > 30, `${lost} lost`)
    })
  )

  it.effect("over its stream the length comes first, and tells where the answer ends", () =>
    Effect.gen(function* () {
      const { dns } = yield* make({ "192.0.2.1:53": server(20) }, [], { tcpOnly: true })
      const { value } = yield* Scene.passes(dns.resolve("x.example", "A"))
      assert.strictEqual(value.transport, "tcp")
      assert.strictEqual(value.records.length, 1)
    })
  )

  it.effect("a dead server beside a live one costs one timer, and then no more", () =>
    Effect.gen(function* () {
      const { dns } = yield* make({ "192.0.2.1:53": { onOctets: () => [] }, "192.0.2.2:53": server(20) }, [])
      yield* Scene.passes(dns.resolve("first.example", "A"))
      yield* Scene.passes(dns.resolve("second.example", "A"))
      const times: Array<number> = []
      for (let i = 0; i < 20; i++) times.push((yield* Scene.passes(dns.resolve(`n${i}.example`, "A"))).elapsed)
      assert.isTrue(times.filter((elapsed) => elapsed > 40).length <= 2, times.join(" "))
    })
  )
})
