/** A certificate in DER as the facts that people ask for. */
import { X509Certificate } from "node:crypto"
import { isIP } from "node:net"
import type { Secured } from "./Dialogue.ts"
import type { Certificate, Tls } from "./Inspected.ts"
import * as limits from "./limits.ts"
import { readable } from "./text.ts"

/** What a handshake settled, as a finding has it; undefined where the peer has shown no certificate that can be read. */
export const tlsOf = (secured: Secured, host: string): Tls | undefined => {
  const der = secured.certificates[0]
  if (der === undefined) return undefined
  try {
    return {
      version: secured.version,
      cipher: secured.cipher,
      trusted: !untrusted.has(secured.distrust ?? ""),
      certificate: read(der, host)
    }
  } catch {
    return undefined
  }
}

/** Throws for octets that are no certificate. */
const read = (der: Uint8Array, host: string): Certificate => {
  const certificate = new X509Certificate(der)
  const names = namesOf(certificate)
  const named =
    isIP(host) > 0
      ? certificate.checkIP(host)
      : certificate.checkHost(host, { subject: names.length === 0 ? "always" : "default" })
  return {
    names: (names.length > 0 ? names : [commonName(certificate.subject)]).slice(0, limits.certificateNames),
    issuer: commonName(certificate.issuer),
    selfSigned: certificate.checkIssued(certificate),
    namesHost: named !== undefined,
    notBefore: iso(certificate.validFromDate),
    notAfter: iso(certificate.validToDate),
    key: keyOf(certificate),
    sha256: certificate.fingerprint256.replaceAll(":", "").toLowerCase()
  }
}

/** `DNS:a.example, IP Address:192.0.2.1` as names; what is quoted in it is unusual enough to be shown as it is. */
const namesOf = ({ subjectAltName }: X509Certificate): ReadonlyArray<string> =>
  (subjectAltName ?? "").split(", ").flatMap((part) => {
    const match = /^(?:DNS|IP Address):(.+)$/.exec(part)
    return match === null ? [] : [readable(match[1]!)]
  })

/** The common name, else the whole of it on one line. */
const commonName = (name: string | undefined): string => {
  const lines = (name ?? "").split("\n")
  return readable(lines.find((line) => line.startsWith("CN="))?.slice(3) ?? lines.join(", "))
}

const keyOf = ({ publicKey }: X509Certificate): string => {
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {}
  return [publicKey.asymmetricKeyType?.toUpperCase(), namedCurve ?? modulusLength].filter(Boolean).join(" ")
}

const iso = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`

/** OpenSSL's words for "no authority that we trust has signed this"; the others say that something else is wrong. */
const untrusted: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "CERT_REJECTED",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "CERT_CHAIN_TOO_LONG",
  "PATH_LENGTH_EXCEEDED"
])
