import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Lab from "#demo/lab/Lab"
import * as Difference from "#demo/lookup/Difference"
import { handoff, json } from "./command.ts"
import { aNetwork } from "./network.ts"

const files: Difference.Files = {
  hosts: "127.0.0.1 localhost\n192.0.2.7 printer printer.example # upstairs\n",
  resolvConf: "nameserver 192.0.2.53\nsearch example corp.example\n",
  nsswitch: "passwd: files\nhosts: files mdns4_minimal [NOTFOUND=return] dns\n"
}

describe("why strategies differ", () => {
  it("is found in the hosts file, the search list and nsswitch.conf", () => {
    const ofPrinter = Difference.explain("printer", files).join("\n")
    assert.include(ofPrinter, "the hosts file says 192.0.2.7")
    assert.include(ofPrinter, "the search list (example corp.example)")
    assert.include(ofPrinter, "also consults mdns4_minimal (nsswitch.conf)")
    assert.include(Difference.explain("192.0.2.7", files).join("\n"), "the hosts file says printer, printer.example")
    assert.include(Difference.explain("nas.local", files).join("\n"), "multicast DNS")
    assert.deepStrictEqual(
      Difference.explain("www.example.org", { hosts: "", resolvConf: "", nsswitch: "hosts: files dns" }),
      []
    )
  })
})

describe("handoff lookup", () => {
  it.live(
    "shows the answers side by side, and what explains their differences",
    () =>
      Effect.gen(function* () {
        const lab = yield* Lab.make({ network: aNetwork(), hosts: 20 })
        const host = lab.plan.hosts.find(({ behaviour }) => behaviour === "healthy")!
        const server = ["--name-server", `${lab.nameServer.address}:${lab.nameServer.port}`]
        const named = json((yield* handoff(["lookup", "--json", ...server, "localhost"])).stdout)
        assert.deepStrictEqual(
          named.map(({ strategy }) => strategy),
          ["threads", "reactor", "dns"]
        )
        const byName = json((yield* handoff(["lookup", "--json", ...server, host.ipv4])).stdout)
        for (const { found, strategy } of byName) {
          // The C library asks the system's own servers, not the lab's.
          if (strategy !== "threads") assert.deepStrictEqual(found, [host.reverse])
        }
        const bad = yield* handoff(["lookup", "a..b"])
        assert.strictEqual(bad.code, 1)
        assert.include(bad.stderr, "empty label")
      }).pipe(Effect.scoped),
    60_000
  )
})
