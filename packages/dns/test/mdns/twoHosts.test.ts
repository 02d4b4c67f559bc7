/** Two machines on one cable: what loopback cannot show, for it has no multicast of IPv6. */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { has, run } from "../server/support/peers.ts"

const file = (name: string) => fileURLToPath(new URL(`twoHosts/${name}`, import.meta.url))
// All that is started ends with the first process of the namespace.
const apart = [...(process.getuid?.() === 0 ? [] : ["--map-root-user"]), "--net", "--pid", "--fork", "--mount-proc"]
const probe = spawnSync("unshare", [...apart, "ip", "link", "add", "here", "type", "veth", "peer", "name", "there"])
const reason = probe.status === 0 ? undefined : String(probe.error ?? probe.stderr).trim()
if (reason !== undefined) console.warn(`skipped: a link of two hosts takes namespaces and iproute2: ${reason}`)

/** What `asker` on one host prints of what `responder` on the other answers. */
const between = async (asker: string, responder: string): Promise<unknown> => {
  const script = [file("hosts.sh"), process.execPath, file(asker), file(responder)]
  const { code, stderr, stdout } = await run("unshare", [...apart, "--kill-child", "sh", ...script])
  assert.strictEqual(code, 0, stderr)
  return JSON.parse(stdout)
}

describe.skipIf(reason !== undefined)("a link with hosts of either family", () => {
  it("finds what only one family can reach, and a service whose address is of the link alone", async () => {
    assert.deepStrictEqual(await between("asker.ts", "responder.ts"), {
      found: {
        four: 1,
        six: 1,
        sixByName: 1,
        sixByAddress: 1,
        both: 1,
        sixWithoutIPv6: 0,
        fourWithoutIPv4: 0,
        // Its answer came from an address of another network: RFC 6762 11.
        far: 0
      },
      addresses: ["fe80::2%here"],
      text: ["hello"],
      greeting: "hello"
    })
  })
  it.skipIf(!has("avahi-daemon"))("finds the name and the service of Avahi", async () => {
    assert.deepStrictEqual(await between("avahiAsker.ts", "avahi.ts"), {
      addresses: ["printer.local. IN A 192.0.2.2"],
      byIPv6: true,
      services: [
        {
          addresses: ["192.0.2.2", "fe80::2%here"],
          host: "printer.local.",
          instance: "Office\\032printer._ipp._tcp.local.",
          port: 631,
          text: ["rp=ipp"]
        }
      ]
    })
  })
})
