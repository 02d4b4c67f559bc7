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
import type { Cookies } from "./Cookies.ts"
import * as limits from "./limits.ts"
import type { RateLimit } from "./RateLimit.ts"

/** Who asks, and how. */
export interface Peer {
  readonly transport: "udp" | "tcp" | "tls"
  readonly address: string
  readonly port: number
}

/** Who asks: address, way, and the key that signed, if any. */
export interface Requester extends Peer {
  /** The key that signed the request with TSIG; undefined when it was not signed so. */
  readonly key: TsigKey | undefined
  /** The name of the key that signed the request, with TSIG or SIG(0). */
  readonly signer: Name.Name | undefined
}

/** Who may ask what. */
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
  /** Further iterations of NSEC3 up to which denials are made; see `limits`. */
  readonly nsec3Iterations?: number | undefined
  /** What NSID answers (RFC 5001). */
  readonly identity: string | undefined
  /** What a changed zone becomes before it is held: where it is signed again. `now` is in seconds since 1970. */
  readonly afterUpdate: (zone: Zone, before: Zone, now: number) => Zone
  /** Makes and checks cookies (RFC 7873); none are given when it is not there. */
  readonly cookies?: Cookies | undefined
  /** Whether a client that has cookies is told to come again with ours before it is answered over UDP. */
  readonly requireCookies?: boolean | undefined
  /** Milliseconds for which a silent connection is kept: what RFC 7828 tells clients that ask. */
  readonly connectionIdle?: number | undefined
  /** Told of what `allowUpdate`, `afterUpdate` and the like threw: the request is answered SERVFAIL. */
  readonly onDefect?: ((cause: unknown) => void) | undefined
}

/** `now` is in milliseconds. Throws nothing: what goes wrong in the policy is SERVFAIL for that one request. */
export const handle = (policy: Policy, octets: Uint8Array, peer: Peer, now: number): Iterable<Uint8Array> => {
  try {
    const responses = decide(policy, octets, peer, now)
    return Array.isArray(responses) ? responses : guarded(policy, octets, responses)
  } catch (cause) {
    policy.onDefect?.(cause)
    return [headerOnly(octets, Rcode.SERVFAIL)]
  }
}

function* guarded(policy: Policy, octets: Uint8Array, responses: Iterable<Uint8Array>): Generator<Uint8Array> {
  try {
    yield* responses
  } catch (cause) {
    policy.onDefect?.(cause)
    yield headerOnly(octets, Rcode.SERVFAIL)
  }
}

const decide = (policy: Policy, octets: Uint8Array, peer: Peer, now: number): Iterable<Uint8Array> => {
  // A response is never answered: two servers would go on for ever.
  if (octets.length < 12 || (octets[2]! & 0x80) !== 0) return []
  const request = Message.decode(octets)
  if (request instanceof DecodeError) return [headerOnly(octets, Rcode.FORMERR)]
  const time = Math.floor(now / 1_000)
  const found = Tsig.find(octets)
  if (found instanceof Tsig.TsigError) return [headerOnly(octets, Rcode.FORMERR)]
  if (found === undefined) {
    const unsigned = { ...peer, key: undefined, signer: undefined }
    if (policy.sig0Keys.length === 0 || !Sig0.isSigned(octets))
      return respond({ policy, request, requester: unsigned, now })
    const signer = Sig0.verify(octets, policy.sig0Keys, { time })
    if (signer instanceof Sig0.Sig0Error) return [plain({ policy, request, requester: unsigned, now }, Rcode.REFUSED)]
    return respond({ policy, request, requester: { ...unsigned, signer: signer.name }, now })
  }
  const verified = Tsig.verify(octets, policy.keys, { time })
  if (verified instanceof Tsig.TsigError) return [rejectTsig(policy, request, found, verified, time)]
  const requester = { ...peer, key: verified.key, signer: verified.key.name }
  return signAll(respond({ policy, request, requester, now }, tsigRoom(found)), verified, time)
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
  const key = policy.keys.find((candidate) => Tsig.isOf(tsig, candidate))
  // What is wrong with key or MAC is told unsigned; that the time is, or that the MAC is cut, is told by who knows the key (RFC 8945
  // 5.3.2).
  if ((error.reason !== "BadTime" && error.reason !== "BadTruncation") || key === undefined)
    return Tsig.appendError(response, tsig, error.code)
  const signing = { priorMac: tsig.mac, error: error.code }
  if (error.reason === "BadTruncation") return Tsig.sign(response, key, { ...signing, time }).octets
  const other = Buffer.alloc(6)
  other.writeUIntBE(time, 0, 6)
  return Tsig.sign(response, key, { ...signing, time: tsig.time, other }).octets
}

/** A response without its question: of what cannot be read, or answered. */
const headerOnly = (octets: Uint8Array, rcode: number): Uint8Array => {
  const out = new Uint8Array(12)
  out.set(octets.subarray(0, 2))
  out[2] = 0x80 | (octets[2]! & 0x79)
  out[3] = rcode
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

/** A request and what there is to answer it with. */
interface Call {
  readonly policy: Policy
  readonly request: Message.Message
  readonly requester: Requester
  /** Milliseconds. */
  readonly now: number
}

const respond = (call: Call, reserved = 0): Iterable<Uint8Array> => {
  const { policy, request } = call
  if (request.edns !== undefined && request.edns.version !== 0) {
    return [
      Message.encode(
        replyTo(request, { rcode: Rcode.BADVERS, edns: Edns.make({ udpPayloadOctets: policy.udpPayloadOctets }) })
      )
    ]
  }
  switch (request.opcode) {
    case Opcode.QUERY:
      return query(call, reserved)
    case Opcode.UPDATE:
      return [plain(call, applyUpdate(call))]
    case Opcode.NOTIFY:
      return [plain(call, notified(call), { authoritative: true })]
    default:
      return [plain(call, Rcode.NOTIMP)]
  }
}

const plain = (call: Call, rcode: number, fields: Partial<Message.Message> = {}): Uint8Array =>
  padded(call, replyTo(call.request, { rcode, edns: ednsOf(call), ...fields }), Message.encode)

const ednsOf = ({ policy, request, requester, now }: Call): Edns.Edns | undefined => {
  if (request.edns === undefined) return undefined
  const options: Array<Edns.EdnsOption> = []
  for (const { option, data } of request.edns.options) {
    if (option === "NSID" && policy.identity !== undefined) {
      options.push({ option: "OPT3", data: { octets: new Uint8Array(Buffer.from(policy.identity)) } })
    } else if (option === "COOKIE" && policy.cookies !== undefined) {
      options.push({ option, data: policy.cookies.answer(data, requester.address, Math.floor(now / 1_000)) })
    } else if (option === "KEEPALIVE" && requester.transport !== "udp" && policy.connectionIdle !== undefined) {
      // Tenths of a second (RFC 7828 3.1).
      options.push({ option, data: { timeout: Math.min(0xffff, Math.floor(policy.connectionIdle / 100)) } })
    }
  }
  return Edns.make({ udpPayloadOctets: policy.udpPayloadOctets, dnssecOk: request.edns.dnssecOk, options })
}

/** Encodes, over TLS in octets of a multiple of `limits.padding` for who pads its queries: what is asked shows in lengths, too. */
const padded = (
  { request, requester }: Call,
  message: Message.Message,
  encode: (message: Message.Message) => Uint8Array
): Uint8Array => {
  const { edns } = message
  if (edns === undefined || requester.transport !== "tls" || Edns.find(request.edns, "PADDING") === undefined) {
    return encode(message)
  }
  const withPadding = (octets: number) =>
    encode({
      ...message,
      edns: { ...edns, options: [...edns.options, { option: "PADDING", data: { octets: new Uint8Array(octets) } }] }
    })
  const bare = withPadding(0).length
  return withPadding((limits.padding - (bare % limits.padding)) % limits.padding)
}

/** Whether the client has shown that it gets what is sent to its address. */
const isShown = ({ policy, request, requester, now }: Call): boolean => {
  const cookie = Edns.find(request.edns, "COOKIE")
  return cookie !== undefined && policy.cookies?.holds(cookie, requester.address, Math.floor(now / 1_000)) === true
}

const query = (call: Call, reserved: number): Iterable<Uint8Array> => {
  const { policy, request, requester } = call
  const question = request.questions[0]
  const udp = requester.transport === "udp"
  const cookie = policy.cookies === undefined ? undefined : Edns.find(request.edns, "COOKIE")
  if (cookie !== undefined) {
    // A question about nothing but the cookie (RFC 7873 5.4).
    if (question === undefined) return [plain(call, Rcode.NOERROR)]
    if (udp && policy.requireCookies === true && !isShown(call)) return [plain(call, Rcode.BADCOOKIE)]
  }
  if (request.questions.length !== 1 || question === undefined) return [plain(call, Rcode.FORMERR)]
  const type = RRset.codeOf(question.type)
  if (type === types.AXFR || type === types.IXFR) return transfer(call, question, type, reserved)
  // Pseudo types cannot be asked for (RFC 6895 3.1).
  if (type === types.OPT || type === types.TSIG || type === types.TKEY) return [plain(call, Rcode.FORMERR)]
  const zone = policy.zones.forQuestion(question.name, type)
  if (zone === undefined && policy.zones.isFailed(question.name)) return [plain(call, Rcode.SERVFAIL)]
  if (zone === undefined || (question.class !== zone.class && question.class !== "ANY")) {
    return limited(call, "refused", (fields) => plain(call, Rcode.REFUSED, fields))
  }
  const dnssecOk = request.edns?.dnssecOk === true
  const found = answer(zone, question, { dnssecOk, minimalAny: udp, nsec3Iterations: policy.nsec3Iterations })
  const maxOctets = udp ? maxUdpOctets(policy, request) - reserved : 65_535 - reserved
  const encode = () =>
    padded(call, replyTo(request, { ...sections(found), edns: ednsOf(call) }), (message) =>
      encodeAnswer(message, found, maxOctets)
    )
  if (!udp || policy.rateLimit === undefined) return [encode()]
  return limited(call, kindOf(found, zone, question), (fields) =>
    fields === undefined ? encode() : plain(call, found.rcode, fields)
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
  call: Call,
  kind: string,
  encode: (fields?: Partial<Message.Message>) => Uint8Array
): Iterable<Uint8Array> => {
  const { policy, requester, now } = call
  // Nobody's address was forged where the cookie holds (RFC 7873 5.2.4).
  if (requester.transport !== "udp" || policy.rateLimit === undefined || isShown(call)) return [encode()]
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

const transfer = (call: Call, question: Question.Question, type: number, reserved: number): Iterable<Uint8Array> => {
  const { policy, request, requester } = call
  const zone = policy.zones.get(question.name)
  if (zone === undefined || question.class !== zone.class) return [plain(call, Rcode.NOTAUTH)]
  if (!policy.allowTransfer(zone, requester)) return [plain(call, Rcode.REFUSED)]
  const udp = requester.transport === "udp"
  const heading = { id: request.id, question }
  // AXFR over UDP is not defined (RFC 5936 4.2).
  if (type === types.AXFR) return udp ? [plain(call, Rcode.FORMERR)] : encodeAll(call, outgoing.axfr(zone, heading))
  const soa = request.authorities.find((record): record is ResourceRecord.Of<"SOA"> => record.type === "SOA")
  if (soa === undefined) return [plain(call, Rcode.FORMERR)]
  const options = { serial: soa.data.serial, diffs: policy.zones.since(zone.origin, soa.data.serial) }
  if (!udp) return encodeAll(call, outgoing.ixfr(zone, heading, options))
  const edns = ednsOf(call)
  const withEdns = (message: Message.Message) => Message.encode({ ...message, edns })
  const bare = Message.make({})
  const room = reserved + withEdns(bare).length - Message.encode(bare).length
  const maxOctets = maxUdpOctets(policy, request) - room
  return [withEdns(outgoing.ixfrOverUdp(zone, heading, { ...options, maxOctets }))]
}

/** Who asks with EDNS is answered with it, in the first message (RFC 6891 6.1.1, RFC 5936 2.2.5). */
function* encodeAll(call: Call, messages: Iterable<Message.Message>): Generator<Uint8Array> {
  let edns = ednsOf(call)
  for (const message of messages) {
    yield Message.encode(edns === undefined ? message : { ...message, edns })
    edns = undefined
  }
}

const applyUpdate = ({ policy, request, requester, now }: Call): number => {
  const asked = request.questions[0]
  if (asked === undefined) return Rcode.FORMERR
  const zone = policy.zones.get(asked.name)
  if (zone === undefined) return Rcode.NOTAUTH
  if (!policy.allowUpdate(zone, requester)) return Rcode.REFUSED
  const outcome = update.apply(zone, request)
  if (outcome.changed !== undefined) {
    const after = policy.afterUpdate(outcome.changed.zone, zone, Math.floor(now / 1_000))
    policy.zones.put(after, after === outcome.changed.zone ? outcome.changed.diff : undefined)
  }
  return outcome.rcode
}

const notified = ({ policy, request, requester }: Call): number => {
  const asked = request.questions[0]
  if (asked === undefined || asked.type !== "SOA") return Rcode.FORMERR
  const zone = policy.zones.get(asked.name)
  if (zone === undefined) return Rcode.NOTAUTH
  const soa = request.answers.find((record) => record.type === "SOA")
  const serial = soa === undefined ? undefined : soaData(RRset.make([soa])).serial
  return policy.onNotify(zone, serial, requester) ? Rcode.NOERROR : Rcode.REFUSED
}
