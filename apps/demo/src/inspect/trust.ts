/** What a survey's TLS accepts: everything, so that what is wrong can be told; and whom it trusts. */
import * as Tls from "node:tls"

/** The last one made: a survey trusts the same authorities all the time, and making a context costs a handshake. */
let last: { readonly ca: string | undefined; readonly context: Tls.SecureContext } | undefined

/** A context for this machine's survey; it trusts Node's authorities, or those given in PEM. */
export const contextFor = (ca: string | undefined): Tls.SecureContext => {
  if (last === undefined || last.ca !== ca) {
    // Level 0 is what lets TLS 1.0 and 1.1 be spoken at all (openssl-ciphers(1ssl), SSL_CTX_set_security_level(3ssl)).
    const context = Tls.createSecureContext({
      minVersion: "TLSv1",
      ciphers: "DEFAULT@SECLEVEL=0",
      ...(ca !== undefined && { ca })
    })
    last = { ca, context }
  }
  return last.context
}
