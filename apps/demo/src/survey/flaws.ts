/** What is wrong with a host's TLS, as somebody who looks after it wants to be told. Pure: the time is handed in. */
import type { Tls } from "../inspect/Inspected.ts"
import type { Finding } from "./Finding.ts"

export type Flaw =
  | "expired"
  | "expires-soon"
  | "not-yet-valid"
  | "wrong-name"
  | "self-signed"
  | "untrusted"
  | "old-version"

/** Whole days until a certificate ends; negative once it has. */
export const daysLeft = ({ certificate }: Tls, now: number): number =>
  Math.floor((Date.parse(certificate.notAfter) - now) / 86_400_000)

/** `soon`: days from which on an end is near. */
export const flaws = (tls: Tls, now: number, soon: number): ReadonlyArray<Flaw> => {
  const { certificate, trusted, version } = tls
  const left = daysLeft(tls, now)
  const found: Array<Flaw> = []
  if (left < 0) found.push("expired")
  else if (left < soon) found.push("expires-soon")
  if (Date.parse(certificate.notBefore) > now) found.push("not-yet-valid")
  if (!certificate.namesHost) found.push("wrong-name")
  if (certificate.selfSigned) found.push("self-signed")
  else if (!trusted) found.push("untrusted")
  // RFC 8996: they must not be used.
  if (version === "TLSv1" || version === "TLSv1.1" || version === "SSLv3") found.push("old-version")
  return found
}

/** Whether somebody has to do something about one of its ports. */
export const isFlawed = ({ ports }: Finding, now: number, soon: number): boolean =>
  ports.some(({ tls }) => tls !== undefined && flaws(tls, now, soon).length > 0)
