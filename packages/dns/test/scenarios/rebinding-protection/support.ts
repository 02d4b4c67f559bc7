import * as Scene from "../../support/Scene.ts"
import { a } from "../../support/ScriptedServer.ts"

export const inside: Scene.Script = (asked) => [Scene.served(asked, { answers: [a(asked.name, "192.168.0.1")] })]

/** For real servers. */
export const zones = { "rebinding.example": Scene.zone("* A 192.168.0.1\n*.corp A 192.168.0.1") }
