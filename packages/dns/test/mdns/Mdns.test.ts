import { createSocket, type RemoteInfo } from "node:dgram"
import { assert, describe, it } from "@effect/vitest"
import { browse, query } from "@handoff/dns/mdns"
import { Message, Name, type Question, ZoneFile } from "@handoff/dns/wire"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

const records = ZoneFile.parse(`
printer.local. 120 A 192.0.2.1
printer.local. 120 AAAA 2001:db8::1
_ipp._tcp.local. 4500 PTR Office\\032printer._ipp._tcp.local.
_ipp._tcp.local. 4500 PTR Second._ipp._tcp.local.
Office\\032printer._ipp._tcp.local. 120 SRV 0 0 631 printer.local.
Office\\032printer._ipp._tcp.local. 4500 TXT "rp=ipp" "ty=Laser"
Second._ipp._tcp.local. 120 SRV 0 0 632 printer.local.
printer.local. 120 NSEC printer.local. A AAAA
`)
if (records instanceof Error) throw records

interface Heard {
  readonly question: Question.Question
  readonly known: number
}

/** A responder on loopback; `along` is what it adds to answers. What it hears is kept. */
const responder = (options: { readonly along: boolean; readonly answers?: (octets: Uint8Array) => Uint8Array }) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly heard: Array<Heard>; readonly close: () => void }, Error>(
      (resume) => {
        const socket = createSocket({ type: "udp4", reuseAddr: true })
        const heard: Array<Heard> = []
        socket.on("error", (error) => resume(Effect.fail(error)))
        socket.on("message", (octets, from: RemoteInfo) => {
          const asked = Message.decodeUnsafe(octets)
          const question = asked.questions[0]!
          heard.push({ question, known: asked.answers.length })
          const answers = records.filter(({ name, type }) =>
            asked.questions.some((one) => Name.equals(name, one.name) && type === one.type)
          )
          if (answers.length === 0) {
            // What the name has instead (RFC 6762 6.1).
            answers.push(...records.filter(({ name, type }) => Name.equals(name, question.name) && type === "NSEC"))
          }
          if (answers.length === 0) return
          const response = Message.encode(
            Message.make({ response: true, authoritative: true, answers, additionals: options.along ? records : [] })
          )
          socket.send(options.answers?.(response) ?? response, from.port, from.address)
        })
        socket.bind(0, () => {
          socket.addMembership("224.0.0.251", "127.0.0.1")
          resume(Effect.succeed({ port: socket.address().port, heard, close: () => socket.close() }))
        })
      }
    ),
    ({ close }) => Effect.sync(close)
  )

const on = { interface: "127.0.0.1", wait: 300 } as const

describe("multicast DNS", () => {
  it.live("the first answer for a name ends the wait, and the question wishes for unicast", () =>
    Effect.gen(function* () {
      const { port, heard } = yield* responder({ along: false })
      const { answers } = yield* query("printer.local.", "A", { ...on, port, wait: 5_000 })
      assert.deepStrictEqual(
        answers.map(({ data }) => data),
        [{ address: "192.0.2.1" }]
      )
      assert.strictEqual(heard[0]!.question.class, "CLASS32769")
    })
  )
  it.live("records with the cache-flush bit are read as what they are", () =>
    Effect.gen(function* () {
      const { port } = yield* responder({
        along: false,
        // The class of the only record, after the header, its name and its type.
        answers: (octets) => octets.with(12 + 15 + 2, 0x80)
      })
      const { answers } = yield* query("printer.local.", "A", { ...on, port, wait: 5_000 })
      assert.deepStrictEqual(
        answers.map(({ class: cls, type }) => [cls, type]),
        [["IN", "A"]]
      )
    })
  )
  it.live("services are found with where they are, whether it came along or is asked for", () =>
    Effect.gen(function* () {
      for (const along of [true, false]) {
        const { port } = yield* responder({ along })
        const services = yield* browse("_ipp._tcp.local.", { ...on, port })
        assert.strictEqual(services.length, 2)
        const office = services.find(({ instance }) => Name.toText(instance).startsWith("Office"))!
        assert.strictEqual(office.port, 631)
        assert.include(office.addresses, "192.0.2.1")
        assert.deepStrictEqual(office.text, ["rp=ipp", "ty=Laser"])
      }
    })
  )
  it.live(
    "a question is asked again after a second, without the answers that are known, which Avahi would not take",
    () =>
      Effect.gen(function* () {
        const { port, heard } = yield* responder({ along: false })
        const { answers } = yield* query("_ipp._tcp.local.", "PTR", { ...on, port, wait: 1_200 })
        assert.deepStrictEqual([answers.length, heard.map(({ known }) => known)], [2, [0, 0]])
      })
  )
  it.live("a host that says that it has no such record is an empty answer, at once", () =>
    Effect.gen(function* () {
      const { port, heard } = yield* responder({ along: false })
      const { answers } = yield* query("printer.local.", "MX", { ...on, port, wait: 60_000 })
      assert.deepStrictEqual([answers, heard.length], [[], 1])
    })
  )
  it.live("an interface that is not there, and a wait that is out of bounds, are refused", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(query("printer.local.", "A", { interface: "nowhere0" }))
      assert.include(error.message, "no interface nowhere0")
      const exit = yield* Effect.exit(query("printer.local.", "A", { ...on, wait: 0 }))
      assert.isTrue(exit._tag === "Failure" && Cause.hasDies(exit.cause))
    })
  )
  it.live("nobody answering is an empty answer, after the time", () =>
    Effect.gen(function* () {
      const { port } = yield* responder({ along: false })
      assert.deepStrictEqual(yield* query("nobody.local.", "A", { ...on, port, wait: 100 }), {
        answers: [],
        additionals: []
      })
    })
  )
  it.live("an answer from another port than the group's is none", () =>
    Effect.gen(function* () {
      const bound = (socket: ReturnType<typeof createSocket>) =>
        Effect.acquireRelease(
          Effect.callback<number>((resume) => {
            socket.bind(0, () => resume(Effect.sync(() => socket.address().port)))
          }),
          () => Effect.sync(() => socket.close())
        )
      const liar = createSocket("udp4")
      yield* bound(liar)
      const listener = createSocket("udp4")
      const port = yield* bound(listener)
      listener.addMembership("224.0.0.251", "127.0.0.1")
      const response = Message.encode(Message.make({ response: true, answers: [records[0]!] }))
      let heard = 0
      listener.on("message", (_, from) => {
        heard++
        liar.send(response, from.port, from.address)
      })
      assert.deepStrictEqual((yield* query("printer.local.", "A", { ...on, port })).answers, [])
      assert.isAbove(heard, 0)
    })
  )
})
