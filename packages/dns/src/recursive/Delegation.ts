/**
 * A zone and who serves it, as the zone above says. What a reply makes of it is decided here, without I/O: only what the
 * answering zone may speak of counts (bailiwick, RFC 5452 6).
 */
import * as resolverLimits from "../limits.ts"
import * as Reply from "../Reply.ts"
import { type Message, Name, Rcode, type ResourceRecord, Type } from "../wire/index.ts"
import { keyOf, parentKey } from "../zone/canonical.ts"
import * as RRset from "../zone/RRset.ts"
import * as types from "../zone/types.ts"
import * as limits from "./limits.ts"

/** A name server with its addresses. */
export interface Server {
  readonly name: Name.Name
  /** Those that came as glue; none when they must be looked up. */
  readonly addresses: ReadonlyArray<string>
}

/** A zone's name servers, and where they are. */
export interface Delegation {
  readonly zone: Name.Name
  readonly servers: ReadonlyArray<Server>
  /** Milliseconds of the clock. */
  readonly until: number
}

/** What a reply of a zone's server to a question means for the way down. */
export type Step =
  | { readonly kind: "referral"; readonly to: Delegation }
  /** An answer, or that there is none, with what the zone may say and nothing else. */
  | {
      readonly kind: "answer"
      readonly message: Message.Message
      /** Who serves the zone by its own word, when that was the question and the servers' addresses came along. */
      readonly apex?: Delegation
    }
  /** The server is of no use for this zone; `detail` says why. */
  | { readonly kind: "lame"; readonly detail: string }

/** The delegation in a referral. */
export const read = (
  message: Message.Message,
  asked: { readonly zone: Name.Name; readonly name: Name.Name; readonly type: number; readonly now: number }
): Step => {
  const { rcode } = message
  if (rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN && rcode !== Rcode.YXDOMAIN) {
    return { kind: "lame", detail: Rcode.nameOf(rcode) }
  }
  const scrubbed = scrub(message, asked)
  if (scrubbed.answers.length > 0 || rcode !== Rcode.NOERROR) {
    // An answer from elsewhere's cache is no answer of the zone.
    if (!message.authoritative) return { kind: "lame", detail: "answers without authority" }
    if (asked.type !== types.NS || !Name.equals(asked.name, asked.zone)) return { kind: "answer", message: scrubbed }
    const apex = delegationOf(scrubbed.answers, message.additionals, asked.zone, asked)
    const reachable = apex.servers.some(({ addresses }) => addresses.length > 0)
    return reachable ? { kind: "answer", message: scrubbed, apex } : { kind: "answer", message: scrubbed }
  }
  const denied = scrubbed.authorities.find(({ type }) => type === "SOA")
  if (
    asked.type === types.DS &&
    scrubbed.answers.length === 0 &&
    denied !== undefined &&
    Name.equals(denied.name, asked.name)
  ) {
    // The child's side of a cut knows nothing of its DS (RFC 4035 3.1.4.1).
    return { kind: "lame", detail: "answers for the child" }
  }
  const referred = scrubbed.authorities.find(({ type }) => type === "NS")
  if (referred !== undefined && denied === undefined) {
    const cut = referred.name
    const below = cut.octets.length > asked.zone.octets.length && Name.isSubdomainOf(asked.name, cut)
    if (below) return { kind: "referral", to: delegationOf(message.authorities, message.additionals, cut, asked) }
    if (!message.authoritative) return { kind: "lame", detail: `refers to ${Name.toText(cut)}` }
  }
  return message.authoritative
    ? { kind: "answer", message: scrubbed }
    : { kind: "lame", detail: "neither answers nor refers" }
}

/**
 * The records that are of the zone and belong to the question; additional ones are of no use any more. A server that follows an alias
 * out of the zone, as NSD does into others that it has, is not heard on what is there, nor that there is nothing, nor when it comes
 * back.
 */
const scrub = (
  message: Message.Message,
  { name, type, zone }: { readonly zone: Name.Name; readonly name: Name.Name; readonly type: number }
): Message.Message => {
  const inside = (record: ResourceRecord.ResourceRecord) => Name.isSubdomainOf(record.name, zone)
  const { id, response, opcode, authoritative, truncated, recursionDesired, recursionAvailable, reserved } = message
  const { authenticData, checkingDisabled, rcode, questions, edns } = message
  const scrubbed: Message.Message = {
    id,
    response,
    opcode,
    authoritative,
    truncated,
    recursionDesired,
    recursionAvailable,
    reserved,
    authenticData,
    checkingDisabled,
    rcode,
    questions,
    answers: led(message.answers.filter(inside), name),
    authorities: message.authorities.filter(inside),
    additionals: [],
    edns
  }
  if (rcode !== Rcode.NXDOMAIN || scrubbed.answers.length === 0) return scrubbed
  const meaning = Reply.read(scrubbed, { name, type: Type.nameOf(type), class: "IN" })
  const leadsOut = meaning._tag === "NoName" && !Name.isSubdomainOf(meaning.name, zone)
  return leadsOut ? { ...scrubbed, rcode: Rcode.NOERROR } : scrubbed
}

/** The answers that belong to a name, and to those that its aliases lead to one by one. */
const led = (
  answers: ReadonlyArray<ResourceRecord.ResourceRecord>,
  name: Name.Name
): ReadonlyArray<ResourceRecord.ResourceRecord> => {
  const names = [name]
  for (let at = name; names.length <= resolverLimits.aliases + 1;) {
    const alias = answers.find(
      (record): record is ResourceRecord.Of<"CNAME"> => record.type === "CNAME" && Name.equals(record.name, at)
    )
    if (alias === undefined) break
    names.push((at = alias.data.target))
  }
  return answers.filter((record) => {
    if (names.some((each) => Name.equals(each, record.name))) return true
    // A DNAME stands above the names that it is for.
    const above = record.type === "DNAME" || record.type === "RRSIG"
    return above && names.some((each) => Name.isSubdomainOf(each, record.name))
  })
}

const delegationOf = (
  records: ReadonlyArray<ResourceRecord.ResourceRecord>,
  additionals: ReadonlyArray<ResourceRecord.ResourceRecord>,
  cut: Name.Name,
  asked: { readonly zone: Name.Name; readonly now: number }
): Delegation => {
  const servers = records
    .slice(0, limits.recordsPerReferral)
    .filter((record): record is ResourceRecord.Of<"NS"> => record.type === "NS" && Name.equals(record.name, cut))
  const glue = additionals.slice(0, limits.recordsPerReferral)
  const ttl = Math.min(limits.delegationTtl, ...servers.map((record) => record.ttl))
  return {
    zone: cut,
    servers: servers.map(({ data: { host } }) => ({
      name: host,
      // Glue for names that the answering zone has no say over is left where it is.
      addresses: Name.isSubdomainOf(host, asked.zone) ? addressesIn(glue, host) : []
    })),
    until: asked.now + ttl * 1_000
  }
}

/** The addresses among records that a name owns, as text. */
export const addressesIn = (
  records: ReadonlyArray<ResourceRecord.ResourceRecord>,
  name: Name.Name
): ReadonlyArray<string> =>
  records.flatMap((record) => {
    const type = RRset.typeOf(record)
    if ((type !== types.A && type !== types.AAAA) || !Name.equals(record.name, name)) return []
    return [(record as ResourceRecord.Of<"A" | "AAAA">).data.address]
  })

/** Delegations that are known, the oldest forgotten first. */
export class Delegations {
  private readonly known = new Map<string, Delegation>()
  private readonly root: Delegation

  constructor(root: Delegation) {
    this.root = root
  }

  get size(): number {
    return this.known.size
  }

  put(delegation: Delegation): void {
    const key = keyOf(delegation.zone)
    this.known.delete(key)
    if (this.known.size >= limits.delegations) this.known.delete(this.known.keys().next().value!)
    this.known.set(key, delegation)
  }

  drop(zone: Name.Name): void {
    this.known.delete(keyOf(zone))
  }

  /** The deepest zone at or above a name; for DS, above it. */
  closest(name: Name.Name, type: number, now: number): Delegation {
    let key = keyOf(name)
    if (type === types.DS) key = parentKey(key)
    for (;;) {
      const found = this.known.get(key)
      if (found !== undefined) {
        if (found.until > now) return found
        this.known.delete(key)
      }
      if (key.length === 1) return this.root
      key = parentKey(key)
    }
  }
}
