/**
 * One request to its responses: no sockets, no clock of its own. Most requests have one response; a transfer has many,
 * which are made as they are taken; what must not be answered has none.
 */
import { DecodeError, Edns, Message, Name, Opcode, type Question, Rcode, type ResourceRecord } from "../wire/index.ts"
import * as outgoing from "../transfer/outgoing.ts"
import * as update from "../update/apply.ts"
import * as Sig0 from "../update/Sig0.ts"
import * as Tsig from "../update/Tsig.ts"
import type { TsigKey } from "../update/TsigKey.ts"
import * as RRset from "../zone/RRset.ts"
import * as types from "../zone/types.ts"
import { soaData, type Zone } from "../zone/Zone.ts"
import type { ZoneStore } from "../zone/ZoneStore.ts"
import { answer, type Answer } from "./answer.ts"
import type { RateLimit } from "./RateLimit.ts"

/** Who asks, and how. */
export interface Peer {
  readonly transport: "udp" | "tcp" | "tls"
  readonly address: string
  readonly port: number
}

export interface Requester extends Peer {
  /** The key that signed the request with TSIG; undefined when it was not signed so. */
  readonly key: TsigKey | undefined
  /** The name of the key that signed the request, with TSIG or SIG(0). */
  readonly signer: Name.Name | undefined
}

export interface Policy {
  readonly zones: ZoneStore
  readonly keys: ReadonlyArray<TsigKey>
  readonly sig0Keys: ReadonlyArray<Sig0.Sig0Key>
  readonly allowTransfer: (zone: Zone, requester: Requester) => boolean
  readonly allowUpdate: (zone: Zone, requester: Requester) => boolean
  /** Called for a NOTIFY about a zone that is held; whether it is acknowledged. */
  readonly onNotify: (zone: Zone, serial: number | undefined, requester: Requester) => boolean
  readonly rateLimit: RateLimit | undefined
  readonly udpPayloadOctets: number
  /** What NSID answers (RFC 5001). */
  readonly identity: string | undefined
  /** What a changed zone becomes before it is held: where it is signed again. */
  readonly afterUpdate: (zone: Zone) => Zone
}

/** `now` is in milliseconds. */
export const handle = (policy: Policy, octets: Uint8Array, peer: Peer, now: number): Iterable<Uint8Array> => {
  // A response is never answered: two servers would go on for ever.
  if (octets.length < 12 || (octets[2]! & 0x80) !== 0) return []
  const request = Message.decode(octets)
  if (request instanceof DecodeError) return [formatError(octets)]
  const time = Math.floor(now / 1_000)
  const found = Tsig.find(octets)
  if (found instanceof Tsig.TsigError) return [formatError(octets)]
  if (found === undefined) {
    const unsigned = { ...peer, key: undefined, signer: undefined }
    if (policy.sig0Keys.length === 0 || !Sig0.isSigned(octets)) return respond(policy, request, unsigned, now)
    const signer = Sig0.verify(octets, policy.sig0Keys, { time })
    if (signer instanceof Sig0.Sig0Error) return [plain(policy, request, Rcode.REFUSED)]
    return respond(policy, request, { ...unsigned, signer: signer.name }, now)
  }
  const verified = Tsig.verify(octets, policy.keys, { time })
  if (verified instanceof Tsig.TsigError) return [rejectTsig(policy, request, found, verified, time)]
  return signAll(
    respond(policy, request, { ...peer, key: verified.key, signer: verified.key.name }, now, tsigRoom(found)),
    verified,
    time
  )
}

/** Octets that the TSIG of a response takes: as many as that of the request. */
const tsigRoom = (tsig: Tsig.Tsig): number =>
  tsig.name.octets.length + tsig.algorithm.octets.length + 26 + tsig.mac.length

function* signAll(
  responses: Iterable<Uint8Array>,
  request: { readonly tsig: Tsig.Tsig; readonly key: TsigKey },
  time: number
): Generator<Uint8Array> {
  const stream = new Tsig.Stream(request.key, request.tsig.mac)
  for (const response of responses) yield stream.sign(response, time)
}

const rejectTsig = (
  policy: Policy,
  request: Message.Message,
  tsig: Tsig.Tsig,
  error: Tsig.TsigError,
  time: number
): Uint8Array => {
  const rcode = error.reason === "Format" || error.reason === "Peer" ? Rcode.FORMERR : Rcode.NOTAUTH
  const response = Message.encode(replyTo(request, { rcode }))
  if (error.reason === "Format" || error.reason === "Peer") return response
  const key = policy.keys.find((candidate) => Name.equals(candidate.name, tsig.name))
  if (error.reason !== "BadTime" || key === undefined) return Tsig.appendError(response, tsig, error.code)
  const other = Buffer.alloc(6)
  other.writeUIntBE(time, 0, 6)
  return Tsig.sign(response, key, { time: tsig.time, priorMac: tsig.mac, error: error.code, other }).octets
}

const formatError = (octets: Uint8Array): Uint8Array => {
  const out = new Uint8Array(12)
  out.set(octets.subarray(0, 2))
  out[2] = 0x80 | (octets[2]! & 0x79)
  out[3] = Rcode.FORMERR
  return out
}

const replyTo = (request: Message.Message, fields: Partial<Message.Message>): Message.Message =>
  Message.make({
    id: request.id,
    response: true,
    opcode: request.opcode,
    recursionDesired: request.recursionDesired,
    checkingDisabled: request.checkingDisabled,
    questions: request.questions,
    ...fields
  })

const respond = (
  policy: Policy,
  request: Message.Message,
  requester: Requester,
  now: number,
  reserved = 0
): Iterable<Uint8Array> => {
  if (request.edns !== undefined && request.edns.version !== 0) {
    return [
      Message.encode(
        replyTo(request, { rcode: Rcode.BADVERS, edns: Edns.make({ udpPayloadOctets: policy.udpPayloadOctets }) })
      )
    ]
  }
  switch (request.opcode) {
    case Opcode.QUERY:
      return query(policy, request, requester, now, reserved)
    case Opcode.UPDATE:
      return [plain(policy, request, applyUpdate(policy, request, requester))]
    case Opcode.NOTIFY:
      return [plain(policy, request, notified(policy, request, requester), { authoritative: true })]
    default:
      return [plain(policy, request, Rcode.NOTIMP)]
  }
}

const plain = (
  policy: Policy,
  request: Message.Message,
  rcode: number,
  fields: Partial<Message.Message> = {}
): Uint8Array => Message.encode(replyTo(request, { rcode, edns: ednsOf(policy, request), ...fields }))

const ednsOf = (policy: Policy, request: Message.Message): Edns.Edns | undefined => {
  if (request.edns === undefined) return undefined
  const wanted = policy.identity !== undefined && request.edns.options.some(({ option }) => Edns.codeOf(option) === 3)
  return Edns.make({
    udpPayloadOctets: policy.udpPayloadOctets,
    dnssecOk: request.edns.dnssecOk,
    options: wanted ? [{ option: "OPT3", data: { octets: new Uint8Array(Buffer.from(policy.identity)) } }] : []
  })
}

const query = (
  policy: Policy,
  request: Message.Message,
  requester: Requester,
  now: number,
  reserved: number
): Iterable<Uint8Array> => {
  const question = request.questions[0]
  if (request.questions.length !== 1 || question === undefined) return [plain(policy, request, Rcode.FORMERR)]
  const type = RRset.codeOf(question.type)
  if (type === types.AXFR || type === types.IXFR) return transfer(policy, request, requester, question, type)
  // Pseudo types cannot be asked for (RFC 6895 3.1).
  if (type === types.OPT || type === types.TSIG || type === types.TKEY) return [plain(policy, request, Rcode.FORMERR)]
  const zone = policy.zones.forQuestion(question.name, type)
  if (zone === undefined || (question.class !== zone.class && question.class !== "ANY")) {
    return limited(policy, requester, "refused", now, (fields) => plain(policy, request, Rcode.REFUSED, fields))
  }
  const udp = requester.transport === "udp"
  const dnssecOk = request.edns?.dnssecOk === true
  const found = answer(zone, question, { dnssecOk, minimalAny: udp })
  const maxOctets = udp ? maxUdpOctets(policy, request) - reserved : 65_535 - reserved
  const encode = () =>
    encodeAnswer(replyTo(request, { ...sections(found), edns: ednsOf(policy, request) }), found, maxOctets)
  if (!udp || policy.rateLimit === undefined) return [encode()]
  return limited(policy, requester, kindOf(found, zone, question), now, (fields) =>
    fields === undefined ? encode() : plain(policy, request, found.rcode, fields)
  )
}

const sections = ({ rcode, authoritative, answers, authorities, additionals }: Answer): Partial<Message.Message> => ({
  rcode,
  authoritative,
  answers,
  authorities,
  additionals
})

const maxUdpOctets = (policy: Policy, request: Message.Message): number =>
  Math.max(512, Math.min(request.edns?.udpPayloadOctets ?? 512, policy.udpPayloadOctets))

/** Encodes; when glue that a referral needs was left out, the message says that it is truncated (RFC 9471 3.1). */
const encodeAnswer = (message: Message.Message, { requiredGlue }: Answer, maxOctets: number): Uint8Array => {
  const octets = Message.encode(message, { maxOctets })
  const additionals = ((octets[10]! << 8) | octets[11]!) - (message.edns === undefined ? 0 : 1)
  if (additionals < requiredGlue) octets[2]! |= 0x02
  return octets
}

const limited = (
  policy: Policy,
  requester: Requester,
  kind: string,
  now: number,
  encode: (fields?: Partial<Message.Message>) => Uint8Array
): Iterable<Uint8Array> => {
  if (requester.transport !== "udp" || policy.rateLimit === undefined) return [encode()]
  switch (policy.rateLimit.check(requester.address, kind, now)) {
    case "send":
      return [encode()]
    case "truncate":
      return [encode({ truncated: true })]
    case "drop":
      return []
  }
}

/** What answers are equal by: denials and referrals by the zone or cut, so that random names share a bucket. */
const kindOf = (found: Answer, zone: Zone, question: Question.Question): string => {
  if (found.rcode !== Rcode.NOERROR) return `${found.rcode} ${zone.originKey}`
  const referred = found.answers.length === 0 ? found.authorities[0] : undefined
  return `0 ${Name.key(referred?.name ?? question.name)} ${found.answers.length === 0 ? "" : question.type}`
}

const transfer = (
  policy: Policy,
  request: Message.Message,
  requester: Requester,
  question: Question.Question,
  type: number
): Iterable<Uint8Array> => {
  const zone = policy.zones.get(question.name)
  if (zone === undefined) return [plain(policy, request, Rcode.NOTAUTH)]
  if (!policy.allowTransfer(zone, requester)) return [plain(policy, request, Rcode.REFUSED)]
  const udp = requester.transport === "udp"
  const heading = { id: request.id, question }
  // AXFR over UDP is not defined (RFC 5936 4.2).
  if (type === types.AXFR)
    return udp ? [plain(policy, request, Rcode.FORMERR)] : encodeAll(outgoing.axfr(zone, heading))
  const soa = request.authorities.find((record): record is ResourceRecord.Of<"SOA"> => record.type === "SOA")
  if (soa === undefined) return [plain(policy, request, Rcode.FORMERR)]
  const options = { serial: soa.data.serial, diffs: policy.zones.since(zone.origin, soa.data.serial) }
  if (!udp) return encodeAll(outgoing.ixfr(zone, heading, options))
  const maxOctets = maxUdpOctets(policy, request)
  return [Message.encode(outgoing.ixfrOverUdp(zone, heading, { ...options, maxOctets }))]
}

function* encodeAll(messages: Iterable<Message.Message>): Generator<Uint8Array> {
  for (const message of messages) yield Message.encode(message)
}

const applyUpdate = (policy: Policy, request: Message.Message, requester: Requester): number => {
  const asked = request.questions[0]
  if (asked === undefined) return Rcode.FORMERR
  const zone = policy.zones.get(asked.name)
  if (zone === undefined) return Rcode.NOTAUTH
  if (!policy.allowUpdate(zone, requester)) return Rcode.REFUSED
  const outcome = update.apply(zone, request)
  if (outcome.changed !== undefined) {
    const after = policy.afterUpdate(outcome.changed.zone)
    policy.zones.put(after, after === outcome.changed.zone ? outcome.changed.diff : undefined)
  }
  return outcome.rcode
}

const notified = (policy: Policy, request: Message.Message, requester: Requester): number => {
  const asked = request.questions[0]
  if (asked === undefined || asked.type !== "SOA") return Rcode.FORMERR
  const zone = policy.zones.get(asked.name)
  if (zone === undefined) return Rcode.NOTAUTH
  const soa = request.answers.find((record) => record.type === "SOA")
  const serial = soa === undefined ? undefined : soaData(RRset.make([soa])).serial
  return policy.onNotify(zone, serial, requester) ? Rcode.NOERROR : Rcode.REFUSED
}
