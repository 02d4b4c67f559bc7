/** What a port said of itself in its own protocol, as plain data that crosses threads. */

/** Protocols that take more than one round, or TLS. */
export const protocols = ["https", "tls", "ssh", "smtp", "imap", "pop3"] as const
export type Protocol = (typeof protocols)[number]

/** What is to be inspected, and how patiently; milliseconds. */
export interface Request {
  readonly address: string
  readonly port: number
  readonly protocol: Protocol
  /** The name that the certificate should have, and that is asked for (RFC 6066 section 3); undefined for an address. */
  readonly serverName?: string | undefined
  /** For the connection, the handshake, and each silence. */
  readonly timeout: number
  /** Authorities to trust instead of Node's, in PEM. */
  readonly ca?: string | undefined
}

export interface Inspected {
  /** The greeting, or the status line. */
  readonly says?: string
  /** Of the page. */
  readonly title?: string
  readonly tls?: Tls
  readonly hostKey?: HostKey
  /** Why there is not more: the protocol was not spoken to its end. */
  readonly missing?: Missing
}

export type Missing =
  /** STARTTLS is not offered, or refused. */
  | "no-starttls"
  /** The handshake failed. */
  | "no-tls"
  /** It speaks, but not SSH. */
  | "no-ssh"
  /** No method of key exchange or kind of key in common. */
  | "no-common-algorithm"
  /** Whoever speaks does not have the key that it shows. */
  | "bad-signature"
  /** It closed, broke, was silent or said too much in the middle. */
  | "closed"
  | "reset"
  | "timeout"
  | "too-long"

export interface Tls {
  /** `TLSv1.3` */
  readonly version: string
  readonly cipher: string
  /** Whether a chain leads to an authority that is trusted, whatever else is wrong. */
  readonly trusted: boolean
  readonly certificate: Certificate
}

export interface Certificate {
  /** Names and addresses that it is for (RFC 6125: the subject's alternative names, else its common name). */
  readonly names: ReadonlyArray<string>
  readonly issuer: string
  /** Whether its issuer is itself. */
  readonly selfSigned: boolean
  /** Whether one of its names is the host's. */
  readonly namesHost: boolean
  /** ISO 8601, whole seconds. */
  readonly notBefore: string
  readonly notAfter: string
  /** `EC prime256v1`, `RSA 2048`. */
  readonly key: string
  readonly sha256: string
}

export interface HostKey {
  /** `ssh-ed25519` */
  readonly type: string
  readonly bits: number
  /** As `ssh-keygen -l` has it: `SHA256:` and 43 characters. */
  readonly fingerprint: string
}
