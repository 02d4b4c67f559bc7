/** Records as the `Dns` service of Effect has them (`effect/net`), and back. */
import * as Duration from "effect/Duration"
import * as Dns from "effect/net/Dns"
import * as Host from "effect/net/Host"
import * as NetAddress from "effect/net/NetAddress"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Class from "./Class.ts"
import { chunk, fromLatin1, fromUtf8, toLatin1, utf8 } from "./CharacterString.ts"
import * as Name from "./Name.ts"
import { make, type ResourceRecord } from "./ResourceRecord.ts"

/**
 * The record as Effect has it: its data without owner and TTL. None for a type that Effect does not know, and for data that
 * its types do not hold: a target with labels that no domain name has (`-a`, `a\.b`, a last label of digits), a TLSA without
 * data. The root is a target like others: `.` in a null MX (RFC 7505), an SRV (RFC 2782) or a NAPTR stays `.`.
 *
 * What Effect's types leave out is lost: the case of targets, octets that are not UTF-8 (they become U+FFFD), and the flags
 * of a CAA other than critical.
 */
export const toDnsRecord = (record: ResourceRecord): Option.Option<Dns.DnsRecord> => {
  switch (record.type) {
    case "A":
      return address(record.data.address, (parsed) =>
        NetAddress.isIpv4Address(parsed) ? made(Dns.makeRecord("A", { address: parsed })) : Option.none()
      )
    case "AAAA":
      return address(record.data.address, (parsed) =>
        NetAddress.isIpv6Address(parsed) ? made(Dns.makeRecord("AAAA", { address: parsed })) : Option.none()
      )
    case "CAA": {
      const { flags, tag, value } = record.data
      return made(Dns.makeRecord("CAA", { critical: flags >= 0x80, tag, value: utf8(value) }))
    }
    case "CNAME":
      return domain(record.data.target, (target) => made(Dns.makeRecord("CNAME", { target })))
    case "MX": {
      const { exchange, preference } = record.data
      return domain(exchange, (host) => made(Dns.makeRecord("MX", { exchange: host, priority: preference })))
    }
    case "NAPTR": {
      const { order, preference, flags, service, regexp } = record.data
      return domain(record.data.replacement, (replacement) =>
        made(
          Dns.makeRecord("NAPTR", {
            order,
            preference,
            flags: word(flags),
            service: word(service),
            regexp: word(regexp),
            replacement
          })
        )
      )
    }
    case "NS":
      return domain(record.data.host, (host) => made(Dns.makeRecord("NS", { host })))
    case "PTR":
      return made(Dns.makeRecord("PTR", { host: unicodeName(record.data.host) }))
    case "SOA": {
      const { admin, serial, refresh, retry, expire, minimum } = record.data
      return domain(record.data.primary, (primary) =>
        made(
          Dns.makeRecord("SOA", {
            primary,
            admin: unicodeName(admin),
            serial,
            refresh: Duration.seconds(refresh),
            retry: Duration.seconds(retry),
            expire: Duration.seconds(expire),
            minimum: Duration.seconds(minimum)
          })
        )
      )
    }
    case "SRV": {
      const { priority, weight, port } = record.data
      return domain(record.data.target, (target) => made(Dns.makeRecord("SRV", { target, port, priority, weight })))
    }
    case "TLSA": {
      const { usage, selector, matchingType, data } = record.data
      return made(Dns.makeRecord("TLSA", { certUsage: usage, selector, matchingType, data }))
    }
    case "TXT": {
      const [first, ...rest] = record.data.strings.map(utf8)
      return made(Dns.makeRecord("TXT", { chunks: [first!, ...rest] }))
    }
    default:
      return Option.none()
  }
}

/** A record of Effect's with an owner and a TTL, as ours. Throws `TextError` for a name that is none. */
export const fromDnsRecord = (
  record: Dns.DnsRecord,
  owner: { readonly name: Name.Name | string; readonly ttl: number; readonly class?: Class.Class }
): ResourceRecord => {
  switch (record._tag) {
    case "A":
    case "AAAA":
      return make({ ...owner, type: record._tag, data: { address: NetAddress.formatIp(record.address) } })
    case "CAA":
      return make({
        ...owner,
        type: "CAA",
        data: { flags: record.critical ? 0x80 : 0, tag: record.tag, value: fromUtf8(record.value) }
      })
    case "CNAME":
      return make({ ...owner, type: "CNAME", data: { target: Name.fromText(record.target) } })
    case "MX":
      return make({
        ...owner,
        type: "MX",
        data: { preference: record.priority, exchange: Name.fromText(record.exchange) }
      })
    case "NAPTR":
      return make({
        ...owner,
        type: "NAPTR",
        data: {
          order: record.order,
          preference: record.preference,
          flags: fromLatin1(fromUtf8(record.flags)),
          service: fromLatin1(fromUtf8(record.service)),
          regexp: fromLatin1(fromUtf8(record.regexp)),
          replacement: Name.fromText(record.replacement)
        }
      })
    case "NS":
      return make({ ...owner, type: "NS", data: { host: Name.fromText(record.host) } })
    case "PTR":
      return make({ ...owner, type: "PTR", data: { host: nameOf(record.host) } })
    case "SOA":
      return make({
        ...owner,
        type: "SOA",
        data: {
          primary: Name.fromText(record.primary),
          admin: nameOf(record.admin),
          serial: record.serial,
          refresh: Duration.toSeconds(record.refresh),
          retry: Duration.toSeconds(record.retry),
          expire: Duration.toSeconds(record.expire),
          minimum: Duration.toSeconds(record.minimum)
        }
      })
    case "SRV":
      return make({
        ...owner,
        type: "SRV",
        data: {
          priority: record.priority,
          weight: record.weight,
          port: record.port,
          target: Name.fromText(record.target)
        }
      })
    case "TLSA":
      return make({
        ...owner,
        type: "TLSA",
        data: {
          usage: record.certUsage,
          selector: record.selector,
          matchingType: record.matchingType,
          data: record.data
        }
      })
    case "TXT":
      return make({ ...owner, type: "TXT", data: { strings: record.chunks.flatMap(chunk) } })
  }
}

const made = (result: Result.Result<Dns.DnsRecord, unknown>): Option.Option<Dns.DnsRecord> => Result.getSuccess(result)

const address = (
  text: string,
  then: (address: NetAddress.IpAddress) => Option.Option<Dns.DnsRecord>
): Option.Option<Dns.DnsRecord> => Option.flatMap(Result.getSuccess(NetAddress.ipFromString(text)), then)

const domain = (
  name: Name.Name,
  then: (domain: Host.DomainName) => Option.Option<Dns.DnsRecord>
): Option.Option<Dns.DnsRecord> => Option.flatMap(Result.getSuccess(Host.domainNameFromString(Name.toText(name))), then)

const word = (text: string): string => utf8(toLatin1(text))

/** As Effect has names that are no host names: labels are UTF-8, only `.` and `\` in them escaped. */
const unicodeName = (name: Name.Name): string =>
  `${Name.labels(name)
    .map((label) => utf8(label).replaceAll(/[.\\]/g, String.raw`\$&`))
    .join(".")}.`

const nameOf = (text: string): Name.Name => {
  if (text === ".") return Name.root
  const labels: Array<string> = [""]
  for (let i = 0; i < text.length; i++) {
    if (text[i] === ".") labels.push("")
    else labels[labels.length - 1] += text[i] === "\\" ? (text[++i] ?? "\\") : text[i]!
  }
  if (labels.at(-1) === "") labels.pop()
  return Name.fromLabels(labels.map(fromUtf8))
}
