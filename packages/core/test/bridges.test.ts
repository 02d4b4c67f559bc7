import { assert, describe, it } from "@effect/vitest"
import {
  AppExecutor,
  Batch,
  Call,
  CallError,
  Direct,
  DnsBridge,
  Exchange,
  LookupAddress,
  LookupError,
  LookupHost,
  NodeLookup,
  Overloaded,
  QueryRecords
} from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as AddressResolver from "effect/net/AddressResolver"
import * as Dns from "effect/net/Dns"
import * as Host from "effect/net/Host"
import * as NetAddress from "effect/net/NetAddress"
import { TestClock } from "effect/testing"
import { createServer, get, type Server } from "node:http"
import { connect, type AddressInfo } from "node:net"
import { call } from "./held.ts"

const ip = NetAddress.ipFromStringUnsafe
const notFound = (name: string) => new LookupError({ name, reason: "NotFound", code: "NXDOMAIN" })

/** Names of the test's own network; asked notes which were looked up. */
const makeLookups = (asked: Array<string> = []) =>
  Direct.make(
    [
      Direct.handle(LookupHost, ({ family, name }) => {
        asked.push(family === undefined ? name : `${name} ${family}`)
        if (name === "busy.test") {
          return Effect.fail(
            new Overloaded({ executor: "lab", kind: "LookupHost", reason: "full", outstanding: 1, limit: 1 })
          )
        }
        if (name === "slow.test") return Effect.fail(new LookupError({ name, reason: "Timeout", code: "ETIMEOUT" }))
        if (!name.endsWith("web.test")) return Effect.fail(notFound(name))
        const all = [ip("::1"), ip("127.0.0.1")].filter(
          (address) => family === undefined || NetAddress.isFamily(address, family)
        )
        return Effect.succeed(all as [NetAddress.IpAddress])
      }),
      Direct.handle(LookupAddress, ({ address }) =>
        NetAddress.formatIp(address) === "127.0.0.1"
          ? Effect.succeed(["web.test", "alias.test"] as const)
          : Effect.fail(notFound(NetAddress.formatIp(address)))
      ),
      Direct.handle(QueryRecords, ({ name, type }) =>
        type === "MX"
          ? Effect.succeed({
              name,
              type,
              ttl: 60,
              records: [
                Dns.makeRecordUnsafe("MX", { exchange: Host.domainNameFromStringUnsafe("mail.web.test"), priority: 10 })
              ] as const
            })
          : Effect.fail(notFound(name))
      )
    ],
    { name: "lab" }
  )

const exchangeAndCall = [
  Direct.handle(Exchange, () => Effect.die("not asked")),
  Direct.handle(Call, () => Effect.die("not asked"))
] as const

describe("an executor as Effect's Dns and AddressResolver", () => {
  it.effect("answers lookups, queries and reverse lookups", () =>
    Effect.gen(function* () {
      const dns = DnsBridge.makeDns(yield* makeLookups())
      assert.deepStrictEqual((yield* dns.lookup("Web.Test")).map(NetAddress.formatIp), ["::1", "127.0.0.1"])
      assert.deepStrictEqual((yield* dns.lookup("web.test", { family: "IPv4" })).map(NetAddress.formatIp), [
        "127.0.0.1"
      ])
      assert.deepStrictEqual((yield* dns.resolve("web.test", "MX")).map(Dns.formatRecord), ["MX 10 mail.web.test"])
      assert.deepStrictEqual([...(yield* dns.reverse("127.0.0.1"))].map(String), ["web.test", "alias.test"])
    })
  )

  const failures: ReadonlyArray<readonly [name: string, reason: Dns.DnsErrorReason]> = [
    ["nobody.test", "NotFound"],
    ["slow.test", "Timeout"],
    ["busy.test", "Temporary"],
    ["..", "BadName"]
  ]
  for (const [name, reason] of failures) {
    it.effect(`fails for ${name} with ${reason}, and keeps the strategy's error as the cause`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(DnsBridge.makeDns(yield* makeLookups()).lookup(name))
        assert.strictEqual(error.reason, reason)
        assert.isDefined(error.cause)
      })
    )
  }

  it.effect("says Unsupported for what the executor does not run", () =>
    Effect.gen(function* () {
      const some = yield* Direct.make([Direct.handle(LookupHost, () => Effect.fail(notFound("x")))])
      const error = yield* Effect.flip(DnsBridge.makeDns(some as never).reverse("127.0.0.1"))
      assert.strictEqual(error.reason, "Unsupported")
    })
  )

  it.effect("is a layer, under the app's executor, for every program that uses those services", () =>
    Effect.gen(function* () {
      const lookups = yield* makeLookups()
      const others = yield* Direct.make(exchangeAndCall)
      const app = Layer.succeed(AppExecutor, { ...others, ...lookups } as never)
      const addresses = yield* AddressResolver.AddressResolver.use((resolver) =>
        resolver.resolve("web.test:443", { family: "IPv4" })
      ).pipe(Effect.provide(DnsBridge.layer(AppExecutor).pipe(Layer.provide(app))))
      assert.deepStrictEqual(addresses.map(NetAddress.formatInet), ["127.0.0.1:443"])
    })
  )
})

const serve = Effect.acquireRelease(
  Effect.promise(
    () =>
      new Promise<Server>((resolve) => {
        const server = createServer((request, response) => response.end(`hello ${request.headers.host?.split(":")[0]}`))
        server.listen(0, "127.0.0.1", () => resolve(server))
      })
  ),
  (server) =>
    Effect.sync(() => {
      server.closeAllConnections()
      server.close()
    })
).pipe(Effect.map((server) => (server.address() as AddressInfo).port))

describe("an executor as a lookup function of Node's", () => {
  it.live("serves http.get", () =>
    Effect.gen(function* () {
      const port = yield* serve
      const asked: Array<string> = []
      const lookup = NodeLookup.make(yield* makeLookups(asked))
      const body = yield* Effect.promise(
        () =>
          new Promise<string>((resolve, reject) => {
            get({ host: "web.test", port, lookup, agent: false, family: 4 }, (response) => {
              let text = ""
              response.on("data", (chunk) => (text += chunk))
              response.on("end", () => resolve(text))
            }).on("error", reject)
          })
      )
      assert.strictEqual(body, "hello web.test")
      assert.deepStrictEqual(asked, ["web.test IPv4"])
    })
  )

  it.live("serves net.connect, which tries the addresses in turn", () =>
    Effect.gen(function* () {
      const port = yield* serve
      const lookup = NodeLookup.make(yield* makeLookups())
      const remote = yield* Effect.promise(
        () =>
          new Promise<string | undefined>((resolve, reject) => {
            const socket = connect({ host: "web.test", port, lookup, autoSelectFamily: true }, () => {
              resolve(socket.remoteAddress)
              socket.destroy()
            }).on("error", reject)
          })
      )
      assert.strictEqual(remote, "127.0.0.1")
    })
  )

  it.live("serves undici's connect.lookup", () =>
    Effect.gen(function* () {
      const port = yield* serve
      const asked: Array<string> = []
      const lookup = NodeLookup.make(yield* makeLookups(asked))
      const { Agent, request } = yield* Effect.promise(() => import("undici"))
      const agent = new Agent({ connect: { lookup } })
      const body = yield* Effect.promise(async () => {
        const response = await request(`http://www.web.test:${port}/`, { dispatcher: agent })
        return response.body.text()
      })
      yield* Effect.promise(() => agent.close())
      assert.strictEqual(body, "hello www.web.test")
      assert.deepStrictEqual(asked, ["www.web.test"])
    })
  )

  it.live("serves Effect's HttpClient, through the undici that carries it", () =>
    Effect.gen(function* () {
      const port = yield* serve
      const lookup = NodeLookup.make(yield* makeLookups())
      const { Agent, fetch } = yield* Effect.promise(() => import("undici"))
      const agent = new Agent({ connect: { lookup } })
      const FetchHttpClient = yield* Effect.promise(() => import("effect/http/FetchHttpClient"))
      const HttpClient = yield* Effect.promise(() => import("effect/http/HttpClient"))
      const body = yield* HttpClient.get(`http://web.test:${port}/`).pipe(
        Effect.flatMap((response) => response.text),
        Effect.provide(FetchHttpClient.layer),
        Effect.provideService(FetchHttpClient.Fetch, ((input: any, init: any) =>
          fetch(input, { ...init, dispatcher: agent })) as never)
      )
      yield* Effect.promise(() => agent.close())
      assert.strictEqual(body, "hello web.test")
    })
  )

  const errors: ReadonlyArray<readonly [name: string, code: string]> = [
    ["nobody.test", "ENOTFOUND"],
    ["slow.test", "EAI_AGAIN"],
    ["busy.test", "EAI_AGAIN"]
  ]
  for (const [name, code] of errors) {
    it.live(`fails for ${name} as dns.lookup does: ${code}`, () =>
      Effect.gen(function* () {
        const lookup = NodeLookup.make(yield* makeLookups())
        const error = yield* Effect.promise(
          () => new Promise<NodeJS.ErrnoException | null>((resolve) => lookup(name, {}, (error) => resolve(error)))
        )
        assert.deepStrictEqual(
          [error!.code, error!.syscall, error!.message],
          [code, "getaddrinfo", `getaddrinfo ${code} ${name}`]
        )
      })
    )
  }

  it.live("orders and restricts as asked", () =>
    Effect.gen(function* () {
      const lookup = NodeLookup.make(yield* makeLookups())
      const ask = (options: object) =>
        Effect.promise(
          () =>
            new Promise<unknown>((resolve) =>
              lookup("web.test", options, (_error, address, family) =>
                resolve(family === undefined ? address : [address, family])
              )
            )
        )
      const six = { address: "::1", family: 6 }
      const four = { address: "127.0.0.1", family: 4 }
      assert.deepStrictEqual(yield* ask({ all: true }), [six, four])
      assert.deepStrictEqual(yield* ask({ all: true, order: "ipv4first" }), [four, six])
      assert.deepStrictEqual(yield* ask({ family: 4 }), ["127.0.0.1", 4])
      assert.deepStrictEqual(yield* ask({ family: "IPv6", all: true }), [six])
    })
  )
})

describe("a batch function as an executor", () => {
  const failed = new CallError({ module: "m", function: "f", errorName: "Error", errorMessage: "odd" })
  const batches: Array<ReadonlyArray<unknown>> = []
  const make = (options: Partial<Batch.Options<Call<any>, never>>) =>
    Batch.make<Call<any>>({
      kinds: ["Call"],
      run: (entries) =>
        Effect.sync(() => {
          batches.push(entries.map(({ task }) => task.args[0]))
          for (const { answer, task } of entries) {
            const value = task.args[0] as number
            if (value !== 13) answer(value % 2 === 0 ? Exit.succeed(value * 10) : Exit.fail(failed))
          }
        }),
      ...options
    })

  it.effect("runs together what is handed off together, and answers each by itself", () =>
    Effect.gen(function* () {
      batches.length = 0
      const executor = yield* make({ delay: "10 millis" })
      const fibers = yield* Effect.forEach([0, 1, 2], (i) => Effect.forkChild(Effect.exit(executor.run(call("f", i)))))
      yield* TestClock.adjust("10 millis")
      assert.deepStrictEqual(yield* Effect.forEach(fibers, Fiber.join), [
        Exit.succeed(0),
        Exit.fail(failed),
        Exit.succeed(20)
      ])
      assert.deepStrictEqual(batches, [[0, 1, 2]])
    })
  )

  it.live("keeps to its size, and calls a task without an answer a defect", () =>
    Effect.gen(function* () {
      batches.length = 0
      const executor = yield* make({ size: 2 })
      const exits = yield* Effect.forEach([0, 2, 4, 6, 13], (i) => Effect.exit(executor.run(call("f", i))), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(
        batches.map((batch) => batch.length),
        [2, 2, 1]
      )
      assert.isTrue(Exit.hasDies(exits[4]!))
      const stats = yield* executor.stats
      assert.deepStrictEqual([stats.running, stats.done, stats.failed], [0, 4, 1])
    })
  )
})
