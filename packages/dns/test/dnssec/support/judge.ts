/** Judges the answers of zones in memory, through messages as they are on the wire. */
import { Dnskey, type SigningKey, TrustAnchors, Validator, type ValidatorOptions } from "@handoff/dns/dnssec"
import { handle, type Policy } from "@handoff/dns/server"
import { Edns, Message, Name, Question, type ResourceRecord, Type } from "@handoff/dns/wire"
import { RRset, text, types, type Zone, ZoneStore } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"

/** A zone `example.` that is not signed, with these lines beside what most tests ask for. */
export const exampleZone = (lines = "") =>
  text.zone(
    "example.",
    `$TTL 300
@ SOA ns hostmaster 1 7200 900 1209600 300
@ NS ns
ns A 127.0.0.1
a A 192.0.2.1
m A 192.0.2.2
${lines}`
  )

/** The DS of a zone's key: for the zone above, or as an anchor. */
export const dsOf = (zone: string, key: SigningKey.SigningKey): ResourceRecord.ResourceRecord => {
  const name = Name.fromText(zone)
  return RRset.recordOf({ name, type: types.DS, ttl: 300, rdata: Dnskey.dsRdata(name, key.dnskey) })
}

export const policyOf = (zones: ReadonlyArray<Zone.Zone>): Policy => ({
  zones: new ZoneStore(zones),
  keys: [],
  sig0Keys: [],
  allowTransfer: () => false,
  allowUpdate: () => false,
  onNotify: () => false,
  afterUpdate: (zone) => zone,
  rateLimit: undefined,
  udpPayloadOctets: 4_096,
  // What is to be judged is to be had, bombs included.
  nsec3Iterations: 65_535,
  identity: undefined
})

const peer = { transport: "tcp", address: "127.0.0.1", port: 1 } as const

export const answerOf = (policy: Policy, question: Question.Question): Message.Message => {
  const query = Message.query(question, { id: 1, checkingDisabled: true, edns: Edns.make({ dnssecOk: true }) })
  const [octets] = handle(policy, Message.encode(query), peer, 0)
  return Message.decodeUnsafe(octets!)
}

export const judge = (
  policy: Policy,
  anchors: Iterable<ResourceRecord.ResourceRecord>,
  options: Partial<ValidatorOptions<never, never>> = {}
) => {
  const fetch: ValidatorOptions<never, never>["fetch"] = (name, type) =>
    Effect.sync(() => answerOf(policy, Question.make(name, Type.nameOf(type) as Question.QuestionType)))
  const validator = new Validator({ anchors: new TrustAnchors(anchors), fetch, ...options })
  const validate = (name: string, type: Question.QuestionType) => {
    const question = Question.make(name, type)
    return validator.validate(question, answerOf(policy, question))
  }
  return Object.assign(validate, { validator })
}
