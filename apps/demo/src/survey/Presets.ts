/** Ports and records of common pieces of work, by name, and what makes one of them fail. */
import type { Port, Protocol } from "./Target.ts"

export const names = ["web", "mail", "tls-expiry", "dns"] as const
export type Name = (typeof names)[number]

export interface Preset {
  readonly ports: ReadonlyArray<Port>
  readonly records: ReadonlyArray<string>
  /** What its exit code tells, where nothing else is asked for. */
  readonly failOn?: "flawed"
}

const on =
  (protocol: Protocol) =>
  (...ports: ReadonlyArray<number>): ReadonlyArray<Port> =>
    ports.map((port) => ({ port, protocol }))

const mail = [...on("smtp")(25, 587), ...on("imap")(143), ...on("pop3")(110), ...on("tls")(465, 993, 995)]

export const presets: Readonly<Record<Name, Preset>> = {
  web: { ports: [...on("http")(80), ...on("https")(443)], records: ["CAA", "HTTPS"] },
  mail: { ports: mail, records: ["MX", "SPF", "DMARC"] },
  "tls-expiry": {
    ports: [...on("tls")(443, 465, 636, 993, 995), ...on("smtp")(25, 587)],
    records: [],
    failOn: "flawed"
  },
  dns: { ports: [], records: ["NS", "SOA", "MX", "CAA", "TXT", "HTTPS", "SVCB"] }
}
