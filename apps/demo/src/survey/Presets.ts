/** Ports and records of common pieces of work, by name. */
import type { Port } from "./Target.ts"

export const names = ["web", "mail", "dns"] as const
export type Name = (typeof names)[number]

export interface Preset {
  readonly ports: ReadonlyArray<Port>
  readonly records: ReadonlyArray<string>
}

const http = (port: number): Port => ({ port, protocol: "http" })
const greeting = (port: number): Port => ({ port, protocol: "greeting" })

export const presets: Readonly<Record<Name, Preset>> = {
  web: { ports: [http(80), http(8_080)], records: ["CAA"] },
  mail: { ports: [greeting(25), greeting(587), greeting(143), greeting(110)], records: ["MX", "TXT"] },
  dns: { ports: [], records: ["NS", "SOA", "CAA", "TXT"] }
}
