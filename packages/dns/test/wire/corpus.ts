import { Edns, Message, Name, Question, RecordText } from "@handoff/dns/wire"
import { vectors } from "./vectors.ts"

/** Messages to start fuzzing from: one of each type, questions, flags, EDNS, updates and signatures. */
export const corpus: ReadonlyArray<Uint8Array> = [
  ...vectors.map(({ type, text }) =>
    Message.encode(
      Message.make({
        id: 1,
        response: true,
        questions: [Question.make("a.example.org", "ANY")],
        [type === "TSIG" ? "additionals" : "answers"]: [RecordText.parse(`b.a.example.org. 60 IN ${type} ${text}`)]
      })
    )
  ),
  Message.encode(
    Message.make({
      questions: [Question.make("example.org", "A")],
      edns: Edns.make({
        dnssecOk: true,
        options: [
          { option: "COOKIE", data: { client: new Uint8Array(8), server: new Uint8Array(16) } },
          { option: "ECS", data: { subnet: { family: 1, sourcePrefix: 20, scopePrefix: 0, address: "192.0.2.0" } } },
          { option: "EDE", data: { infoCode: 6, extraText: Uint8Array.from([0x61]) } },
          { option: "CHAIN", data: { trustPoint: Name.fromText("org") } },
          { option: "ZONEVERSION", data: { version: { labels: 1, type: 0, version: new Uint8Array(4) } } },
          { option: "KEY-TAG", data: { tags: [1, 2] } },
          { option: "KEEPALIVE", data: { timeout: 1 } },
          { option: "EXPIRE", data: { seconds: 1 } }
        ]
      })
    })
  ),
  Message.encode(
    Message.make({
      opcode: 5,
      questions: [Question.make("example.org", "SOA")],
      answers: [RecordText.parse(String.raw`a.example.org. 0 ANY A \# 0`)],
      authorities: [
        RecordText.parse("a.example.org. 0 NONE MX 1 b."),
        RecordText.parse(String.raw`a. 0 CH TYPE1 \# 1 00`)
      ]
    })
  )
]
