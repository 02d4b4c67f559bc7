/** What the promises of an executor are tried with: a table, and tasks that succeed, fail and wait in it. */
import { Call, LookupHost } from "@handoff/core"
import type { Contract } from "@handoff/testing"
import * as NetAddress from "effect/net/NetAddress"

const addressOf = (index: number): string => `192.0.2.${index % 256}`

export const entries = (name: string): string | null | undefined => {
  const [, what, index] = /^(host|stuck|missing)(\d+)$/.exec(name) ?? []
  return what === "host" ? addressOf(Number(index)) : what === "stuck" ? null : undefined
}

export const samples: Contract.Samples<LookupHost> = {
  succeed: (index) => ({
    task: new LookupHost({ name: `host${index}` }),
    value: [NetAddress.ipFromStringUnsafe(addressOf(index))]
  }),
  fail: (index) => ({ task: new LookupHost({ name: `missing${index}` }), failure: "LookupError" }),
  never: (index) => new LookupHost({ name: `stuck${index}` }),
  unsupported: new Call({ module: "nowhere", function: "nothing", args: [] })
}
