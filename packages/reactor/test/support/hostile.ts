/**
 * Hostile peers and lossy networks, by name, for the tests and for the bench: each scenario makes exchanges and says
 * what each must end with.
 */
import { Exchange, ExchangeError } from "@handoff/core"
import type { Tls } from "@handoff/reactor"
import { Faults, Memory, Reactor, Server } from "@handoff/reactor"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Dns from "effect/net/Dns"
import * as Host from "effect/net/Host"
import type * as Scope from "effect/Scope"
import { certificates } from "./certificates.ts"
import { closedPort, loopback, octets, tcp, udp } from "./peers.ts"

/** How an exchange ended: `receive Reset after 3`, or `success`. */
export type Ending = string

export interface Result {
  readonly what: string
  readonly expected: ReadonlyArray<Ending>
  readonly got: Ending
  /** Whether a failure named its peer and stage. */
  readonly isTyped: boolean
}

export interface Scenario {
  readonly name: string
  readonly run: Effect.Effect<ReadonlyArray<Result>, unknown, Scope.Scope>
}

type Fields = Partial<ConstructorParameters<typeof Exchange>[0]>

const line = { _tag: "Delimiter" as const, delimiter: octets("\n") }

const exchange = (fields: Fields): Exchange =>
  new Exchange({
    transport: "tcp",
    peer: loopback(9),
    request: octets("question\n"),
    until: line,
    idleTimeout: 300,
    ...fields
  })

const judge = (what: string, expected: ReadonlyArray<Ending>, exit: Exit.Exit<unknown, unknown>): Result => {
  if (exit._tag === "Success") return { what, expected, got: "success", isTyped: true }
  const error = Cause.squash(exit.cause)
  const isTyped = error instanceof ExchangeError && error.peer.length > 0 && error.stage.length > 0
  return { what, expected, got: isTyped ? `${error.stage} ${error.reason}` : String(error), isTyped }
}

const attempt = (
  reactor: Reactor.Reactor,
  what: string,
  fields: Fields,
  ...expected: ReadonlyArray<Ending>
): Effect.Effect<Result> =>
  Effect.map(Effect.exit(reactor.run(exchange(fields))), (exit) => judge(what, expected, exit))

const together = { concurrency: "unbounded" } as const

/** A server in memory that answers a line; every octet of its answer is a point at which something can go wrong. */
const answer = "an answer of thirty octets, eh\n"
const conversation = (script: (link: number) => Faults.Fault | undefined) =>
  Effect.gen(function* () {
    const network = new Memory.Network()
    yield* Server.serve({ transport: "custom", listen: network.listen("192.0.2.1:7") }, (peer) =>
      Effect.andThen(peer.readSome, peer.write(octets(answer)))
    )
    return yield* Reactor.make({ open: Faults.inject(network.open, script), drain: 0 })
  })

const memoryPeer = { peer: Host.hostPortFromStringUnsafe("192.0.2.1:7") }
const points = Array.from({ length: answer.length }, (_, point) => point)

export const scenarios: ReadonlyArray<Scenario> = [
  {
    name: "reset at every octet",
    run: Effect.gen(function* () {
      const reactor = yield* conversation((link) => ({ resetAfter: link }))
      return yield* Effect.forEach(points.slice(1), (point) =>
        attempt(reactor, `reset after about ${point}`, memoryPeer, "receive Reset")
      )
    })
  },
  {
    name: "reset by a real peer at every octet",
    run: Effect.gen(function* () {
      let count = 0
      const peer = yield* tcp((socket) => {
        const part = answer.slice(0, ++count)
        socket.write(part, () => setTimeout(() => socket.resetAndDestroy(), 5))
      })
      const reactor = yield* Reactor.make({ drain: 0 })
      return yield* Effect.forEach(points.slice(0, -1), (point) =>
        attempt(
          reactor,
          `reset after ${point + 1}`,
          { peer: peer.address },
          "receive Reset",
          "connect Reset",
          "send Reset"
        )
      )
    })
  },
  {
    name: "the end at every octet",
    run: Effect.gen(function* () {
      const reactor = yield* conversation((link) => ({ endAfter: link }))
      return yield* Effect.forEach(points, (point) =>
        attempt(
          reactor,
          `end after ${point}`,
          // A part of a reply is given as what it is: `closed`. None at all is a failure.
          memoryPeer,
          ...(point === 0 ? ["receive Closed", "success"] : ["success"])
        )
      )
    })
  },
  {
    name: "half-open at every octet",
    run: Effect.gen(function* () {
      const reactor = yield* conversation((link) => ({ silentAfter: link }))
      return yield* Effect.forEach(
        points,
        (point) => attempt(reactor, `silence after ${point}`, { ...memoryPeer, idleTimeout: 50 }, "receive Timeout"),
        together
      )
    })
  },
  {
    name: "connecting that fails or hangs",
    run: Effect.gen(function* () {
      const codes = ["ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH", "ETIMEDOUT", "ECONNRESET", "EADDRNOTAVAIL", "hang"]
      const reactor = yield* conversation((link) => ({ connect: codes[link] }))
      const reasons = ["Refused", "Unreachable", "Unreachable", "Timeout", "Reset", "Resources", "Timeout"]
      return yield* Effect.forEach(codes, (code, at) =>
        attempt(reactor, code, { ...memoryPeer, connectTimeout: 50 }, `connect ${reasons[at]}`)
      )
    })
  },
  {
    name: "one octet at a time",
    run: Effect.gen(function* () {
      const reactor = yield* conversation(() => ({ trickleMillis: 5 }))
      return yield* Effect.all(
        [
          attempt(reactor, "trickled and whole", memoryPeer, "success"),
          attempt(reactor, "trickled past the total", { ...memoryPeer, totalTimeout: 40 }, "receive Timeout")
        ],
        together
      )
    })
  },
  {
    name: "never answers, answers without end, answers nonsense",
    run: Effect.gen(function* () {
      const silent = yield* tcp(() => {})
      const endless = yield* tcp((socket) => {
        const more = (): void => {
          while (socket.writable && socket.write("x".repeat(65_536)));
        }
        socket.on("drain", more)
        more()
      })
      const wrong = yield* tcp((socket) =>
        socket.end(Uint8Array.from({ length: 999 }, (_, i) => (i * 7 + 11) & 0xfe || 2))
      )
      const reactor = yield* Reactor.make({ drain: 0 })
      return yield* Effect.all(
        [
          attempt(reactor, "silence", { peer: silent.address, idleTimeout: 40 }, "receive Timeout"),
          attempt(reactor, "no end", { peer: endless.address }, "receive TooLong"),
          attempt(
            reactor,
            "no end, until close",
            { peer: endless.address, until: { _tag: "Close" } },
            "receive TooLong"
          ),
          attempt(
            reactor,
            "never the delimiter",
            { peer: wrong.address, until: { _tag: "Delimiter", delimiter: octets("\x01\x01\x01") }, maxOctets: 500 },
            "receive TooLong"
          ),
          attempt(
            reactor,
            "silence while sending",
            { peer: silent.address, request: new Uint8Array(3e7), idleTimeout: 200 },
            "send Timeout",
            "receive Timeout"
          )
        ],
        together
      )
    })
  },
  {
    name: "TLS failures of each kind",
    run: Effect.gen(function* () {
      const { ca, expired, good, other, selfSigned } = certificates()
      const serve = (options: Tls.ServerOptions) =>
        Server.serve(
          { transport: "tls", ...options },
          (peer) => Effect.flatMap(peer.readSome, () => peer.write(octets("hello\n"))),
          {
            drain: 0
          }
        )
      const to = (server: Server.Server): Fields => ({
        transport: "tls",
        peer: Host.hostPortFromStringUnsafe(`good.example.org:${server.port}`)
      })
      const plain = yield* tcp((socket) => socket.end("220 I speak no TLS\r\n"))
      const silent = yield* tcp(() => {})
      const rude = yield* tcp((socket) => socket.once("data", () => socket.resetAndDestroy()))
      const zone = Dns.layerStatic({ hosts: { "good.example.org": ["127.0.0.1"] } })
      const reactor = yield* Effect.provide(Reactor.make({ tls: { ca, alpn: ["echo"] }, drain: 0 }), zone)
      const named = (port: number): Fields => ({
        transport: "tls",
        peer: Host.hostPortFromStringUnsafe(`good.example.org:${port}`)
      })
      return yield* Effect.all(
        [
          attempt(reactor, "well", to(yield* serve(good)), "success"),
          attempt(reactor, "another's name", to(yield* serve(other)), "tls Unknown"),
          attempt(reactor, "expired", to(yield* serve(expired)), "tls Unknown"),
          attempt(reactor, "signed by itself", to(yield* serve(selfSigned)), "tls Unknown"),
          attempt(
            reactor,
            "an old version",
            to(yield* serve({ ...good, maxVersion: "TLSv1.1" })),
            "tls Unknown",
            "tls Reset"
          ),
          attempt(
            reactor,
            "no common protocol",
            to(yield* serve({ ...good, alpn: ["other"] })),
            "tls Unknown",
            "tls Reset"
          ),
          attempt(
            reactor,
            "a client certificate wanted",
            to(yield* serve({ ...good, clientCa: ca })),
            "tls Unknown",
            "tls Reset",
            "receive Unknown",
            "receive Reset",
            "receive Closed"
          ),
          attempt(reactor, "no TLS at all", named(plain.port), "tls Unknown"),
          attempt(reactor, "silence", { ...named(silent.port), connectTimeout: 60 }, "tls Timeout", "connect Timeout"),
          attempt(reactor, "reset in the handshake", named(rude.port), "tls Reset")
        ],
        together
      )
    })
  },
  {
    name: "datagrams dropped, repeated and reordered",
    run: Effect.gen(function* () {
      const peer = yield* udp((question, reply) => reply(question))
      const relay = yield* Faults.lossyRelay(peer.port, { drop: 0.2, repeat: 0.2, reorder: 0.2, seed: 7 })
      const closed = yield* closedPort
      const reactor = yield* Reactor.make({ drain: 0 })
      const fields: Fields = { transport: "udp", until: { _tag: "Datagram" } }
      const lossy = yield* Effect.forEach(
        Array.from({ length: 60 }, (_, i) => i),
        (i) =>
          Effect.map(
            Effect.exit(
              reactor.run(exchange({ ...fields, peer: loopback(relay), request: octets(`${i}`), idleTimeout: 100 }))
            ),
            (exit) => {
              const wrong = exit._tag === "Success" && Buffer.from(exit.value.octets).toString() !== `${i}`
              const result = judge(`lossy ${i}`, ["success", "receive Timeout"], exit)
              return wrong ? { ...result, got: "another's reply" } : result
            }
          ),
        together
      )
      const dead = yield* attempt(reactor, "nobody there", { ...fields, peer: loopback(closed) }, "receive Refused")
      const large = yield* attempt(
        reactor,
        "too large",
        { ...fields, peer: loopback(peer.port), request: new Uint8Array(70_000) },
        "send BadRequest",
        "receive BadRequest"
      )
      return [...lossy, dead, large]
    })
  },
  {
    name: "names that fail in every way",
    run: Effect.gen(function* () {
      const reasons = [
        "NotFound",
        "Timeout",
        "Temporary",
        "Refused",
        "ServerFailure",
        "BadName",
        "InvalidResponse"
      ] as const
      const dns = Dns.make({
        lookup: (host) =>
          host === "hang.example.org"
            ? Effect.never
            : Effect.fail(
                new Dns.DnsError({
                  reason: reasons.find((reason) => host.startsWith(reason.toLowerCase())) ?? "Unknown",
                  method: "lookup",
                  hostname: host
                })
              )
      })
      const reactor = yield* Effect.provideService(Reactor.make({ drain: 0 }), Dns.Dns, dns)
      const at = (name: string): Fields => ({ peer: Host.hostPortFromStringUnsafe(`${name}.example.org:80`) })
      const expected: Record<string, string> = { NotFound: "NotFound", Timeout: "Timeout", BadName: "BadRequest" }
      const failures = yield* Effect.forEach(reasons, (reason) =>
        attempt(reactor, reason, at(reason.toLowerCase()), `resolve ${expected[reason] ?? "Unknown"}`)
      )
      const hung = yield* attempt(reactor, "hangs", { ...at("hang"), connectTimeout: 30 }, "resolve Timeout")
      return [...failures, hung]
    })
  }
]
