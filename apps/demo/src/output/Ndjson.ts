/** Findings as lines of JSON, with the days that certificates have left and what is wrong with them. */
import type { Finding } from "../survey/Finding.ts"
import { daysOf, flawsOf, type Seen } from "./Seen.ts"

export const line = (finding: Finding, seen: Seen): string => {
  const ports = finding.ports.map((port) =>
    port.tls === undefined
      ? port
      : { ...port, tls: { ...port.tls, daysLeft: daysOf(port, seen), flaws: flawsOf(port, seen) } }
  )
  return `${JSON.stringify({ ...finding, ports })}\n`
}
