/** Records of the codec as values of Effect's `Dns`, and as `OtherRecord` where it has no shape for them. */
import type { OtherRecord } from "@handoff/core"
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as EffectDns from "effect/net/Dns"
import * as Host from "effect/net/Host"
import * as NetAddress from "effect/net/NetAddress"
import * as Name from "./wire/Name.ts"
import * as RecordText from "./wire/RecordText.ts"
import * as ResourceRecord from "./wire/ResourceRecord.ts"

export type Value = EffectDns.DnsRecord | OtherRecord

/**
 * The record as a value; names in it are fully qualified and end with a dot. A record whose rdata Effect's shape cannot
 * hold (an exchange that is no domain name, such as `-.example`) is given as `Other`.
 */
export const value = (record: ResourceRecord.ResourceRecord): Value => {
  const type: string = record.type
  const make = makers[type]
  if (make !== undefined) {
    const made = make(record.data)
    if (made !== undefined) return made
  }
  return { _tag: "Other", type, text: RecordText.printData(record), data: ResourceRecord.dataOctets(record) }
}

const domain = (name: Name.Name): Host.DomainName | undefined => {
  const text = Name.toText(Name.toLowerCase(name))
  return Host.isDomainName(text) ? text : undefined
}

/** Text of a name as Effect keeps it where any octets may stand: UTF-8, with dots and backslashes of labels escaped. */
const anyName = (name: Name.Name): string => {
  if (Name.isRoot(name)) return "."
  let text = ""
  for (const label of Name.labels(name)) {
    text += `${new TextDecoder().decode(label).replaceAll("\\", "\\\\").replaceAll(".", "\\.")}.`
  }
  return text
}

const text = (octets: unknown): string =>
  typeof octets === "string" ? octets : new TextDecoder().decode(octets as Uint8Array)

const checked = <T extends EffectDns.RecordType>(type: T, fields: EffectDns.RecordFields<T>): Value | undefined =>
  Result.getOrUndefined(EffectDns.makeRecord(type, fields))

const seconds = (value: unknown): Duration.Duration => Duration.seconds(value as number)

const makers: Readonly<Record<string, (data: any) => Value | undefined>> = {
  A: (data) => checked("A", { address: NetAddress.ipFromStringUnsafe(data.address) as NetAddress.Ipv4Address }),
  AAAA: (data) => checked("AAAA", { address: ipv6(data.address) }),
  CAA: (data) =>
    checked("CAA", { critical: (data.flags & 0x80) !== 0, tag: data.tag.toLowerCase(), value: text(data.value) }),
  CNAME: (data) => {
    const target = domain(data.target)
    return target && checked("CNAME", { target })
  },
  MX: (data) => {
    const exchange = domain(data.exchange)
    return exchange && checked("MX", { exchange, priority: data.preference })
  },
  NAPTR: (data) => {
    const replacement = domain(data.replacement)
    return replacement && checked("NAPTR", { ...data, replacement })
  },
  NS: (data) => {
    const host = domain(data.host)
    return host && checked("NS", { host })
  },
  PTR: (data) => checked("PTR", { host: anyName(data.host) }),
  SOA: (data) => {
    const primary = domain(data.primary)
    return (
      primary &&
      checked("SOA", {
        primary,
        admin: anyName(data.admin),
        serial: data.serial,
        refresh: seconds(data.refresh),
        retry: seconds(data.retry),
        expire: seconds(data.expire),
        minimum: seconds(data.minimum)
      })
    )
  },
  SRV: (data) => {
    const target = domain(data.target)
    return target && checked("SRV", { target, port: data.port, priority: data.priority, weight: data.weight })
  },
  TLSA: (data) =>
    checked("TLSA", {
      certUsage: data.usage,
      selector: data.selector,
      matchingType: data.matchingType,
      data: data.data
    }),
  TXT: (data) => checked("TXT", { chunks: data.strings.map(text) })
}

const ipv6 = (address: string): NetAddress.Ipv6Address => {
  const parsed = NetAddress.ipFromStringUnsafe(address)
  return NetAddress.isIpv6Address(parsed) ? parsed : NetAddress.toIpv4Mapped(parsed)
}

/** The address of an A or AAAA record. */
export const address = (record: ResourceRecord.ResourceRecord): NetAddress.IpAddress | undefined => {
  if (record.type === "A") return NetAddress.ipFromStringUnsafe(record.data.address)
  if (record.type === "AAAA") return ipv6(record.data.address)
  return undefined
}
