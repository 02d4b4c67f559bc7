import { Message, Name, type ResourceRecord } from "@handoff/dns/wire"
import * as Scene from "../../support/Scene.ts"
import { soa } from "../../support/ScriptedServer.ts"

export type Zone = Readonly<Record<string, Partial<Message.Message>>>

export const zone =
  (zone: Zone): Scene.Script =>
  (asked) => [{ message: Scene.reply(asked, zone[asked.name] ?? { rcode: 3, authorities: [soa("dname.example")] }) }]

/** What a real server says, too. */
export const served =
  (zone: Zone): Scene.Script =>
  (asked) => [Scene.served(asked, zone[asked.name] ?? { rcode: 3, authorities: [soa("dname.example")] })]

export const addresses = (records: ReadonlyArray<ResourceRecord.ResourceRecord>) =>
  records.map((record) => (record.data as { readonly address: string }).address)

export const dname = (owner: string, target: string, ttl = 60): ResourceRecord.ResourceRecord =>
  Message.decodeUnsafe(
    Message.encode(
      Message.make({
        answers: [
          {
            name: Name.fromText(owner),
            type: "TYPE39",
            class: "IN",
            ttl,
            data: { octets: Name.fromText(target).octets }
          }
        ]
      })
    )
  ).answers[0]!

export const typed = dname("old.dname.example.", "new.dname.example.").type === ("DNAME" as string)

/** For real servers. */
export const zones = { "dname.example": Scene.zone("old DNAME new\nwww.new A 192.0.2.7") }
