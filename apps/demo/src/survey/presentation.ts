import type { RecordSet } from "@handoff/core"
import * as Duration from "effect/Duration"
import { quoted } from "./quoted.ts"

/** A record as a zone file has it (RFC 1035 section 5.1), without owner, TTL and class. */
export const presentation = (record: RecordSet["records"][number]): string => {
  switch (record._tag) {
    case "MX":
      return `${record.priority} ${record.exchange}`
    case "TXT":
      return record.chunks.map(quoted).join(" ")
    case "CAA":
      return `${record.critical ? 128 : 0} ${record.tag} ${quoted(record.value)}`
    case "SRV":
      return `${record.priority} ${record.weight} ${record.port} ${record.target}`
    case "SOA": {
      const times = [record.refresh, record.retry, record.expire, record.minimum].map((time) =>
        Duration.toSeconds(time)
      )
      return `${record.primary} ${record.admin} ${record.serial} ${times.join(" ")}`
    }
    case "NS":
    case "PTR":
      return String(record.host)
    case "CNAME":
      return String(record.target)
    case "Other":
      return record.text
    default:
      return Object.entries(record)
        .flatMap(([key, value]) => (key.startsWith("_") ? [] : [String(value)]))
        .join(" ")
  }
}
