import { execFile } from "node:child_process"
import { createSocket } from "node:dgram"
import { existsSync } from "node:fs"
import { once } from "node:events"
import { promisify } from "node:util"
import { Dig, Edns, Message, Question, RecordText } from "@handoff/dns/wire"
import { assert, describe, it } from "@effect/vitest"
import { vectors } from "./vectors.ts"

const answer = Message.make({
  id: 4_711,
  response: true,
  recursionDesired: true,
  recursionAvailable: true,
  questions: [Question.make("www.example.org", "A")],
  answers: [
    RecordText.parse("www.example.org. 300 IN CNAME a.very.long.name.that.passes.its.column.example.org."),
    RecordText.parse("a.very.long.name.that.passes.its.column.example.org. 86400 IN A 192.0.2.1")
  ],
  authorities: [RecordText.parse("example.org. 172800 IN NS ns.example.org.")],
  edns: Edns.make({ udpPayloadOctets: 4_096, dnssecOk: true })
})

describe("Dig", () => {
  it("prints a message in sections and columns", () => {
    assert.strictEqual(
      Dig.print(answer),
      `;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 4711
;; flags: qr rd ra; QUERY: 1, ANSWER: 2, AUTHORITY: 1, ADDITIONAL: 1

;; OPT PSEUDOSECTION:
; EDNS: version: 0, flags: do; udp: 4096
;; QUESTION SECTION:
;www.example.org.\t\tIN\tA

;; ANSWER SECTION:
www.example.org.\t300\tIN\tCNAME\ta.very.long.name.that.passes.its.column.example.org.
a.very.long.name.that.passes.its.column.example.org. 86400 IN A\t192.0.2.1

;; AUTHORITY SECTION:
example.org.\t\t172800\tIN\tNS\tns.example.org.
`
    )
  })

  it("names the sections of an update as RFC 2136 does", () => {
    const text = Dig.print(
      Message.make({
        opcode: 5,
        questions: [Question.make("example.org", "SOA")],
        authorities: [RecordText.parse("a.example.org. 60 IN A 192.0.2.1")]
      })
    )
    assert.include(text, "opcode: UPDATE")
    assert.include(text, "ZONE: 1, PREREQ: 0, UPDATE: 1")
    assert.include(text, ";; ZONE SECTION:\n;example.org.\t\t\tIN\tSOA\n")
    assert.include(text, ";; UPDATE SECTION:\n")
  })

  const dig = "/usr/bin/dig"
  if (!existsSync(dig)) console.info("dig itself is not asked: it is not installed")

  it.skipIf(!existsSync(dig))(
    "prints what dig prints",
    async () => {
      // BIND 9.18 does not know some types, wants a hash as the owner of an NSEC3, and has another text for a few.
      const unknown = [
        "HHIT",
        "BRID",
        "RESINFO",
        "WALLET",
        "UNSPEC",
        "NXNAME",
        "IPN",
        "CLA",
        "DSYNC",
        "NULL",
        "NSEC3",
        "TSIG"
      ]
      const otherText = ["TKEY", "SVCB", "HTTPS", "LOC", "CERT", "KEY", "CDNSKEY", "WKS", "APL", "ATMA", "NID", "L64"]
      const left = new Set<string>([...unknown, ...otherText])
      const records = vectors
        .filter(({ type, text }) => !left.has(type) && !text.startsWith("128 prefix"))
        .map(({ type, text }, i) => RecordText.parse(`r${i}.example.org. ${i * 1_000} IN ${type} ${text}`))
      const messages = [answer, ...records.map((record) => Message.make({ ...answer, answers: [record] }))]
      const server = createSocket("udp4")
      try {
        server.bind(0, "127.0.0.1")
        await once(server, "listening")
        server.on("message", (query, peer) => {
          const asked = Message.decodeUnsafe(query)
          const index = Number(/^q([0-9]+)\./.exec(asked.questions[0]!.name.toString())?.[1])
          const message = { ...messages[index]!, id: asked.id, questions: asked.questions }
          server.send(Message.encode(message), peer.port, peer.address)
        })
        const theirs = await promisify(execFile)(
          dig,
          // One run for all; no cookie, so that the answers need none.
          ["+nocookie", "+noall", "+answer", "-p", String(server.address().port), "@127.0.0.1"].concat(
            messages.flatMap((_, index) => [`q${index}.example.org`, "A"])
          ),
          { timeout: 30_000 }
        )
        const lines = theirs.stdout.split("\n").filter((line) => line !== "" && !line.startsWith(";"))
        const ours = messages.flatMap((message) => message.answers.map((record) => Dig.printRecord(record)))
        assert.deepEqual(ours, lines)
        const whole = await promisify(execFile)(
          dig,
          ["+nocookie", "+nocmd", "+nostats", "-p", String(server.address().port), "@127.0.0.1", "q0.example.org"],
          { timeout: 30_000 }
        )
        const id = Number(/id: ([0-9]+)/.exec(whole.stdout)![1])
        const expected = Dig.print({ ...answer, id, questions: [Question.make("q0.example.org", "A")] })
        assert.strictEqual(whole.stdout.slice(whole.stdout.indexOf(";; ->>HEADER")).trimEnd(), expected.trimEnd())
      } finally {
        server.close()
      }
    },
    60_000
  )
})
