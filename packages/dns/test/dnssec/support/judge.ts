/** Judges the answers of zones in memory, through messages as they are on the wire. */
import { TrustAnchors, Validator, type ValidatorOptions } from "@handoff/dns/dnssec"
import { handle, type Policy } from "@handoff/dns/server"
import { Edns, Message, Question, type ResourceRecord, Type } from "@handoff/dns/wire"
import { type Zone, ZoneStore } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"

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
