import { LookupHost } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Scene from "../../support/Scene.ts"
import { a } from "../../support/ScriptedServer.ts"

export const lookup = (scene: Scene.Scene, name = "x.example", family?: "IPv4" | "IPv6") =>
  Effect.map(scene.dns.run(new LookupHost({ name, ...(family === undefined ? {} : { family }) })), (found) =>
    found.map(NetAddress.formatIp)
  )

export const none: Scene.Script = (asked) => [Scene.served(asked, { answers: [a(asked.name, "203.0.113.66")] })]

/** For real servers. */
export const zones = {
  ".": Scene.zone(
    ["x.test", "x.example", "notlocalhost", "localhost", "x.home.arpa", "7.0.168.192.in-addr.arpa"]
      .map((name) => `${name} A 203.0.113.66`)
      .join("\n") + "\nns.lab A 127.0.0.1",
    { minimum: 0, ttl: 0 }
  )
}
