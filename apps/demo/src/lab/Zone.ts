/**
 * What the lab's name server knows: the zone of the plan and the reverse of its addresses. Pure: a query in, a reply
 * out. The lab is an island, so every other name does not exist.
 */
import { Edns, Message, Name, type Question, Rcode, ResourceRecord } from "@handoff/dns/wire"
import * as limits from "./limits.ts"
import * as Plan from "./Plan.ts"

export interface Zone {
  /** Records by owner (`Name.key`) and type. */
  readonly records: ReadonlyMap<string, ReadonlyMap<string, ReadonlyArray<ResourceRecord.ResourceRecord>>>
  /** Owners that the server fails for. */
  readonly failing: ReadonlySet<string>
  readonly soa: ResourceRecord.ResourceRecord
}

export const make = (plan: Plan.Plan): Zone => {
  const records = new Map<string, Map<string, Array<ResourceRecord.ResourceRecord>>>()
  const add = (record: ResourceRecord.ResourceRecord) => {
    const owner = Name.key(record.name)
    const types = records.get(owner) ?? new Map<string, Array<ResourceRecord.ResourceRecord>>()
    records.set(owner, types)
    types.set(record.type, [...(types.get(record.type) ?? []), record])
    // Names between the zone and an owner exist, without records (RFC 8020).
    for (let parent = Name.parent(record.name); !Name.isRoot(parent); parent = Name.parent(parent)) {
      const key = Name.key(parent)
      if (records.has(key)) break
      records.set(key, new Map())
    }
  }
  const ttl = limits.timeToLive
  const apex = Name.fromText(`${plan.zone}.`)
  const server = Name.fromText(`ns.${plan.zone}.`)
  const soa = ResourceRecord.make({
    name: apex,
    type: "SOA",
    ttl,
    data: {
      primary: server,
      admin: Name.fromText(`hostmaster.${plan.zone}.`),
      serial: plan.seed,
      refresh: 3_600,
      retry: 600,
      expire: 86_400,
      minimum: ttl
    }
  })
  add(soa)
  add(ResourceRecord.make({ name: apex, type: "NS", ttl, data: { host: server } }))
  add(ResourceRecord.make({ name: server, type: "A", ttl, data: { address: `${plan.network}.0.53` } }))
  // Too long for a datagram: whoever asks has to come again over TCP.
  const line = new TextEncoder().encode("a line of the long text ".repeat(8))
  add(ResourceRecord.make({ name: `long.${plan.zone}.`, type: "TXT", ttl, data: { strings: Array(40).fill(line) } }))
  for (const host of Plan.named(plan)) {
    const name = Name.fromText(`${host.name}.`)
    const reverse = Name.fromText(`${host.reverse}.`)
    add(ResourceRecord.make({ name, type: "A", ttl, data: { address: host.ipv4 } }))
    add(ResourceRecord.make({ name: reverseOfIpv4(host.ipv4), type: "PTR", ttl, data: { host: reverse } }))
    if (host.ipv6 === undefined) continue
    add(ResourceRecord.make({ name, type: "AAAA", ttl, data: { address: host.ipv6 } }))
    add(ResourceRecord.make({ name: reverseOfIpv6(host.ipv6), type: "PTR", ttl, data: { host: reverse } }))
  }
  const failing = new Set(
    plan.hosts.filter((host) => host.behaviour === "serverFailure").map((host) => `${host.name}.`)
  )
  return { records, failing, soa }
}

/** The reply to a query. */
export const reply = (zone: Zone, query: Message.Message): Message.Message => {
  const question = query.questions[0]
  const head = {
    id: query.id,
    response: true,
    opcode: query.opcode,
    authoritative: true,
    recursionDesired: query.recursionDesired,
    recursionAvailable: true,
    questions: query.questions,
    edns: query.edns === undefined ? undefined : Edns.make()
  }
  if (query.opcode !== 0) return Message.make({ ...head, rcode: Rcode.NOTIMP })
  if (question === undefined || query.questions.length !== 1) return Message.make({ ...head, rcode: Rcode.FORMERR })
  return Message.make({ ...head, ...find(zone, question) })
}

const find = (zone: Zone, question: Question.Question): Partial<Message.Message> => {
  const owner = Name.key(question.name)
  if (zone.failing.has(owner)) return { rcode: Rcode.SERVFAIL }
  const types = zone.records.get(owner)
  if (types === undefined) return { rcode: Rcode.NXDOMAIN, authorities: [zone.soa] }
  const answers = question.type === "ANY" ? [...types.values()].flat() : (types.get(question.type) ?? [])
  return answers.length > 0 ? { answers } : { authorities: [zone.soa] }
}

const reverseOfIpv4 = (address: string): string => `${address.split(".").toReversed().join(".")}.in-addr.arpa.`

/** Of the plan's own addresses, all of the form `2001:db8:77::x`. */
const reverseOfIpv6 = (address: string): string => {
  const [head = "", tail = ""] = address.split("::")
  const groups = (text: string) => (text === "" ? [] : text.split(":")).map((group) => group.padStart(4, "0"))
  const before = groups(head)
  const after = groups(tail)
  const middle = Array<string>(8 - before.length - after.length).fill("0000")
  return `${[...before, ...middle, ...after].join("").split("").toReversed().join(".")}.ip6.arpa.`
}
