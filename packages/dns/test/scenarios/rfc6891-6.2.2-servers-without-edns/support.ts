import * as Scene from "../../support/Scene.ts"
import { a } from "../../support/ScriptedServer.ts"

export const found: Scene.Script = (asked) => [Scene.served(asked, { answers: [a(asked.name, "192.0.2.7")] })]

export const old: Scene.Script = (asked) =>
  asked.message.edns === undefined ? found(asked) : [{ message: Scene.reply(asked, { rcode: 1, questions: [] }) }]

/** For real servers. */
export const zones = { "edns.example": Scene.zone("* A 192.0.2.7") }
