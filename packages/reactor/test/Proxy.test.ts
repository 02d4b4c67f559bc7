import { Exchange } from "@handoff/core"
import { Connection, Framing, Proxy, Reactor, Server } from "@handoff/reactor"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Host from "effect/net/Host"
import * as net from "node:net"
import { certificates } from "./support/certificates.ts"
import { closedPort, echo, octets, tcp, text } from "./support/peers.ts"

const line = Framing.lines()

/** A SOCKS 5 proxy of the simplest kind (RFC 1928), with a user and password (RFC 1929) if asked. */
const socksProxy = (asks: boolean, seen: Array<string>) =>
  tcp((socket) => {
    let state = "method"
    socket.once("data", function next(chunk: Buffer) {
      if (state === "method") {
        socket.write(asks ? [5, 2].map((n) => String.fromCharCode(n)).join("") : "\x05\x00", "latin1")
        state = asks ? "auth" : "request"
        socket.once("data", next)
      } else if (state === "auth") {
        const user = chunk.toString("latin1", 2, 2 + chunk[1]!)
        const password = chunk.toString("latin1", 3 + chunk[1]!)
        socket.write(user === "user" && password === "secret" ? "\x01\x00" : "\x01\x01", "latin1")
        state = "request"
        socket.once("data", next)
      } else {
        const kind = chunk[3]!
        const host = kind === 1 ? [...chunk.subarray(4, 8)].join(".") : chunk.toString("latin1", 5, 5 + chunk[4]!)
        const port = chunk.readUInt16BE(chunk.length - 2)
        seen.push(`${kind === 3 ? "name " : ""}${host}`)
        const through = net.connect(port, kind === 3 ? "127.0.0.1" : host)
        through.on("error", () => socket.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])))
        through.on("connect", () => {
          socket.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 1]))
          socket.pipe(through).pipe(socket)
        })
        socket.on("close", () => through.destroy())
      }
    })
  })

const connectProxy = (seen: Array<string>) =>
  tcp((socket) => {
    socket.once("data", (chunk) => {
      const [, target] = /^CONNECT (\S+) HTTP/.exec(chunk.toString("latin1"))!
      seen.push(target!)
      if (!chunk.toString("latin1").includes(`Basic ${Buffer.from("user:secret").toString("base64")}`)) {
        socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        return
      }
      const through = net.connect(Number(target!.split(":").at(-1)), "127.0.0.1")
      through.on("connect", () => {
        socket.write("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
        socket.pipe(through).pipe(socket)
      })
      through.on("error", () => socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"))
      socket.on("close", () => through.destroy())
    })
  })

const ask = (endpoint: string, options: Connection.Options) =>
  Effect.scoped(
    Effect.gen(function* () {
      const client = yield* Connection.connect(endpoint, options)
      yield* client.writeFrame(line, octets("through"))
      return [text(yield* client.read(line)), client.peer]
    })
  )

describe("a proxy", () => {
  it.live("of SOCKS 5 is gone through, with and without a password, names resolved here or there", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const target = yield* echo
      const open = yield* socksProxy(false, seen)
      const locked = yield* socksProxy(true, seen)
      const at = (peer: { port: number }) => ({ kind: "socks5" as const, host: "127.0.0.1", port: peer.port })
      const to = `127.0.0.1:${target.port}`
      assert.deepStrictEqual(yield* ask(`tcp:${to}`, { proxy: at(open) }), ["through", to])
      assert.deepStrictEqual(yield* ask(`tcp:${to}`, { proxy: { ...at(locked), user: "user", password: "secret" } }), [
        "through",
        to
      ])
      const named = `somewhere.example.org:${target.port}`
      assert.deepStrictEqual(yield* ask(`tcp:${named}`, { proxy: { ...at(open), names: "proxy" } }), ["through", named])
      assert.deepStrictEqual(seen, ["127.0.0.1", "127.0.0.1", "name somewhere.example.org"])
      const denied = yield* Effect.flip(ask(`tcp:${to}`, { proxy: { ...at(locked), user: "user", password: "wrong" } }))
      assert.deepStrictEqual([denied._tag, denied.stage], ["ConnectFailed", "connect"])
      const refused = yield* Effect.flip(ask(`tcp:127.0.0.1:${yield* closedPort}`, { proxy: at(open) }))
      assert.strictEqual(refused._tag, "ConnectFailed")
      if (refused._tag === "ConnectFailed") assert.strictEqual(refused.code, "ECONNREFUSED")
    })
  )

  it.live("of HTTP CONNECT is gone through, with TLS inside", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const { ca, good } = certificates()
      const target = yield* Server.serve({ transport: "tls", ...good }, (peer) =>
        Effect.flatMap(peer.read(line), (question) => peer.writeFrame(line, question))
      )
      const through = yield* connectProxy(seen)
      const proxy: Proxy.Proxy = {
        kind: "connect",
        host: "127.0.0.1",
        port: through.port,
        user: "user",
        password: "secret",
        names: "proxy"
      }
      const named = `good.example.org:${target.port}`
      assert.deepStrictEqual(yield* ask(`tls:${named}`, { proxy, tls: { ca } }), ["through", named])
      assert.deepStrictEqual(seen, [named])
      const denied = yield* Effect.flip(ask(`tls:${named}`, { proxy: { ...proxy, password: "wrong" }, tls: { ca } }))
      assert.strictEqual(denied._tag, "ConnectFailed")
      if (denied._tag === "ConnectFailed") assert.strictEqual(denied.code, "EACCES")
    })
  )

  it.live("serves the executor's exchanges too", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const target = yield* echo
      const open = yield* socksProxy(false, seen)
      const reactor = yield* Reactor.make({
        proxy: { kind: "socks5", host: "127.0.0.1", port: open.port, names: "proxy" }
      })
      const reply = yield* reactor.run(
        new Exchange({
          transport: "tcp",
          peer: Host.hostPortFromStringUnsafe(`elsewhere.example.org:${target.port}`),
          request: octets("ping"),
          until: { _tag: "Octets", octets: 4 }
        })
      )
      assert.deepStrictEqual([text(reply.octets), reply.peer], ["ping", `elsewhere.example.org:${target.port}`])
      assert.deepStrictEqual(seen, ["name elsewhere.example.org"])
    })
  )

  it("negotiates wherever the chunks are cut, and refuses nonsense", () => {
    const push = (negotiator: Proxy.Negotiator, wire: string) => {
      const steps: Array<string> = []
      for (const octet of octets(wire)) {
        const step = negotiator.push(Uint8Array.of(octet))
        if (step._tag !== "More") steps.push(step._tag)
        if (step._tag === "Refused") break
      }
      return steps
    }
    const target = { host: "2001:db8::1", port: 443 }
    assert.deepStrictEqual(push(Proxy.socks5({}, target), "\x05\x00\x05\x00\x00\x01\x7f\0\0\x01\0\x50"), [
      "Send",
      "Done"
    ])
    assert.deepStrictEqual(push(Proxy.socks5({}, target), "\x04\x5a"), ["Refused"])
    assert.deepStrictEqual(push(Proxy.socks5({}, target), "\x05\xff"), ["Refused"])
    assert.deepStrictEqual(push(Proxy.connectHttp({}, target), "HTTP/1.1 200 OK\r\nA: b\r\n\r\n"), ["Done"])
    assert.deepStrictEqual(push(Proxy.connectHttp({}, target), "SSH-2.0-nonsense\r\n\r\n"), ["Refused"])
    assert.deepStrictEqual(push(Proxy.connectHttp({}, target), "x".repeat(20_000)), ["Refused"])
    const negotiator = Proxy.socks5({}, target)
    negotiator.push(octets("\x05"))
    const step = negotiator.push(octets("\x00"))
    assert.strictEqual(
      step._tag === "Send" ? Buffer.from(step.octets).toString("hex") : step._tag,
      "0501000420010db800000000000000000000000101bb"
    )
  })
})
