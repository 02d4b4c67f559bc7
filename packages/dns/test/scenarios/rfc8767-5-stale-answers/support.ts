import * as Scene from "../../support/Scene.ts"
import { a } from "../../support/ScriptedServer.ts"

export const found =
  (ttl: number): Scene.Script =>
  (asked) => [Scene.served(asked, { answers: [a(asked.name, "192.0.2.7", ttl)] })]
export const first = (answer: { readonly records: ReadonlyArray<{ readonly data: unknown }> }): string =>
  (answer.records[0]!.data as { readonly address: string }).address

export const dies =
  (ttl: number): Scene.Script =>
  (asked) =>
    asked.index === 0 ? found(ttl)(asked) : []

/** For real servers. */
export const zones = { "stale.example": Scene.zone("* 10 A 192.0.2.7") }
