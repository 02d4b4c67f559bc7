import type { NetworkInterfaceInfo, networkInterfaces } from "node:os"
import { assert, describe, it } from "@effect/vitest"
import { Link } from "#internal"

const of4 = (cidr: string, internal = false): NetworkInterfaceInfo => ({
  family: "IPv4",
  address: cidr.split("/")[0]!,
  netmask: "",
  mac: "",
  internal,
  cidr
})
const of6 = (cidr: string, internal = false): NetworkInterfaceInfo => ({
  family: "IPv6",
  address: cidr.split("/")[0]!,
  netmask: "",
  mac: "",
  internal,
  cidr,
  scopeid: 2
})
const machine: ReturnType<typeof networkInterfaces> = {
  lo: [of4("127.0.0.1/8", true), of6("::1/128", true)],
  eth0: [of4("192.0.2.7/24"), of4("198.51.100.7/26"), of6("2001:db8::7/64"), of6("fe80::7/64")],
  wlan0: [of6("fe80::8/64")]
}
const chosen = (options: Link.Options, interfaces = machine) =>
  Link.choose(interfaces, options).map(({ family, group, name }) => `${name} ${family} ${group}`)

describe("which links are asked", () => {
  it("those of every interface that leads out, in each family that it has (RFC 6762 20)", () => {
    assert.deepStrictEqual(chosen({}), ["eth0 4 224.0.0.251", "eth0 6 ff02::fb%eth0", "wlan0 6 ff02::fb%wlan0"])
  })
  it("loopback where there is nothing else", () => {
    assert.deepStrictEqual(chosen({}, { lo: machine["lo"]! }), ["lo 4 224.0.0.251", "lo 6 ff02::fb%lo"])
  })
  it("those of one interface, by its name or an address of it, and of one family, when told", () => {
    assert.deepStrictEqual(chosen({ interface: "wlan0" }), ["wlan0 6 ff02::fb%wlan0"])
    assert.deepStrictEqual(chosen({ interface: "198.51.100.7" }), ["eth0 4 224.0.0.251", "eth0 6 ff02::fb%eth0"])
    assert.deepStrictEqual(chosen({ family: 4 }), ["eth0 4 224.0.0.251"])
    assert.deepStrictEqual(chosen({ interface: "wlan0", family: 4 }), [])
    assert.deepStrictEqual(chosen({ interface: "nowhere0" }), [])
  })
})

describe("whose answers count (RFC 6762 11)", () => {
  const [four, six] = Link.choose(machine, { interface: "eth0" }) as [Link.Link, Link.Link]
  const cases: ReadonlyArray<readonly [Link.Link, string, boolean]> = [
    [four, "192.0.2.99", true],
    [four, "198.51.100.63", true],
    [four, "198.51.100.64", false],
    [four, "203.0.113.1", false],
    [six, "fe80::99%eth0", true],
    [six, "fe80::99%wlan0", false],
    [six, "2001:db8::99", true],
    [six, "2001:db8:0:1::99", false]
  ]
  for (const [link, address, counts] of cases) {
    it(`${address} ${counts ? "is a neighbour" : "is not of this link"}`, () => {
      assert.strictEqual(Link.isNeighbour(link, address), counts)
    })
  }
})
