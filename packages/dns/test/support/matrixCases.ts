/** The twelve cases of the behaviour matrix, for whoever is put through them. */
import { Message } from "@handoff/dns/wire"
import * as ScriptedServer from "./ScriptedServer.ts"

const { a, asked, cname, reply, soa, typeOf } = ScriptedServer

export interface Case {
  readonly name: string
  readonly first: ScriptedServer.Script
  /** Default: there is one server only. */
  readonly second?: ScriptedServer.Script
  readonly host?: string
  /** What a resolver should say: addresses, or that there are none and why. */
  readonly right: (outcome: string) => boolean
}

const good = "192.0.2.1"
const forged = "192.0.2.66"
export const host = "owner.test.example"

const fine: ScriptedServer.Script = (heard) =>
  typeOf(heard) === "A"
    ? [reply(heard, { answers: [a(asked(heard), good)] })]
    : [reply(heard, { authorities: [soa("example")] })]

const rcode =
  (rcode: number): ScriptedServer.Script =>
  (heard) => [reply(heard, { rcode })]

const isGood = (outcome: string): boolean => outcome === good
const isError = (outcome: string): boolean => outcome.startsWith("E")

export const cases: ReadonlyArray<Case> = [
  { name: "server 1 SERVFAIL, server 2 fine", first: rcode(2), second: fine, right: isGood },
  { name: "server 1 REFUSED", first: rcode(5), second: fine, right: isGood },
  { name: "server 1 FORMERR", first: rcode(1), second: fine, right: isGood },
  { name: "server 1 silent", first: () => [], second: fine, right: isGood },
  {
    name: "wrong id first, then right",
    first: (heard) => [reply(heard, { id: heard.message.id ^ 1, answers: [a(asked(heard), forged)] }), ...fine(heard)],
    right: isGood
  },
  {
    name: "right id, wrong question, then right",
    first: (heard) => [
      reply(heard, {
        questions: [{ ...heard.message.questions[0]!, name: a("other.test.example", good).name }],
        answers: [a("other.test.example", forged)]
      }),
      ...fine(heard)
    ],
    right: isGood
  },
  {
    name: "extra A of another name in answer",
    first: (heard) =>
      typeOf(heard) === "A"
        ? [reply(heard, { answers: [a(asked(heard), good), a("victim.test.example", forged)] })]
        : fine(heard),
    right: isGood
  },
  {
    name: "only A of another name",
    first: (heard) => [reply(heard, { answers: [a("other.test.example", forged)] })],
    right: isError
  },
  {
    name: "truncated datagram, then right",
    first: (heard) => {
      const octets = Message.encode(fine(heard)[0] as Message.Message)
      return [octets.subarray(0, octets.length - 7), octets]
    },
    right: isGood
  },
  {
    name: "CNAME loop",
    first: (heard) => [reply(heard, { answers: [cname(host, "b.test.example"), cname("b.test.example", host)] })],
    right: isError
  },
  {
    name: "CNAME without target",
    first: (heard) =>
      asked(heard) === host
        ? [reply(heard, { answers: [cname(host, "gone.test.example")] })]
        : [reply(heard, { rcode: 3, authorities: [soa("example")] })],
    right: isError
  },
  {
    name: "localhost",
    first: fine,
    host: "localhost",
    right: (outcome) => outcome === "127.0.0.1"
  }
]
