import * as Scene from "../../support/Scene.ts"
import { a } from "../../support/ScriptedServer.ts"

export const found: Scene.Script = (asked) => [Scene.served(asked, { answers: [a(asked.name, "192.0.2.7")] })]

/** More addresses than there is room for in 1,232 octets. */
export const long = Array.from({ length: 100 }, (_, i) => `192.0.2.${i + 1}`)

/** For real servers. */
export const zones = {
  "truncation.example": Scene.zone(`* A 192.0.2.7\n${long.map((address) => `long A ${address}`).join("\n")}`)
}
