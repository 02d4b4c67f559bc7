/** The resolver keeps the contract of an executor, with a name server on loopback that answers, refuses or is silent. */
import { QueryRecords, Task } from "@handoff/core"
import { Dns } from "@handoff/dns"
import { contract } from "@handoff/testing"
import * as Effect from "effect/Effect"
import * as EffectDns from "effect/net/Dns"
import * as NetAddress from "effect/net/NetAddress"
import * as ScriptedServer from "./support/ScriptedServer.ts"

class Unknown extends Task.make("Unknown", { payload: {} }) {}

/** Names below `host` have an address, `gone` are not there, `silent` get no answer. */
const server = ScriptedServer.make((heard) => {
  const name = ScriptedServer.asked(heard)
  if (name.endsWith("silent.example")) return []
  if (name.endsWith("gone.example")) {
    return [ScriptedServer.reply(heard, { rcode: 3, authorities: [ScriptedServer.soa("example")] })]
  }
  const index = Number(/^h(\d+)\./.exec(name)![1])
  return [ScriptedServer.reply(heard, { answers: [ScriptedServer.a(name, `10.0.${index >> 8}.${index & 255}`)] })]
})

const make = (options: Dns.Options) =>
  Effect.flatMap(server, ({ text }) =>
    Dns.make({ servers: [text], hosts: false, timeout: "30 seconds", cache: { maxOctets: 0 }, ...options })
  )

const address = (index: number) =>
  NetAddress.ipFromStringUnsafe(`10.0.${index >> 8}.${index & 255}`) as NetAddress.Ipv4Address

const samples = {
  succeed: (index: number) => ({
    task: new QueryRecords({ name: `h${index}.host.example`, type: "A" }),
    value: {
      name: `h${index}.host.example`,
      type: "A",
      ttl: 60,
      records: [EffectDns.makeRecordUnsafe("A", { address: address(index) })]
    }
  }),
  fail: (index: number) => ({
    task: new QueryRecords({ name: `h${index}.gone.example`, type: "A" }),
    failure: "LookupError"
  }),
  never: (index: number) => new QueryRecords({ name: `h${index}.silent.example`, type: "A" }),
  unsupported: new Unknown()
}

contract("dns", make({}), samples)
contract("dns over TCP", make({ tcpOnly: true }), samples)
