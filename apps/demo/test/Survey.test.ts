import { assert, describe, it } from "@effect/vitest"
import {
  Call,
  Direct,
  Exchange,
  ExchangeError,
  type Executor,
  Lost,
  LookupAddress,
  LookupError,
  LookupHost,
  Overloaded,
  QueryRecords,
  Unsupported,
  type Reply,
  type ExecutorError,
  type Task
} from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Dns from "effect/net/Dns"
import * as Host from "effect/net/Host"
import * as NetAddress from "effect/net/NetAddress"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { Inspect } from "#demo/inspect/Inspect"
import * as Fingerprint from "#demo/survey/fingerprint"
import * as Survey from "#demo/survey/Survey"
import type { Tasks } from "#demo/strategies"
import type { Target } from "#demo/survey/Target"

const target = (host: string, rest: Partial<Target> = {}): Target => ({
  _tag: "Target",
  line: 1,
  host,
  isAddress: false,
  ports: [],
  ...rest
})

/** A network of one host, `a.example` at 192.0.2.1 and 2001:db8::1, which greets on port 22; each part can be replaced. */
const network = (parts: Parts): Effect.Effect<Executor.Executor<Tasks>, never, Scope.Scope> =>
  Direct.make([
    Direct.handle(QueryRecords, () => Effect.die("a survey asked for records")),
    Direct.handle(Inspect, parts.inspect ?? (() => Effect.die("a survey inspected a port"))),
    Direct.handle(LookupHost, parts.host ?? lookup),
    Direct.handle(LookupAddress, parts.address ?? (() => Effect.succeed(["b.example", "A.example"] as const))),
    Direct.handle(Exchange, parts.exchange ?? (() => Effect.succeed(saying("hello\r\nmore")))),
    Direct.handle(Call, parts.call ?? ((task: Call) => Effect.succeed(`print of ${String(task.args[0])}`)))
  ])

interface Parts {
  readonly host?: (task: LookupHost) => Run<LookupHost>
  readonly address?: (task: LookupAddress) => Run<LookupAddress>
  readonly exchange?: (task: Exchange) => Run<Exchange>
  readonly inspect?: (task: Inspect) => Run<Inspect>
  readonly call?: (task: Call) => Run<Call>
}

type Run<T extends Task.Any> = Effect.Effect<Task.Success<T>, Task.Failure<T> | ExecutorError>

const lookup = (task: LookupHost): Run<LookupHost> =>
  task.name === "a.example"
    ? Effect.succeed([NetAddress.ipFromStringUnsafe(task.family === "IPv6" ? "2001:db8::1" : "192.0.2.1")])
    : Effect.fail(new LookupError({ name: task.name, reason: "NotFound", code: "NXDOMAIN" }))

const saying = (words: string): Reply => ({ octets: new TextEncoder().encode(words), peer: "x", end: "complete" })

const ports = [{ port: 22, protocol: "greeting" as const }]

const surveyOf = (parts: Parts, host = target("a.example")) =>
  Effect.flatMap(network(parts), (executor) => Survey.survey(executor, host, { ports }))

describe("a survey of one host", () => {
  it.effect("has its addresses, where they lead back to, what its ports say, and a fingerprint of that", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* surveyOf({}), {
        line: 1,
        host: "a.example",
        state: "done",
        addresses: [
          { address: "192.0.2.1", names: ["a.example", "b.example"] },
          { address: "2001:db8::1", names: ["a.example", "b.example"] }
        ],
        agrees: true,
        ports: [{ port: 22, protocol: "greeting", state: "open", says: "hello" }],
        fingerprint: "print of 22/greeting hello"
      })
    })
  )

  it.effect("asks for the status line of an http port, by the host's name", () =>
    Effect.gen(function* () {
      let asked = ""
      const exchange = (task: Exchange) => {
        asked = new TextDecoder().decode(task.request)
        return Effect.succeed(saying("HTTP/1.1 200 OK\r\n"))
      }
      const host = target("a.example", { ports: [{ port: 8080, protocol: "http" }] })
      const finding = yield* surveyOf({ exchange }, host)
      assert.strictEqual(asked.split("\r\n")[0], "GET / HTTP/1.1")
      assert.include(asked, "Host: a.example:8080\r\n")
      assert.strictEqual(finding.ports[0]?.says, "HTTP/1.1 200 OK")
    })
  )

  for (const reason of ["TooLong", "Timeout"] as const) {
    it.effect(`asks for the status alone where a page has no title and does not end: ${reason}`, () =>
      Effect.gen(function* () {
        const asked: Array<string> = []
        const exchange = (task: Exchange) => {
          asked.push(new TextDecoder().decode(task.request).split(" ")[0]!)
          return asked.length === 1
            ? Effect.fail(new ExchangeError({ peer: "x", stage: "receive", reason, received: 262_145 }))
            : Effect.succeed(saying("HTTP/1.1 200 OK\r\n"))
        }
        const finding = yield* surveyOf({ exchange }, target("a.example", { ports: [{ port: 80, protocol: "http" }] }))
        assert.deepStrictEqual(asked, ["GET", "HEAD"])
        assert.strictEqual(finding.ports[0]?.says, "HTTP/1.1 200 OK")
      })
    )
  }

  it.effect("does not ask a peer again that has not said a word", () =>
    Effect.gen(function* () {
      let asked = 0
      const exchange = () => {
        asked++
        return Effect.fail(new ExchangeError({ peer: "x", stage: "receive", reason: "Timeout", received: 0 }))
      }
      const finding = yield* surveyOf({ exchange }, target("a.example", { ports: [{ port: 80, protocol: "http" }] }))
      assert.strictEqual(finding.ports[0]?.state, "timeout")
      assert.strictEqual(asked, 1)
    })
  )

  it.effect("has what an inspection finds, and asks for the certificate of the host's name", () =>
    Effect.gen(function* () {
      let asked: Inspect | undefined
      const hostKey = { type: "ssh-ed25519", bits: 256, fingerprint: "SHA256:x" }
      const inspect = (task: Inspect) => {
        asked = task
        return Effect.succeed({ says: "SSH-2.0-x", hostKey })
      }
      const finding = yield* surveyOf({ inspect }, target("a.example", { ports: [{ port: 22, protocol: "ssh" }] }))
      assert.deepStrictEqual(finding.ports, [{ port: 22, protocol: "ssh", state: "open", says: "SSH-2.0-x", hostKey }])
      assert.strictEqual(asked?.serverName, "a.example")
      const address = target("192.0.2.9", { isAddress: true, ports: [{ port: 443, protocol: "tls" }] })
      yield* surveyOf({ inspect }, address)
      assert.strictEqual(asked?.serverName, undefined)
    })
  )

  it.effect("hears the greeting where nobody can hold a longer conversation", () =>
    Effect.gen(function* () {
      const inspect = () => Effect.fail(new Unsupported({ executor: "x", kind: "Inspect", supportedBy: [] }))
      const host = target("a.example", {
        ports: [
          { port: 22, protocol: "ssh" },
          { port: 443, protocol: "https" }
        ]
      })
      const { ports } = yield* surveyOf({ inspect }, host)
      assert.deepStrictEqual(ports, [
        { port: 22, protocol: "ssh", state: "open", says: "hello" },
        { port: 443, protocol: "https", state: "unsupported" }
      ])
    })
  )

  it.effect("of an address does not look its name up", () =>
    Effect.gen(function* () {
      const host = () => Effect.die("an address was looked up")
      const finding = yield* surveyOf({ host }, target("192.0.2.9", { isAddress: true }))
      assert.strictEqual(finding.state, "done")
      assert.strictEqual(finding.addresses[0]?.address, "192.0.2.9")
    })
  )

  it.effect("that has no address fails with why, and nobody is talked to", () =>
    Effect.gen(function* () {
      const exchange = () => Effect.die("a host without an address was talked to")
      const finding = yield* surveyOf({ exchange }, target("nowhere.example"))
      assert.deepStrictEqual(finding, {
        line: 1,
        host: "nowhere.example",
        state: "failed",
        problem: "not-found",
        addresses: [],
        ports: []
      })
    })
  )

  it.effect("has one word for what the C library cannot tell apart", () =>
    Effect.gen(function* () {
      for (const reason of ["Timeout", "Temporary", "ServerFailure"] as const) {
        const host = (task: LookupHost) => Effect.fail(new LookupError({ name: task.name, reason, code: reason }))
        assert.strictEqual((yield* surveyOf({ host })).problem, "try-again")
      }
    })
  )

  it.effect("says when an address leads back to another name", () =>
    Effect.gen(function* () {
      const address = () => Effect.succeed(["old.example"] as const)
      assert.strictEqual((yield* surveyOf({ address })).agrees, false)
      const nowhere = () => Effect.fail(new LookupError({ name: "x", reason: "NotFound", code: "NXDOMAIN" }))
      assert.strictEqual((yield* surveyOf({ address: nowhere })).agrees, undefined)
    })
  )

  it.effect("has the records that are asked for, as a zone file would", () =>
    Effect.gen(function* () {
      const mx = Dns.makeRecordUnsafe("MX", { exchange: Host.domainNameFromStringUnsafe("mail.example"), priority: 10 })
      const executor = yield* Direct.make([
        Direct.handle(LookupHost, lookup),
        Direct.handle(QueryRecords, ({ name, type }) =>
          type === "MX"
            ? Effect.succeed({ name, type, ttl: 60, records: [mx] as const })
            : Effect.fail(new LookupError({ name, reason: "NotFound", code: "NODATA" }))
        )
      ])
      const finding = yield* Survey.survey(executor as Executor.Executor<Tasks>, target("a.example"), {
        ports: [],
        records: ["MX", "CAA"]
      })
      assert.deepStrictEqual(finding.records, { MX: ["10 mail.example"], CAA: "not-found" })
    })
  )

  it.effect("knows which text records are policies, and under which name they are", () =>
    Effect.gen(function* () {
      const text = (words: string) => Dns.makeRecordUnsafe("TXT", { chunks: [words] })
      const executor = yield* Direct.make([
        Direct.handle(LookupHost, lookup),
        Direct.handle(QueryRecords, ({ name, type }) => {
          const records = {
            "a.example": [text("other"), text("v=spf1 -all")],
            "_dmarc.a.example": [text("v=DMARC1; p=none; \u009b31m")]
          }[name]
          return type === "TXT" && records !== undefined
            ? Effect.succeed({ name, type, ttl: 60, records: records as never })
            : Effect.fail(new LookupError({ name, reason: "NotFound", code: "NXDOMAIN" }))
        })
      ])
      const finding = yield* Survey.survey(executor as Executor.Executor<Tasks>, target("a.example"), {
        ports: [],
        records: ["SPF", "DMARC", "MTA-STS"]
      })
      assert.deepStrictEqual(finding.records, {
        SPF: ['"v=spf1 -all"'],
        // Strangers' records do not colour anybody's terminal.
        DMARC: ['"v=DMARC1; p=none; \\u009b31m"'],
        "MTA-STS": "not-found"
      })
    })
  )

  it.effect("tries what failed for now again, as often as is asked for", () =>
    Effect.gen(function* () {
      let asked = 0
      const host = (task: LookupHost): Run<LookupHost> =>
        asked++ < 4 ? Effect.fail(new LookupError({ name: task.name, reason: "Timeout", code: "T" })) : lookup(task)
      const surveyWith = (retries: number) =>
        Effect.flatMap(network({ host }), (executor) =>
          Survey.survey(executor, target("a.example"), { ports, retries })
        )
      assert.strictEqual((yield* surveyWith(1)).problem, "try-again")
      assert.strictEqual((yield* surveyWith(2)).state, "done")
    })
  )

  it.effect("makes what a terminal would act on visible", () =>
    Effect.gen(function* () {
      const finding = yield* surveyOf({ exchange: () => Effect.succeed(saying("\u001b[31mred\u0007\n")) })
      assert.strictEqual(finding.ports[0]?.says, "\ufffd[31mred\ufffd")
    })
  )

  it.effect("fails with every port's reason when none answers", () =>
    Effect.gen(function* () {
      const exchange = (task: Exchange) =>
        Effect.fail(
          new ExchangeError({
            peer: String(task.peer),
            stage: "connect",
            reason: "Refused",
            received: 0,
            code: "ECONNREFUSED"
          })
        )
      const finding = yield* surveyOf({ exchange })
      assert.strictEqual(finding.problem, "no port answered (refused)")
      assert.strictEqual(finding.fingerprint, undefined)
    })
  )

  it.effect("asks a full executor again, later, and gives up in the end", () =>
    Effect.gen(function* () {
      const full = new Overloaded({ executor: "x", kind: "Call", reason: "full", outstanding: 1, limit: 1 })
      let left = 3
      const call = () => (left-- > 0 ? Effect.fail(full) : Effect.succeed("print"))
      const patient = yield* Effect.forkChild(surveyOf({ call }))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(patient)).fingerprint, "print")
      const hopeless = yield* Effect.forkChild(surveyOf({ call: () => Effect.fail(full) }))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(hopeless)).problem, "no fingerprint (overloaded)")
    })
  )

  it.effect("says that a task was lost", () =>
    Effect.gen(function* () {
      const call = () => Effect.fail(new Lost({ executor: "x", kind: "Call", how: "crash" }))
      assert.strictEqual((yield* surveyOf({ call })).problem, "no fingerprint (lost)")
    })
  )
})

describe("a survey of many hosts", () => {
  it.effect("has so many in work at once, and no more", () =>
    Effect.gen(function* () {
      let now = 0
      let most = 0
      const address = () =>
        Effect.gen(function* () {
          most = Math.max(most, ++now)
          yield* Effect.sleep("1 second")
          now--
          return ["a.example"] as const
        })
      const executor = yield* network({ address })
      const targets = Stream.fromIterable(
        Array.from({ length: 50 }, (_, index) => target("192.0.2.1", { isAddress: true, line: index + 1 }))
      )
      const fiber = yield* Effect.forkChild(Stream.runCollect(Survey.run(executor, targets, { ports, concurrency: 7 })))
      yield* TestClock.adjust("1 minute")
      const findings = yield* Fiber.join(fiber)
      assert.strictEqual(most, 7)
      assert.deepStrictEqual(
        findings.map(({ line }) => line).toSorted((a, b) => a - b),
        Array.from({ length: 50 }, (_, index) => index + 1)
      )
    })
  )
})

describe("a survey with a limit for each host", () => {
  it.effect("talks to no more of its ports at once", () =>
    Effect.gen(function* () {
      let now = 0
      let most = 0
      const exchange = () =>
        Effect.gen(function* () {
          most = Math.max(most, ++now)
          yield* Effect.sleep("1 second")
          now--
          return saying("hello\r\n")
        })
      const executor = yield* network({ exchange })
      const many = Array.from({ length: 9 }, (_, index) => ({ port: index + 1, protocol: "greeting" as const }))
      const fiber = yield* Effect.forkChild(Survey.survey(executor, target("a.example"), { ports: many, perHost: 2 }))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber)).ports.length, 9)
      assert.strictEqual(most, 2)
    })
  )

  it.effect("gives a host up that takes longer, and goes on", () =>
    Effect.gen(function* () {
      const address = (task: LookupAddress): Run<LookupAddress> =>
        NetAddress.formatIp(task.address) === "192.0.2.1" ? Effect.never : Effect.succeed(["a.example"] as const)
      const executor = yield* network({ address })
      const targets = Stream.make(
        target("192.0.2.1", { isAddress: true }),
        target("192.0.2.2", { isAddress: true, line: 2 })
      )
      const fiber = yield* Effect.forkChild(
        Stream.runCollect(Survey.run(executor, targets, { ports, concurrency: 1, hostTimeout: 5_000 }))
      )
      yield* TestClock.adjust("5 seconds")
      const findings = yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        findings.map(({ problem, state }) => [state, problem]),
        [
          ["failed", "took too long"],
          ["done", undefined]
        ]
      )
    })
  )

  it.effect("has not been at work while it waits for its turn", () =>
    Effect.gen(function* () {
      const executor = yield* network({
        exchange: () => Effect.delay(Effect.succeed(saying("hello\r\n")), "2 seconds")
      })
      const pace = { host: Effect.delay("1 minute"), task: Effect.void }
      const took: Array<number> = []
      const watch = (_: unknown, milliseconds: number) => Effect.sync(() => void took.push(milliseconds))
      const targets = Stream.make(target("a.example"))
      const fiber = yield* Effect.forkChild(
        Stream.runCollect(Survey.run(executor, targets, { ports, pace, watch, hostTimeout: 5_000 }))
      )
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(
        (yield* Fiber.join(fiber)).map(({ state }) => state),
        ["done"]
      )
      assert.deepStrictEqual(took, [2_000])
    })
  )
})

describe("the fingerprint", () => {
  for (const [name, print] of [
    ["digest", Fingerprint.digest],
    ["scrypt", Fingerprint.scrypt]
  ] as const) {
    it(`is ${name}: equal words give equal fingerprints, others do not`, () => {
      assert.match(print("a"), /^[0-9a-f]{32}$/)
      assert.strictEqual(print("a"), print("a"))
      assert.notStrictEqual(print("a"), print("b"))
    })
  }

  it.effect("is computed as the survey is asked to", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const call = (task: Call) => Effect.sync(() => (asked.push(task.function), "print"))
      const executor = yield* network({ call })
      for (const fingerprint of [undefined, ...Fingerprint.names]) {
        yield* Survey.survey(executor, target("a.example"), { ports, ...(fingerprint && { fingerprint }) })
      }
      assert.deepStrictEqual(asked, ["digest", "digest", "scrypt"])
    })
  )

  it.effect("is of what a host says but for its own names and addresses, so that hosts of one make have the same", () =>
    Effect.gen(function* () {
      const greets = (words: string) => ({ exchange: () => Effect.succeed(saying(`${words}\r\n`)) })
      const finding = yield* surveyOf(greets("220 A.example (b.example, 192.0.2.1) not-a.example a.example.org ESMTP"))
      assert.strictEqual(finding.fingerprint, "print of 22/greeting 220 * (*, *) not-a.example a.example.org ESMTP")
      assert.include(finding.ports[0]?.says, "A.example")
    })
  )
})
