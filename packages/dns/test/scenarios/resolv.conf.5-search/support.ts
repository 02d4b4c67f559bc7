import { LookupHost } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Scene from "../../support/Scene.ts"
import { a, soa } from "../../support/ScriptedServer.ts"

export const lookup = (scene: Scene.Scene, name = "x.example", family?: "IPv4" | "IPv6") =>
  Effect.map(scene.dns.run(new LookupHost({ name, ...(family === undefined ? {} : { family }) })), (found) =>
    found.map(NetAddress.formatIp)
  )

/** Only these names are there. */
export const only =
  (...names: ReadonlyArray<string>): Scene.Script =>
  (asked) => [
    names.includes(asked.name)
      ? Scene.served(asked, { answers: [a(asked.name, "192.0.2.7")] })
      : Scene.served(asked, { rcode: 3, authorities: [soa(".", 0, 0)] })
  ]
export const walk = (name: string, ndots: number, present: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    const scene = yield* Scene.make(
      { "192.0.2.1": only(...present) },
      { search: ["one.example", "two.example"], ndots }
    )
    yield* Scene.timed(lookup(scene, name, "IPv4"))
    return scene.asked.map((one) => one.name)
  })

export const cases: ReadonlyArray<readonly [string, string, number, ReadonlyArray<string>, ReadonlyArray<string>]> = [
  [
    "a short name is tried in the list first, then as it is",
    "host",
    1,
    [],
    ["host.one.example.", "host.two.example.", "host."]
  ],
  ["a name with ndots dots is tried as it is first", "a.b", 1, [], ["a.b.", "a.b.one.example.", "a.b.two.example."]],
  ["with ndots 2 it is not", "a.b", 2, [], ["a.b.one.example.", "a.b.two.example.", "a.b."]],
  ["a final dot means the name and nothing else", "host.", 1, [], ["host."]],
  [
    "the first that is there ends the walk",
    "there",
    1,
    ["there.two.example."],
    ["there.one.example.", "there.two.example."]
  ],
  ["ndots 0: every name is tried as it is first", "host", 0, [], ["host.", "host.one.example.", "host.two.example."]]
]

/** For real servers. */
export const zones = { ".": Scene.zone("there.two.example A 192.0.2.7", { minimum: 0, ttl: 0 }) }
