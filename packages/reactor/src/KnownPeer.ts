/** What a peer's own value says of it, worked out once and kept as long as the value. */
import * as Host from "effect/net/Host"
import * as NetAddress from "effect/net/NetAddress"
import * as Dial from "./Dial.ts"
import type { Target } from "./Link.ts"

export interface KnownPeer {
  /** As people write it. */
  readonly text: string
  /** Where to connect, if no name has to be looked up. */
  readonly target: Target | undefined
  /** Under which its connections are kept. */
  readonly tcpKey: string
  readonly tlsKey: string
  /** Limits count per host. */
  readonly host: string
  readonly isPath: boolean
  /** Port 0 is nobody's. */
  readonly hasPort: boolean
}

const known = new WeakMap<object, KnownPeer>()

export const of = (peer: Dial.Peer): KnownPeer => {
  let found = known.get(peer)
  if (found === undefined) {
    const text = Dial.format(peer)
    const target = Dial.targetOf(peer)
    const isPath = NetAddress.isUnixPathAddress(peer)
    found = {
      text,
      target: target === undefined || "path" in target ? target : { ...target, text },
      tcpKey: `tcp|${text}`,
      tlsKey: `tls|${text}`,
      host: isPath
        ? peer.path
        : NetAddress.isInetAddress(peer)
          ? NetAddress.formatHost(peer)
          : Host.formatHost(peer.host),
      isPath,
      hasPort: isPath || peer.port !== 0
    }
    known.set(peer, found)
  }
  return found
}
