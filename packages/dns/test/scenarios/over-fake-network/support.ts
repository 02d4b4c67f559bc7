import { Dns, Transport } from "@handoff/dns"
import { Framing, Message } from "@handoff/dns/wire"
import { FakeNetwork } from "@handoff/testing"
import * as Effect from "effect/Effect"
import { a } from "../../support/ScriptedServer.ts"

export const answer = (query: Uint8Array): Uint8Array => {
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
export const server = (millis: number): FakeNetwork.Peer => ({
  onOctets: ({ octets, transport }) =>
    transport === "udp"
      ? [FakeNetwork.reply(answer(octets), millis)]
      : [FakeNetwork.reply(Framing.frame(answer(octets.subarray(2))), millis)]
})

export const make = (
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
