import { createConnection } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Server } from "@handoff/dns/server"
import { Framing, Message, Question } from "@handoff/dns/wire"
import { has, run } from "./support/peers.ts"
import { certificate } from "./support/certificate.ts"
import { lab, wildcards } from "./support/zones.ts"

const serve = Server.layer({ zones: [lab, wildcards], identity: "lab-1", tls: certificate })

const ask = (program: string, args: (server: Server["Service"]) => ReadonlyArray<string>) =>
  Effect.flatMap(Server, (server) => Effect.promise(() => run(program, args(server)))).pipe(Effect.provide(serve))

describe("other people's clients", () => {
  it.live.skipIf(!has("dig"))("dig reads answers, aliases, denials and referrals over UDP and TCP", () =>
    Effect.gen(function* () {
      const found = yield* ask("dig", ({ port }) => [
        "@127.0.0.1",
        "-p",
        String(port),
        "+norecurse",
        "www.lab.example",
        "A",
        "nothing.lab.example",
        "A",
        "+nsid",
        "child.lab.example",
        "A",
        "host.lab.example",
        "AAAA",
        "+tcp"
      ])
      assert.strictEqual(found.code, 0, found.stdout + found.stderr)
      assert.match(found.stdout, /www\.lab\.example\.\s+300\s+IN\s+CNAME\s+host\.lab\.example\./)
      assert.match(found.stdout, /status: NXDOMAIN/)
      assert.match(found.stdout, /lab-1/)
      assert.match(found.stdout, /ns\.child\.lab\.example\.\s+300\s+IN\s+A\s+192\.0\.2\.111/)
      assert.match(found.stdout, /AAAA\s+2001:db8::80/)
      assert.notMatch(found.stdout, /WARNING|malformed/i)
    })
  )
  it.live.skipIf(!has("dig"))("dig comes back over TCP for what was cut", () =>
    Effect.gen(function* () {
      const found = yield* ask("dig", ({ port }) => ["@127.0.0.1", "-p", String(port), "big.lab.example", "TXT"])
      assert.match(found.stdout, /Truncated, retrying in TCP mode/)
      assert.match(found.stdout, /0019xxx/)
    })
  )
  it.live.skipIf(!has("kdig"))("kdig asks over TLS", () =>
    Effect.gen(function* () {
      const found = yield* ask("kdig", ({ tlsPort }) => [
        "@127.0.0.1",
        "-p",
        String(tlsPort),
        "+tls",
        "mail.lab.example",
        "A"
      ])
      assert.match(found.stdout, /mail\.lab\.example\.\s+300\s+IN\s+A\s+192\.0\.2\.25/, found.stdout)
      assert.match(found.stdout, /TLS session/)
    })
  )
  it.live.skipIf(!has("kdig"))("kdig reads a DNAME and keeps a TCP connection open", () =>
    Effect.gen(function* () {
      const found = yield* ask("kdig", ({ port }) => [
        "@127.0.0.1",
        "-p",
        String(port),
        "+tcp",
        "+keepopen",
        "x.old.lab.example",
        "A",
        "many.lab.example",
        "A"
      ])
      assert.match(found.stdout, /old\.lab\.example\.\s+300\s+IN\s+DNAME\s+new\.lab\.example\./)
      assert.match(found.stdout, /192\.0\.2\.40/)
    })
  )
  it.live.skipIf(!has("drill"))("drill reads a wildcard's expansion", () =>
    Effect.gen(function* () {
      const found = yield* ask("drill", ({ port }) => ["-p", String(port), "@127.0.0.1", "anything.example", "TXT"])
      assert.match(found.stdout, /anything\.example\.\s+3600\s+IN\s+TXT\s+"this is a wildcard"/, found.stdout)
      assert.match(found.stdout, /rcode: NOERROR/)
    })
  )
  it.live.skipIf(!has("unbound"))("unbound resolves through us, with its case randomised and minimised names", () =>
    Effect.gen(function* () {
      const { Unbound } = yield* Effect.promise(() => import("./support/unbound.ts"))
      const server = yield* Server
      const unbound = yield* Unbound.start({
        conf: [
          "use-caps-for-id: yes",
          "qname-minimisation: yes",
          'local-zone: "example." nodefault',
          'domain-insecure: "lab.example."'
        ],
        stubs: [{ name: "lab.example.", port: server.port }]
      })
      const found = yield* unbound.dig("www.lab.example", "A")
      assert.match(found, /host\.lab\.example\.\s+\d+\s+IN\s+A\s+192\.0\.2\.80/)
      assert.match(yield* unbound.dig("b.c.lab.example", "A"), /status: NOERROR/)
      assert.match(yield* unbound.dig("nope.lab.example", "A"), /status: NXDOMAIN/)
    }).pipe(Effect.provide(serve), Effect.scoped)
  )
})

describe("the sockets", () => {
  it.live("many queries in one TCP segment are answered in order on one connection", () =>
    Effect.gen(function* () {
      const server = yield* Server
      const ids = yield* Effect.callback<ReadonlyArray<number>>((resume) => {
        const socket = createConnection(server.port, "127.0.0.1")
        const deframer = new Framing.Deframer()
        const seen: Array<number> = []
        socket.on("data", (piece) => {
          for (const octets of deframer.push(piece)) seen.push(Message.idOf(octets)!)
          if (seen.length === 50) {
            socket.destroy()
            resume(Effect.succeed(seen))
          }
        })
        const queries = Array.from({ length: 50 }, (_, id) =>
          Message.encode(Message.query(Question.make("host.lab.example.", "A"), { id }))
        )
        socket.write(Framing.frameAll(queries))
      })
      assert.deepStrictEqual(
        ids,
        Array.from({ length: 50 }, (_, id) => id)
      )
    }).pipe(Effect.provide(serve))
  )
  it.live("closing the scope frees the port", () =>
    Effect.gen(function* () {
      const port = yield* Effect.map(Server, ({ port }) => port).pipe(Effect.provide(serve))
      const again = yield* Effect.map(Server, (server) => server.port).pipe(
        Effect.provide(Layer.fresh(Server.layer({ zones: [lab], port })))
      )
      assert.strictEqual(again, port)
    })
  )
  it.live("a port that is taken fails with ServerError", () =>
    Effect.gen(function* () {
      const server = yield* Server
      const error = yield* Effect.flip(Effect.scoped(Server.make({ zones: [lab], port: server.port })))
      assert.strictEqual(error._tag, "ServerError")
    }).pipe(Effect.provide(serve))
  )
})
