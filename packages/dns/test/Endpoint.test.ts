/** Name servers as text: what is read, and that what is written is read again. */
import { assert, describe, it } from "@effect/vitest"
import { Endpoint, native } from "#internal"
import * as Result from "effect/Result"

/** Text, and how it is written again. */
const places: ReadonlyArray<readonly [string, string]> = [
  ["192.0.2.53", "192.0.2.53:53"],
  ["192.0.2.53:5353", "192.0.2.53:5353"],
  ["2001:db8::53", "[2001:db8::53]:53"],
  ["[2001:db8::53]", "[2001:db8::53]:53"],
  ["[2001:db8::53]:5353", "[2001:db8::53]:5353"],
  ["fe80::53%eth0", "[fe80::53%eth0]:53"],
  ["[fe80::53%2]:5353", "[fe80::53%2]:5353"],
  ["udp://192.0.2.53", "192.0.2.53:53"],
  ["tcp://192.0.2.53", "tcp://192.0.2.53:53"],
  ["tcp://[2001:db8::53]", "tcp://[2001:db8::53]:53"],
  ["tcp://[fe80::53%eth0]:5353", "tcp://[fe80::53%eth0]:5353"],
  ["tls://192.0.2.53", "tls://192.0.2.53:853"],
  ["tls://192.0.2.53:8853#dns.example", "tls://192.0.2.53:8853#dns.example"],
  ["tls://2001:db8::53#dns.example", "tls://[2001:db8::53]:853#dns.example"],
  ["tls://[2001:db8::53]", "tls://[2001:db8::53]:853"],
  ["https://192.0.2.53", "https://192.0.2.53/dns-query#192.0.2.53"],
  ["https://[2001:db8::53]", "https://[2001:db8::53]/dns-query#2001:db8::53"],
  ["https://dns.example/#192.0.2.53", "https://dns.example/dns-query#192.0.2.53"],
  ["https://dns.example:8443/q?user=7#[2001:db8::53]", "https://dns.example:8443/q?user=7#2001:db8::53"]
]

describe("a name server as text", () => {
  it.each(places)("%s", (text, written) => {
    const endpoint = Endpoint.makeUnsafe(text)
    assert.strictEqual(Endpoint.format(endpoint), written)
    assert.deepStrictEqual(Endpoint.makeUnsafe(written), endpoint)
  })

  it.each([
    "",
    "dns.example",
    "192.0.2.53%eth0",
    "192.0.2.53:70000",
    "[2001:db8::53",
    "http://192.0.2.53",
    "https://dns.example/"
  ])("is not %s", (text) => {
    assert.isTrue(Result.isFailure(Endpoint.make(text)))
  })
})

describe.skipIf(process.platform === "win32")("an address on a link", () => {
  const eth0 = {
    address: "fe80::9",
    netmask: "",
    mac: "",
    internal: false,
    cidr: null,
    family: "IPv6",
    scopeid: 2
  } as const

  it("is given to the system with the name of its interface", () => {
    const address = (text: string) => native(Endpoint.makeUnsafe(text), { eth0: [eth0] }).address
    assert.strictEqual(address("fe80::53%2"), "fe80::53%eth0")
    assert.strictEqual(address("fe80::53%eth0"), "fe80::53%eth0")
    assert.strictEqual(address("fe80::53%7"), "fe80::53%7")
    assert.strictEqual(address("2001:db8::53"), "2001:db8::53")
  })
})
