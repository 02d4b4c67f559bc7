import { assert, describe, it } from "@effect/vitest"
import { LookupHost } from "@handoff/core"
import { Dns } from "@handoff/dns"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Net from "node:net"
import { Resolver } from "node:dns/promises"
import * as Lab from "#demo/lab/Lab"
import * as Plan from "#demo/lab/Plan"
import { aNetwork } from "./support/network.ts"

const resolverOf = (lab: Lab.Lab) => {
  const resolver = new Resolver()
  resolver.setServers([`${lab.nameServer.address}:${lab.nameServer.port}`])
  return resolver
}

const ask = <A>(ask: () => Promise<A>) =>
  Effect.tryPromise({ try: ask, catch: (error) => error as NodeJS.ErrnoException })

const converse = (host: string, port: number, request?: string) =>
  Effect.callback<string, NodeJS.ErrnoException>((resume) => {
    let text = ""
    const socket = Net.connect({ host, port }, () => request !== undefined && socket.write(request))
    socket.on("data", (data) => {
      text += data.toString()
      if (request === undefined && text.includes("\n")) socket.destroy()
    })
    socket.on("error", (error) => resume(Effect.fail(error)))
    socket.on("close", () => resume(Effect.succeed(text)))
    return Effect.sync(() => socket.destroy())
  })

const behaving = (plan: Plan.Plan, behaviour: Plan.Behaviour) =>
  plan.hosts.find((host) => host.behaviour === behaviour) ?? assert.fail(`the plan has no ${behaviour} host`)

describe("the lab", () => {
  it("is the same for the same seed, and another for another", () => {
    assert.deepStrictEqual(Plan.make({ hosts: 200, seed: 7 }), Plan.make({ hosts: 200, seed: 7 }))
    assert.notDeepEqual(Plan.make({ hosts: 200, seed: 7 }).hosts, Plan.make({ hosts: 200, seed: 8 }).hosts)
  })

  it("gives each of 10,000 hosts a name and addresses of its own", () => {
    const { hosts } = Plan.make({ hosts: 10_000 })
    assert.strictEqual(new Set(hosts.map((host) => host.name)).size, 10_000)
    assert.strictEqual(new Set(hosts.map((host) => host.ipv4)).size, 10_000)
    for (const host of hosts) assert.match(host.ipv4, /^127\.\d+\.\d+\.\d+$/)
  })

  it("is served by as many processes as its sockets need, each host by one of them", () => {
    assert.strictEqual(Plan.parts(Plan.make()).length, 1)
    const plan = Plan.make({ hosts: 10_000 })
    const parts = Plan.parts(plan)
    assert.isAbove(parts.length, 1)
    const hosts = parts.flatMap((part) => {
      const { hosts } = Plan.partOf(plan, part)
      assert.isAtMost(
        hosts.reduce((sum, { services }) => sum + services.length, 0),
        10_200
      )
      assert.deepStrictEqual(Plan.parsePart(Plan.formatPart(part)), part)
      return hosts
    })
    const names = (hosts: ReadonlyArray<Plan.Host>) => hosts.map(({ name }) => name).toSorted()
    assert.deepStrictEqual(names(hosts), names(plan.hosts))
    for (const words of ["", "0/2", "3/2", "1/0", "x"]) assert.isUndefined(Plan.parsePart(words))
  })

  it("has every kind of broken host among the default few hundred", () => {
    const plan = Plan.make()
    for (const behaviour of ["missing", "serverFailure", "refusing", "silent", "closing", "slow"] as const) {
      behaving(plan, behaviour)
    }
  })

  it("has no broken host, or mostly broken ones, where that is asked for", () => {
    assert.isTrue(Plan.make({ broken: 0 }).hosts.every(({ behaviour }) => behaviour === "healthy"))
    const mostly = Plan.make({ broken: 6 }).hosts.filter(({ behaviour }) => behaviour !== "healthy")
    assert.isAtLeast(mostly.length, 200)
  })

  it.live("loses datagrams where that is asked for, and who asks again is answered", () =>
    Effect.gen(function* () {
      const lab = yield* Lab.make({ network: aNetwork(), hosts: 30, broken: 0, loss: 0.3 })
      const dns = yield* Dns.make({ servers: [`${lab.nameServer.address}:${lab.nameServer.port}`], hosts: false })
      const found = yield* Effect.forEach(
        lab.plan.hosts,
        ({ name }) => dns.run(new LookupHost({ name, family: "IPv4" })),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        found.map(([address]) => NetAddress.formatIp(address)),
        lab.plan.hosts.map(({ ipv4 }) => ipv4)
      )
      const { sends } = dns.resolver.counters
      assert.isAbove(sends, 30)
    }).pipe(Effect.scoped)
  )

  it.live("answers names, addresses and what is not there, over UDP and over TCP for what is long", () =>
    Effect.gen(function* () {
      const lab = yield* Lab.make({ network: aNetwork(), hosts: 300 })
      const resolver = resolverOf(lab)
      const healthy = behaving(lab.plan, "healthy")
      assert.deepStrictEqual(yield* ask(() => resolver.resolve4(healthy.name)), [healthy.ipv4])
      assert.deepStrictEqual(yield* ask(() => resolver.reverse(healthy.ipv4)), [healthy.reverse])
      const both = lab.plan.hosts.find((host) => host.ipv6 !== undefined && host.behaviour === "healthy")!
      assert.deepStrictEqual(yield* ask(() => resolver.resolve6(both.name)), [both.ipv6])
      assert.deepStrictEqual(yield* ask(() => resolver.reverse(both.ipv6!)), [both.reverse])
      const missing = yield* Effect.flip(ask(() => resolver.resolve4(behaving(lab.plan, "missing").name)))
      assert.strictEqual(missing.code, "ENOTFOUND")
      const none = yield* Effect.flip(ask(() => resolver.resolveMx(healthy.name)))
      assert.strictEqual(none.code, "ENODATA")
      const failing = yield* Effect.flip(ask(() => resolver.resolve4(behaving(lab.plan, "serverFailure").name)))
      assert.strictEqual(failing.code, "ESERVFAIL")
      const long = yield* ask(() => resolver.resolveTxt(`long.${lab.plan.zone}`))
      assert.strictEqual(long[0]?.length, 40)
    }).pipe(Effect.scoped)
  )

  it.live("greets, answers HTTP, closes and refuses as the plan says", () =>
    Effect.gen(function* () {
      const lab = yield* Lab.make({ network: aNetwork(), hosts: 300 })
      for (const host of lab.plan.hosts.filter((host) => host.behaviour === "healthy").slice(0, 12)) {
        for (const service of host.services.filter(({ protocol }) => protocol !== "https")) {
          const said = yield* converse(
            host.ipv4,
            service.port,
            service.protocol === "http" ? "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" : undefined
          )
          assert.strictEqual(said.split("\r\n")[0], service.text)
        }
      }
      assert.strictEqual(yield* converse(behaving(lab.plan, "closing").ipv4, 2222), "")
      const refused = yield* Effect.flip(converse(behaving(lab.plan, "refusing").ipv4, 2222))
      assert.strictEqual(refused.code, "ECONNREFUSED")
    }).pipe(Effect.scoped)
  )

  it.live("leaves nothing open, and says which port is taken", () =>
    Effect.gen(function* () {
      const network = aNetwork()
      const taken = yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Lab.make({ network, hosts: 20 })
          return yield* Effect.flip(Lab.make({ network, hosts: 20 }))
        })
      )
      assert.strictEqual(taken.code, "EADDRINUSE")
      assert.include(taken.message, "--network")
      // Gone with its scope: the same addresses are free again.
      yield* Effect.scoped(Lab.make({ network, hosts: 20 }))
    })
  )
})
