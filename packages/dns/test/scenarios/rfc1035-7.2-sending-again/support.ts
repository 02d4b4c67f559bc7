import * as Scene from "../../support/Scene.ts"
import { a } from "../../support/ScriptedServer.ts"

export const found: Scene.Script = (asked) => [Scene.served(asked, { answers: [a(asked.name, "192.0.2.7")] })]
export const silent: Scene.Script = () => []

/** For real servers. */
export const zones = { "again.example": Scene.zone("* A 192.0.2.7") }
