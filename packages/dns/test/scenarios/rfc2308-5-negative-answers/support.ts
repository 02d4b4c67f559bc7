import * as Scene from "../../support/Scene.ts"
import { a, soa } from "../../support/ScriptedServer.ts"

export const found =
  (ttl: number): Scene.Script =>
  (asked) => [Scene.served(asked, { answers: [a(asked.name, "192.0.2.7", ttl)] })]

/** No such name, says the zone; its negative answers are good for a minute. */
export const noName: Scene.Script = (asked) => [
  Scene.served(asked, { rcode: 3, authorities: [soa("negative.example", 60, 60)] })
]

/** No such record, says a zone whose SOA has a longer TTL than its minimum. */
export const noRecord: Scene.Script = (asked) => [
  Scene.served(asked, { authorities: [soa("nodata.example", 20, 600)] })
]

/** For real servers. */
export const zones = {
  "negative.example": Scene.zone("www CNAME gone\na.www A 192.0.2.7"),
  "nodata.example": Scene.zone("x TXT x", { minimum: 20, ttl: 600 })
}
