import { Call, LookupHost } from "@handoff/core"
import { contract } from "@handoff/testing"
import * as NetAddress from "effect/net/NetAddress"
import * as Table from "../own-strategy/Table.ts"

const addressOf = (index: number) => `192.0.2.${index % 256}`

const entries = (name: string): string | null | undefined => {
  const [, what, index] = /^(host|stuck|missing)(\d+)$/.exec(name) ?? []
  return what === "host" ? addressOf(Number(index)) : what === "stuck" ? null : undefined
}

contract("a strategy of one's own", Table.make(entries), {
  succeed: (index) => ({
    task: new LookupHost({ name: `host${index}` }),
    value: [NetAddress.ipFromStringUnsafe(addressOf(index))]
  }),
  fail: (index) => ({ task: new LookupHost({ name: `missing${index}` }), failure: "LookupError" }),
  never: (index) => new LookupHost({ name: `stuck${index}` }),
  unsupported: new Call({ module: "nowhere", function: "nothing", args: [] })
})
