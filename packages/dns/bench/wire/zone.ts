import { type ResourceRecord, ZoneFile } from "@handoff/dns/wire"

/** A zone of delegations, as those of top-level domains are: two name servers each, glue and a signed DS for some. */
export const zoneText = (records: number): string => {
  const lines = ["$ORIGIN example.", "$TTL 3600", "@ IN SOA ns1 hostmaster 1 7200 3600 1209600 3600 ; the serial is 1"]
  for (let i = 0; lines.length < records + 2; i++) {
    lines.push(
      `domain${i} 86400 IN NS ns1.host${i % 1_000}.net.`,
      ` NS ns2.host${i % 1_000}.net.`,
      `ns.domain${i} IN A 192.0.${(i >> 8) & 255}.${i & 255}`,
      ` AAAA 2001:db8::${(i & 0xffff).toString(16)}`,
      `domain${i} DS ${i & 0xffff} 13 2 ( ${(i % 256).toString(16).padStart(2, "0").repeat(32)} )`,
      `mail.domain${i} MX 10 mx.host${i % 1_000}.net.`,
      ` TXT "v=spf1 include:host${i % 1_000}.net -all"`
    )
  }
  return `${lines.slice(0, records + 2).join("\n")}\n`
}

/** Reads a zone of so many records, keeps them all, and tells how fast and what they take. Needs `--expose-gc`. */
export const readZone = (
  text: string,
  count: number,
  check: (holds: boolean, claim: string) => void
): Readonly<Record<string, number>> => {
  const collect = (globalThis as { readonly gc?: () => void }).gc!
  const few = [...ZoneFile.records(zoneText(50))]
  check(few.length === 50 && few[1]!.type === "NS", "the records are there, in order")
  collect()
  const before = process.memoryUsage()
  const start = performance.now()
  const kept: Array<ResourceRecord.ResourceRecord> = []
  for (const record of ZoneFile.records(text)) kept.push(record)
  const seconds = (performance.now() - start) / 1_000
  collect()
  const after = process.memoryUsage()
  check(kept.length === count, "every record was read")
  return {
    "records/min": (count / seconds) * 60,
    "octets kept per record": (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / count
  }
}
