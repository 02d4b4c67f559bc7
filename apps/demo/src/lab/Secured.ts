/** TLS of the lab's services: each with the certificate that the plan gives it, made when it is first asked for. */
import type * as Net from "node:net"
import * as Tls from "node:tls"
import type * as Authority from "./Authority.ts"
import * as limits from "./limits.ts"
import type { Certificate, Host } from "./Plan.ts"

export class Secured {
  private readonly authority: Authority.Authority
  /** The least lately used is forgotten: a context takes about 50 KiB, and a lab may have 10,000 hosts. */
  private readonly contexts = new Map<string, Tls.SecureContext>()

  constructor(authority: Authority.Authority) {
    this.authority = authority
  }

  /** Goes on in TLS as the server; a handshake that fails closes the connection. */
  upgrade(socket: Net.Socket, host: Host, certificate: Certificate): Tls.TLSSocket {
    const secured = new Tls.TLSSocket(socket, { isServer: true, secureContext: this.contextOf(host, certificate) })
    secured.on("error", () => socket.destroy())
    return secured
  }

  private contextOf(host: Host, certificate: Certificate): Tls.SecureContext {
    const context = this.contexts.get(host.name) ?? this.make(host, certificate)
    this.contexts.delete(host.name)
    this.contexts.set(host.name, context)
    if (this.contexts.size > limits.contexts) this.contexts.delete(this.contexts.keys().next().value!)
    return context
  }

  private make(host: Host, { daysLeft, flaw }: Certificate): Tls.SecureContext {
    const name = flaw === "wrong-name" ? `other-${host.name}` : host.name
    const subject = { commonName: name, names: [name], daysLeft }
    const pair = flaw === "self-signed" ? this.authority.selfSigned(subject) : this.authority.issue(subject)
    return Tls.createSecureContext({
      ...pair,
      ...(flaw === "old-version" && { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" })
    })
  }
}
