/** HTTP over our transports: Effect's own server and client, and Node's, without a change to them. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import { Faults, Memory, NodeStream, type Server } from "@handoff/reactor"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { createServer } from "node:http"
import type { Duplex } from "node:stream"
import { Agent } from "undici"
import { certificates } from "./support/certificates.ts"

const app = HttpRouter.addAll([
  HttpRouter.route("GET", "/hello", HttpServerResponse.text("hello over our sockets")),
  HttpRouter.route(
    "POST",
    "/upper",
    Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      return HttpServerResponse.text((yield* request.text).toUpperCase())
    })
  ),
  HttpRouter.route(
    "GET",
    "/large",
    HttpServerResponse.stream(Stream.fromIterable(Array.from({ length: 64 }, () => new Uint8Array(65_536).fill(0x61))))
  )
])

/** Effect's HTTP server on our listener, until the scope closes. */
const serveEffect = (listen: Server.Listen, options?: Server.Options) =>
  Effect.gen(function* () {
    const node = createServer()
    const server = yield* NodeStream.feed(node, listen, options)
    yield* Layer.build(
      HttpRouter.serve(app, { disableListenLog: true, disableLogger: true }).pipe(
        Layer.provide(NodeHttpServer.layer(() => node, {}))
      )
    )
    return server
  })

/** Effect's HTTP client on our connections. */
const clientOf = (options?: Parameters<typeof NodeStream.connector>[0]) =>
  Effect.gen(function* () {
    const agent = yield* Effect.acquireRelease(
      Effect.sync(() => new Agent({ connect: NodeStream.connector(options) as never })),
      (agent) => Effect.promise(() => agent.destroy())
    )
    const context = yield* Layer.build(
      NodeHttpClient.layerUndiciNoDispatcher.pipe(
        Layer.provide(Layer.succeed(NodeHttpClient.Dispatcher, agent as never))
      )
    )
    return yield* Effect.provideContext(HttpClient.HttpClient, context)
  })

const askAll = (client: HttpClient.HttpClient, base: string) =>
  Effect.gen(function* () {
    const hello = yield* client.get(`${base}/hello`)
    assert.strictEqual(yield* hello.text, "hello over our sockets")
    const upper = yield* client.execute(
      HttpClientRequest.post(`${base}/upper`).pipe(HttpClientRequest.bodyText("x".repeat(300_000)))
    )
    assert.strictEqual(yield* upper.text, "X".repeat(300_000))
    // Four megabytes, so that both sides have to hold each other back.
    const large = yield* client.get(`${base}/large`)
    assert.strictEqual((yield* large.arrayBuffer).byteLength, 64 * 65_536)
  })

describe("Effect's HTTP", () => {
  it.live("is served and asked over TCP", () =>
    Effect.gen(function* () {
      const server = yield* serveEffect({})
      yield* askAll(yield* clientOf(), `http://${server.address}`)
      const { accepted } = yield* server.stats
      assert.isAtLeast(accepted, 1)
    })
  )

  it.live("is served and asked over TLS", () =>
    Effect.gen(function* () {
      const { ca, good } = yield* Effect.sync(certificates)
      const server = yield* serveEffect({ transport: "tls", ...good })
      yield* askAll(yield* clientOf({ tls: { ca } }), `https://${server.address}`)
    })
  )

  it.live("is served and asked without a port, in memory, in chunks of three octets", () =>
    Effect.gen(function* () {
      const network = new Memory.Network({ chunkOctets: 3 })
      yield* serveEffect({ transport: "custom", listen: network.listen("192.0.2.1:80") })
      const client = yield* clientOf({ open: network.open })
      const hello = yield* client.get("http://192.0.2.1/hello")
      assert.strictEqual(yield* hello.text, "hello over our sockets")
    })
  )

  it.live("fails as HTTP does when a fault resets its connection", () =>
    Effect.gen(function* () {
      const network = new Memory.Network()
      yield* serveEffect({ transport: "custom", listen: network.listen("192.0.2.1:80") })
      const client = yield* clientOf({ open: Faults.inject(network.open, () => ({ resetAfter: 20 })) })
      const error = yield* Effect.flip(client.get("http://192.0.2.1/hello"))
      assert.strictEqual(error.reason._tag, "TransportError")
    })
  )

  it.live("keeps the server's limit of connections", () =>
    Effect.gen(function* () {
      const server = yield* serveEffect({}, { connections: 1 })
      const client = yield* clientOf()
      const held = yield* client.get(`http://${server.address}/hello`)
      yield* held.text
      const second = yield* clientOf()
      const error = yield* Effect.flip(second.get(`http://${server.address}/hello`))
      assert.strictEqual(error.reason._tag, "TransportError")
      assert.strictEqual((yield* server.stats).refused, 1)
    })
  )

  it.live("is told of every connection that ends because its server closes", () =>
    Effect.gen(function* () {
      const node = createServer((_request, response) => void response.end("hello"))
      const sockets: Array<Duplex> = []
      node.on("connection", (socket) => sockets.push(socket))
      const client = yield* clientOf()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const server = yield* NodeStream.feed(node, {}, { drain: 0 })
          const hello = yield* client.get(`http://${server.address}/`)
          assert.strictEqual(yield* hello.text, "hello")
          assert.deepStrictEqual(
            sockets.map((socket) => socket.destroyed),
            [false]
          )
        })
      )
      while (!sockets.every((socket) => socket.destroyed)) yield* Effect.sleep(1)
      assert.isFalse(node.listening)
    })
  )
})
