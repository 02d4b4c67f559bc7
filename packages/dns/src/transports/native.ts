import * as os from "node:os"
import type { Endpoint } from "../Endpoint.ts"

/**
 * The endpoint as the system's sockets want it: but for Windows, they know the zone of an address on a link by the name of
 * its interface (`fe80::1%eth0`), where resolv.conf(5) and Effect's addresses have its number.
 */
export const native = (endpoint: Endpoint, interfaces = os.networkInterfaces()): Endpoint => {
  const zone = /%(\d+)$/.exec(endpoint.address)?.[1]
  if (zone === undefined || process.platform === "win32") return endpoint
  for (const [name, addresses] of Object.entries(interfaces)) {
    for (const each of addresses ?? []) {
      if (each.family !== "IPv6" || each.scopeid !== Number(zone)) continue
      return { ...endpoint, address: endpoint.address.replace(/\d+$/, name) }
    }
  }
  return endpoint
}
