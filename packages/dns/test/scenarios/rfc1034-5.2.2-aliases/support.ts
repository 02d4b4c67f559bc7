import type { Message, ResourceRecord } from "@handoff/dns/wire"
import * as Scene from "../../support/Scene.ts"
import { soa } from "../../support/ScriptedServer.ts"

export type Zone = Readonly<Record<string, Partial<Message.Message>>>

/** What a real server says, too. */
export const zone =
  (zone: Zone): Scene.Script =>
  (asked) => [Scene.served(asked, zone[asked.name] ?? { rcode: 3, authorities: [soa("aliases.example")] })]

/** What only a script says. */
export const scripted =
  (zone: Zone): Scene.Script =>
  (asked) => [{ message: Scene.reply(asked, zone[asked.name] ?? { rcode: 3, authorities: [soa("aliases.example")] }) }]

export const addresses = (records: ReadonlyArray<ResourceRecord.ResourceRecord>) =>
  records.map((record) => (record.data as { readonly address: string }).address)

/** For real servers. */
export const zones = {
  "aliases.example": Scene.zone(
    "www 30 CNAME web\nweb 300 CNAME host\nhost A 192.0.2.7\n" +
      "a CNAME b\nb CNAME a\ndangling CNAME gone\nlone CNAME host\n" +
      "far 30 CNAME host.third.example.\naway CNAME web.elsewhere.example.\nround CNAME round.elsewhere.example."
  ),
  "elsewhere.example": Scene.zone("web CNAME host.third.example.\nround CNAME round.aliases.example."),
  "third.example": Scene.zone("host A 192.0.2.7")
}
