import { Message } from "@handoff/dns/wire"
import * as Scene from "../../support/Scene.ts"
import { a } from "../../support/ScriptedServer.ts"

export const forged = "203.0.113.66"
export const truth: Scene.Script = (asked) => [Scene.served(asked, { answers: [a(asked.name, "192.0.2.7")] }, 20)]
export const fake = (asked: Scene.Asked, fields: Partial<Message.Message> = {}): Message.Message =>
  Scene.reply(asked, { answers: [a(asked.name, forged)], ...fields })
export const cookie = (client: Uint8Array, server: Uint8Array) => ({
  udpPayloadOctets: 1232,
  version: 0,
  dnssecOk: false,
  reservedFlags: 0,
  options: [{ option: "COOKIE", data: { client, server } } as const]
})
export const ours = (asked: Scene.Asked): Uint8Array =>
  (asked.message.edns!.options[0]!.data as { readonly client: Uint8Array }).client
export const serverCookie = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
export const withCookie: Scene.Script = (asked) => [
  {
    after: 20,
    message: Scene.reply(asked, {
      answers: [a(asked.name, "192.0.2.7", 0)],
      edns: cookie(ours(asked), serverCookie)
    })
  }
]

export const upsideDown = (octets: Uint8Array): Uint8Array => {
  const other = Uint8Array.from(octets)
  for (let i = 13; other[i] !== 0; i++) {
    const lower = other[i]! | 0x20
    if (lower >= 0x61 && lower <= 0x7a) other[i]! ^= 0x20
  }
  return other
}

export const forgeries: ReadonlyArray<readonly [string, (asked: Scene.Asked) => ReadonlyArray<Scene.Sent>]> = [
  ["another id", (asked) => [{ message: fake(asked, { id: asked.message.id ^ 0x55 }) }]],
  [
    "another name in the question",
    (asked) => [
      {
        message: fake(asked, {
          questions: [{ ...asked.message.questions[0]!, name: a("other.forgery.example", forged).name }]
        })
      }
    ]
  ],
  [
    "another name of the same length in the question",
    (asked) => {
      const octets = Message.encode(fake(asked))
      octets[13] = octets[13]! ^ 0x01
      return [{ octets }]
    }
  ],
  [
    "another type in the question",
    (asked) => [{ message: fake(asked, { questions: [{ ...asked.message.questions[0]!, type: "TXT" }] }) }]
  ],
  ["no question", (asked) => [{ message: fake(asked, { questions: [] }) }]],
  [
    "two questions",
    (asked) => [{ message: fake(asked, { questions: [asked.message.questions[0]!, asked.message.questions[0]!] }) }]
  ],
  ["a query instead of a response", (asked) => [{ message: fake(asked, { response: false }) }]],
  ["another opcode", (asked) => [{ message: fake(asked, { opcode: 4 }) }]],
  [
    "a cookie that is not ours",
    (asked) => [{ message: fake(asked, { edns: cookie(new Uint8Array(8), serverCookie) }) }]
  ],
  [
    "garbage behind the right header",
    (asked) => [{ octets: Uint8Array.from([...Message.encode(fake(asked)).subarray(0, 30), 255, 255, 255]) }]
  ],
  ["a header alone", (asked) => [{ octets: Message.encode(fake(asked)).subarray(0, 12) }]],
  ["less than a header", (asked) => [{ octets: Message.encode(fake(asked)).subarray(0, 7) }]],
  ["nothing", () => [{ octets: new Uint8Array(0) }]],
  [
    "a flood of a thousand with random ids",
    (asked) =>
      Array.from({ length: 1_000 }, (_, i) => ({ message: fake(asked, { id: (asked.message.id + 1 + i) & 0xffff }) }))
  ]
]

/** For real servers. */
export const zones = { "forgery.example": Scene.zone("* A 192.0.2.7") }
