/** Another name server: where it is, over what it is spoken to, and what key is shared with it. */
import type { TsigKey } from "../update/TsigKey.ts"

/** The other side of a transfer. */
export interface Peer {
  /** An address, as text. */
  readonly address: string
  /** 53 unless told; 853 with TLS. */
  readonly port?: number
  /** TLS (RFC 9103), when given; the name that the certificate must have, or none to take any. */
  readonly tls?: { readonly serverName?: string; readonly ca?: string | ReadonlyArray<string> }
  /** Signs what is sent, and what is answered must be signed with it. */
  readonly key?: TsigKey
}
