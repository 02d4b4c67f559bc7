import { Memory, Sockets } from "@handoff/reactor"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Ndjson from "effect/encoding/Ndjson"
import { Rpc, RpcClient, RpcGroup, RpcSerialization, RpcServer } from "effect/rpc"
import * as NetAddress from "effect/net/NetAddress"
import * as Socket from "effect/socket/Socket"
import * as SocketServer from "effect/socket/SocketServer"
import { closedPort } from "./support/peers.ts"

const networks = [
  {
    name: "TCP",
    server: Effect.suspend(() => Sockets.makeServer({})),
    client: (server: SocketServer.SocketServer["Service"]) =>
      Sockets.make(`tcp:${NetAddress.formatSocketAddress(server.address)}`)
  },
  {
    name: "memory",
    server: Effect.suspend(() => {
      network = new Memory.Network({ chunkOctets: 3 })
      return Sockets.makeServer({ transport: "custom", listen: network.listen("192.0.2.1:7") })
    }),
    client: () => Sockets.make("tcp:192.0.2.1:7", { open: network.open })
  }
]
let network = new Memory.Network()

describe("Effect's own Socket", () => {
  for (const { client, name, server } of networks) {
    it.live(`carries a stream over ${name} and ends with it`, () =>
      Effect.gen(function* () {
        const listening = yield* server
        yield* Effect.forkScoped(
          listening.run((socket) => Stream.never.pipe(Stream.runDrain, Effect.race(echo(socket)), Effect.scoped))
        )
        const socket = client(listening)
        const echoed = yield* Stream.make({ n: 1 }, { n: 2 }, { n: 3 }).pipe(
          Stream.pipeThroughChannel(Ndjson.duplex(Socket.toChannelWith<Ndjson.NdjsonError>()(socket))),
          Stream.take(3),
          Stream.runCollect
        )
        assert.deepStrictEqual(echoed, [{ n: 1 }, { n: 2 }, { n: 3 }])
      })
    )
  }

  it.live("serves RPC without a change to it", () =>
    Effect.gen(function* () {
      class Api extends RpcGroup.make(
        Rpc.make("Add", { payload: { a: Schema.Int, b: Schema.Int }, success: Schema.Int })
      ) {}
      const listening = yield* Sockets.makeServer({})
      const serving = RpcServer.layer(Api).pipe(
        Layer.provide(Api.toLayer({ Add: ({ a, b }) => Effect.succeed(a + b) })),
        Layer.provide(RpcServer.layerProtocolSocketServer),
        Layer.provide(Layer.succeed(SocketServer.SocketServer, listening)),
        Layer.provide(RpcSerialization.layerNdjson)
      )
      yield* Layer.build(serving)
      const protocol = RpcClient.layerProtocolSocket().pipe(
        Layer.provide(Sockets.layer(`tcp:${NetAddress.formatSocketAddress(listening.address)}`)),
        Layer.provide(RpcSerialization.layerNdjson)
      )
      const context = yield* Layer.build(protocol)
      const client = yield* Effect.provideContext(RpcClient.make(Api), context)
      assert.strictEqual(yield* client.Add({ a: 2, b: 3 }), 5)
    })
  )

  it.live("fails to open with Effect's own error", () =>
    Effect.gen(function* () {
      const socket = Sockets.make(`tcp:127.0.0.1:${yield* closedPort}`)
      const error = yield* Effect.flip(Effect.scoped(socket.reader))
      assert.strictEqual(error.reason._tag, "SocketOpenError")
    })
  )
})

const echo = (socket: Socket.Socket) =>
  Effect.gen(function* () {
    const reader = yield* socket.reader
    const writer = yield* socket.writer
    for (;;) yield* writer.writeAll(yield* reader.pull)
  }).pipe(Effect.catch(() => Effect.void))
