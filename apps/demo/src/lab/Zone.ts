/**
 * What the lab's name server knows: the zone of the plan, and the root, with the reverse of the lab's addresses. The lab
 * is an island, so every other name does not exist.
 */
import { Name, ResourceRecord, TextError, ZoneFile } from "@handoff/dns/wire"
import { Zone, ZoneStore } from "@handoff/dns/zone"
import * as limits from "./limits.ts"
import * as Plan from "./Plan.ts"

/** The zones of a plan. Hosts whose names the server fails for are failed zones of their own. */
export const make = (plan: Plan.Plan): ZoneStore => {
  const ttl = limits.timeToLive
  const apex = Name.fromText(`${plan.zone}.`)
  const server = Name.fromText(`ns.${plan.zone}.`)
  const start = (origin: Name.Name): ReadonlyArray<ResourceRecord.ResourceRecord> => [
    ResourceRecord.make({
      name: origin,
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
    }),
    ResourceRecord.make({ name: origin, type: "NS", ttl, data: { host: server } })
  ]
  const delegation = [
    ResourceRecord.make({ name: apex, type: "NS", ttl, data: { host: server } }),
    ResourceRecord.make({ name: server, type: "A", ttl, data: { address: `${plan.network}.0.53` } })
  ]
  const lab = [...start(apex), delegation[1]!]
  const root = [...start(Name.root), ...delegation]
  // Too long for a datagram: whoever asks has to come again over TCP.
  const line = new TextEncoder().encode("a line of the long text ".repeat(8))
  lab.push(
    ResourceRecord.make({ name: `long.${plan.zone}.`, type: "TXT", ttl, data: { strings: Array(40).fill(line) } })
  )
  for (const host of Plan.named(plan)) {
    const name = Name.fromText(`${host.name}.`)
    const reverse = Name.fromText(`${host.reverse}.`)
    lab.push(ResourceRecord.make({ name, type: "A", ttl, data: { address: host.ipv4 } }))
    root.push(ResourceRecord.make({ name: reverseOfIpv4(host.ipv4), type: "PTR", ttl, data: { host: reverse } }))
    if (host.ipv6 === undefined) continue
    lab.push(ResourceRecord.make({ name, type: "AAAA", ttl, data: { address: host.ipv6 } }))
    root.push(ResourceRecord.make({ name: reverseOfIpv6(host.ipv6), type: "PTR", ttl, data: { host: reverse } }))
  }
  const policies = ZoneFile.parse(Plan.named(plan).map(policyOf).join(""), { ttl })
  if (policies instanceof TextError) throw policies
  const store = new ZoneStore([Zone.make([...lab, ...policies]), Zone.make(root)])
  for (const host of plan.hosts) {
    if (host.behaviour === "serverFailure") store.fail(Name.fromText(`${host.name}.`))
  }
  return store
}

/** What the owner of a host says about it, by what it does: as lines of a zone file. */
const policyOf = ({ name, services }: Plan.Host): string => {
  if (services.some(({ protocol }) => protocol === "smtp")) {
    return `${name}. MX 10 ${name}.\n${name}. TXT "v=spf1 a -all"\n_dmarc.${name}. TXT "v=DMARC1; p=reject"\n`
  }
  if (!services.some(({ protocol }) => protocol === "https")) return ""
  const service = `1 . alpn=http/1.1 port=${limits.ports.https}`
  return `${name}. CAA 0 issue "ca.${Plan.zone}"\n${name}. HTTPS ${service}\n${name}. SVCB ${service}\n`
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
