import * as Scene from "../../support/Scene.ts"
import { a } from "../../support/ScriptedServer.ts"

export const found =
  (ttl: number): Scene.Script =>
  (asked) => [Scene.served(asked, { answers: [a(asked.name, "192.0.2.7", ttl)] })]

/** For real servers. */
export const zones = {
  "cache.example": Scene.zone(
    [0, 30, 60, 3_600].map((ttl) => `*.t${ttl} ${ttl} A 192.0.2.7`).join("\n") +
      "\nshort 1 A 192.0.2.7\nlong 1000000 A 192.0.2.7"
  )
}
