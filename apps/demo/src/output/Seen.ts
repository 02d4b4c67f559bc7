/** When findings are looked at: what is said of a certificate's end depends on it. */
import type { Finding, PortFinding } from "../survey/Finding.ts"
import { daysLeft, type Flaw, flaws } from "../survey/flaws.ts"

export interface Seen {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Days before its end from which on a certificate expires soon. */
  readonly soon: number
}

export const daysOf = ({ tls }: PortFinding, { now }: Seen): number | undefined =>
  tls === undefined ? undefined : daysLeft(tls, now)

export const flawsOf = ({ tls }: PortFinding, { now, soon }: Seen): ReadonlyArray<Flaw> =>
  tls === undefined ? [] : flaws(tls, now, soon)

/** A port in a line: what it says, its page's title, its TLS and its key. */
export const describe = (port: PortFinding, seen: Seen): string => {
  const { hostKey, missing, says, title, tls } = port
  const words = [says ?? (tls === undefined ? port.state : undefined)]
  if (title !== undefined) words.push(`"${title}"`)
  if (tls !== undefined) {
    const wrong = flawsOf(port, seen)
    const days = daysOf(port, seen)!
    const end = days < 0 ? `ended ${-days} days ago` : `${days} days left`
    words.push(`${tls.version}, ${tls.certificate.names[0]} by ${tls.certificate.issuer}, ${end}`)
    if (wrong.length > 0) words.push(`[${wrong.join(" ")}]`)
  }
  if (hostKey !== undefined) words.push(`${hostKey.type} ${hostKey.bits} ${hostKey.fingerprint}`)
  if (missing !== undefined) words.push(`(${missing})`)
  return words.filter((word) => word !== undefined).join(" ")
}

/** What was asked for besides addresses, a type each: `MX: 10 mail.example.`, `CAA: not-found`. */
export const recordsOf = ({ records = {} }: Finding): ReadonlyArray<string> =>
  Object.entries(records).map(([type, found]) => `${type}: ${typeof found === "string" ? found : found.join(", ")}`)
