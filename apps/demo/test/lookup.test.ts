import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Lab from "#demo/lab/Lab"
import * as Difference from "#demo/lookup/Difference"
import { handoff, json } from "./support/command.ts"
import { aNetwork } from "./support/network.ts"

const files: Difference.Files = {
  hosts: "127.0.0.1 localhost\n192.0.2.7 printer printer.example # upstairs\n",
  resolvConf: "nameserver 192.0.2.53\nsearch example corp.example\n",
  nsswitch: "passwd: files\nhosts: files mdns4_minimal [NOTFOUND=return] dns\n"
}

describe("why strategies differ", () => {
  const explain = (subject: string, changed: Partial<Difference.Files> = {}, nameServer?: string) =>
    Difference.explain({ subject, nameServer }, { ...files, ...changed }).join("\n")
  const nothing = { hosts: "", resolvConf: "", nsswitch: "hosts: files dns" }

  it("is found in the hosts file, the search list and nsswitch.conf", () => {
    const ofPrinter = explain("printer")
    assert.include(
      ofPrinter,
      "the hosts file says 192.0.2.7: threads reads it first, dns reads it first, reactor does not for names"
    )
    assert.include(ofPrinter, "a name without a dot is completed by the search list (example corp.example)")
    assert.include(ofPrinter, "also consults mdns4_minimal (nsswitch.conf)")
    assert.include(
      explain("192.0.2.7"),
      "the hosts file says printer, printer.example: threads reads it first, dns reads it first, reactor does;"
    )
    assert.include(explain("nas.local"), "multicast DNS")
    assert.strictEqual(explain("www.example.org", nothing), "")
    assert.include(explain("www", nothing), "no search list")
  })

  it("is in who was asked: the C library knows the system's name servers alone", () => {
    const why = explain("printer", {}, "192.0.2.99:5353")
    assert.include(why, "reactor and dns asked 192.0.2.99:5353, as --name-server says; threads asks 192.0.2.53")
    assert.include(why, "threads reads it first, dns does not where --name-server is given")
    assert.include(explain("printer", nothing, "192.0.2.99:5353"), "threads asks the system's")
  })

  it("is in how many dots a name has, and none in a name that ends in one", () => {
    assert.include(explain("www.example.org"), "a name that is not found as it is is completed by the search list")
    const resolvConf = "search cluster.example\noptions timeout:1 ndots:5\n"
    assert.include(
      explain("www.example.org", { resolvConf }),
      "fewer dots than 5 (ndots) is first completed by the search list (cluster.example)"
    )
    assert.notInclude(explain("www.example.org."), "search list")
    assert.notInclude(explain("printer."), "search list")
    assert.include(
      explain("printer."),
      "the hosts file says 192.0.2.7: threads finds no name with a dot at its end there"
    )
  })
})

describe("where strategies differ", () => {
  it("is each answer that not all of them have", () => {
    const answers = [
      { strategy: "threads", found: ["127.0.0.1", "192.0.2.7"] },
      { strategy: "reactor", found: [] },
      { strategy: "dns", found: ["127.0.0.1", "127.0.0.1"] }
    ]
    assert.deepStrictEqual(Difference.where(answers), [
      "127.0.0.1: by threads and dns, not by reactor",
      "192.0.2.7: by threads, not by reactor and dns"
    ])
    assert.deepStrictEqual(Difference.where([{ strategy: "dns", found: ["a"] }]), [])
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
        // localhost is in this machine's hosts file, which c-ares with a name server of its own is not asked to read.
        const shown = (yield* handoff(["lookup", ...server, "nowhere.lab.test"])).stdout
        assert.match(shown, /^reactor +not-found/m)
        assert.match(shown, /All strategies give the same answer|Why:\n- reactor and dns asked 127\./)
        // An international name is asked for in ASCII, and a name with a dot at its end as it is.
        const sharp = (yield* handoff(["lookup", ...server, "b\u00fccher.lab.test."])).stdout
        assert.include(sharp, "b\u00fccher.lab.test. is asked for as xn--bcher-kva.lab.test.\n")
        const complete = json((yield* handoff(["lookup", "--json", ...server, `${host.name}.`])).stdout)
        for (const { found, strategy } of complete) if (strategy !== "threads") assert.include(found, host.ipv4)
        const bad = yield* handoff(["lookup", "a..b"])
        assert.strictEqual(bad.code, 2)
        assert.include(bad.stderr, "empty label")
      }).pipe(Effect.scoped),
    60_000
  )
})
