import { LookupHost } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Scene from "../../support/Scene.ts"
import { a, aaaa, soa } from "../../support/ScriptedServer.ts"

export type Family = { readonly after: number; readonly reply: "address" | "none" | "failure" | "nothing" }

export const families =
  (four: Family, six: Family): Scene.Script =>
  (asked) => {
    const family = asked.type === "A" ? four : six
    if (family.reply === "nothing") return []
    const record = asked.type === "A" ? a(asked.name, "192.0.2.7") : aaaa(asked.name, "2001:db8::7")
    const fields =
      family.reply === "address"
        ? { answers: [record] }
        : family.reply === "failure"
          ? { rcode: 2 }
          : { authorities: [soa("families.example")] }
    return family.reply === "failure"
      ? [{ after: family.after, message: Scene.reply(asked, fields) }]
      : [Scene.served(asked, fields, family.after)]
  }

export const lookup = (scene: Scene.Scene, name = "x.families.example", family?: "IPv4" | "IPv6") =>
  Effect.map(scene.dns.run(new LookupHost({ name, ...(family === undefined ? {} : { family }) })), (found) =>
    found.map(NetAddress.formatIp)
  )

export const cases: ReadonlyArray<
  readonly [string, Family, Family, ReadonlyArray<string>, (elapsed: number) => boolean]
> = [
  [
    "both are asked side by side",
    { after: 20, reply: "address" },
    { after: 25, reply: "address" },
    ["2001:db8::7", "192.0.2.7"],
    (elapsed) => elapsed <= 27
  ],
  [
    "the slow one is waited for 50 ms after the first, not longer",
    { after: 10, reply: "address" },
    { after: 300, reply: "address" },
    ["192.0.2.7"],
    (elapsed) => elapsed >= 60 && elapsed <= 64
  ],
  [
    "a failure of one does not spoil the other",
    { after: 10, reply: "address" },
    { after: 5, reply: "failure" },
    ["192.0.2.7"],
    (elapsed) => elapsed <= 13
  ],
  [
    "silence of one does not spoil the other",
    { after: 10, reply: "address" },
    { after: 5, reply: "nothing" },
    ["192.0.2.7"],
    (elapsed) => elapsed <= 64
  ],
  [
    "that there is none of one family is no reason to stop waiting for the other",
    { after: 200, reply: "address" },
    { after: 5, reply: "none" },
    ["192.0.2.7"],
    (elapsed) => elapsed >= 200 && elapsed <= 203
  ]
]

/** For real servers. */
export const zones = {
  "families.example": Scene.zone("x A 192.0.2.7\nx AAAA 2001:db8::7\nfour A 192.0.2.7\nneither TXT x")
}
