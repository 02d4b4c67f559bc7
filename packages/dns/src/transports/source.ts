/** Which address the system sends from, to reach another: by connecting a UDP socket, which sends nothing. */
import * as dgram from "node:dgram"
import * as Result from "effect/Result"
import * as NetAddress from "effect/net/NetAddress"

/** The source address; undefined when there is no way to the destination. */
export const sourceOf = (destination: NetAddress.IpAddress): NetAddress.IpAddress | undefined => {
  const family = NetAddress.isIpv4Address(destination) ? 4 : 6
  const socket = dgram.createSocket({
    type: family === 4 ? "udp4" : "udp6",
    lookup: (host, _options, answer) => answer(null, host, family)
  })
  // The error is seen below, as a socket without an address.
  socket.on("error", () => {})
  try {
    socket.connect(53, NetAddress.formatIp(destination))
    // Where there is no way, connecting fails and the socket stays bound to no address in particular.
    const source = NetAddress.ipFromString(socket.address().address.replace(/%.*$/, ""))
    return Result.isSuccess(source) && !NetAddress.isUnspecified(source.success) ? source.success : undefined
  } catch {
    return undefined
  } finally {
    try {
      socket.close()
    } catch {
      // It was never bound.
    }
  }
}
