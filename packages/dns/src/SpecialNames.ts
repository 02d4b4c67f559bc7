/**
 * Names that are not asked for, because what they mean is fixed:
 *
 * | name | answer | source |
 * |---|---|---|
 * | `localhost` and below | the loopback addresses; no other record | RFC 6761 section 6.3 |
 * | `invalid` and below | no such name | RFC 6761 section 6.4 |
 * | `onion` and below | no such name: only Tor knows | RFC 7686 section 2 |
 * | `local` and below | no such name: that is for multicast DNS, which this is not | RFC 6762 section 3 |
 *
 * `test`, `example`, `home.arpa` and the reverse names of private addresses are asked like any other: the sections on them
 * say that a stub resolver must not treat them as special (RFC 6761 sections 6.1, 6.2, 6.5; RFC 8375 section 4). The
 * reverse names of 127.0.0.1 and ::1 are `localhost`, as in every hosts file.
 */
import { Answer } from "./Answer.ts"
import type { Wheel } from "./Wheel.ts"
import type * as Name from "./wire/Name.ts"
import * as ResourceRecord from "./wire/ResourceRecord.ts"

const loopback6 = `1.${"0.".repeat(31)}ip6.arpa`

/** Seconds; nothing changes it. */
const ttl = 604_800

/** The fixed answer, or undefined for a name to be asked. `key` is the name in lower case without its final dot. */
export const answer = (name: Name.Name, key: string, type: string, clock: Wheel): Answer | undefined => {
  // Most names end otherwise: look at the last letter before anything else.
  const last = key.charCodeAt(key.length - 1)
  if (last === 0x74) return isBelow(key, "localhost") ? localhost(name, key, type, clock) : undefined
  if (last === 0x64) return isBelow(key, "invalid") ? negative(name, key, type, "no name", clock) : undefined
  if (last === 0x6e) return isBelow(key, "onion") ? negative(name, key, type, "no name", clock) : undefined
  if (last === 0x6c) return isBelow(key, "local") ? negative(name, key, type, "no name", clock) : undefined
  if (last === 0x61 && (key === "1.0.0.127.in-addr.arpa" || key === loopback6)) {
    if (type !== "PTR") return negative(name, key, type, "no record", clock)
    return positive(name, key, type, clock, { host: localhostName })
  }
  return undefined
}

const isBelow = (key: string, top: string): boolean =>
  key.endsWith(top) && (key.length === top.length || key.charCodeAt(key.length - top.length - 1) === 0x2e)

const localhost = (name: Name.Name, key: string, type: string, clock: Wheel): Answer =>
  type === "A"
    ? positive(name, key, type, clock, { address: "127.0.0.1" })
    : type === "AAAA"
      ? positive(name, key, type, clock, { address: "::1" })
      : negative(name, key, type, "no record", clock)

const localhostName = ResourceRecord.make({ name: "localhost.", type: "A", ttl, data: { address: "127.0.0.1" } }).name

const positive = (name: Name.Name, key: string, type: string, clock: Wheel, data: object): Answer =>
  make(name, key, type, "records", clock, [
    { name, type, class: "IN", ttl, data } as unknown as ResourceRecord.ResourceRecord
  ])

const negative = (name: Name.Name, key: string, type: string, kind: Answer["kind"], clock: Wheel): Answer =>
  make(name, key, type, kind, clock, [])

const make = (
  canonicalName: Name.Name,
  name: string,
  type: string,
  kind: Answer["kind"],
  clock: Wheel,
  records: ReadonlyArray<ResourceRecord.ResourceRecord>
): Answer =>
  new Answer({
    kind,
    name,
    type,
    records,
    aliases: [],
    canonicalName,
    ttl,
    message: undefined,
    octets: undefined,
    server: "special",
    transport: "none",
    milliseconds: 0,
    receivedAt: clock.wallMillis(),
    stale: false
  })
