/**
 * The engine over sockets, assembled from its own parts: as `NodeClusterSocket.layer`, but on connections that send at
 * once. The engine writes a message in several small pieces, each of which would wait for the last one's acknowledgement
 * (Nagle's algorithm, RFC 896, against delayed acknowledgements): some 90 ms for a task alone, where it now takes a few.
 */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as RpcClient from "effect/rpc/RpcClient"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import type * as Scope from "effect/Scope"
import { Socket, SocketError, SocketOpenError } from "effect/socket/Socket"
import type { SocketServer, SocketServerError } from "effect/socket/SocketServer"
import type { MessageStorage } from "effect/cluster/MessageStorage"
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import * as Runners from "effect/cluster/Runners"
import type { RunnerStorage } from "effect/cluster/RunnerStorage"
import type { Sharding } from "effect/cluster/Sharding"
import { ShardingConfig } from "effect/cluster/ShardingConfig"
import * as SocketRunner from "effect/cluster/SocketRunner"
import * as Net from "node:net"

/** The largest frame that is read: above the largest message (`limits.messageOctets`), with room for the engine's own. */
const maxFrameSize = 33_554_432

const noDelay = true

const clients: Layer.Layer<Runners.RpcClientProtocol, never, RpcSerialization.RpcSerialization> = Layer.effect(
  Runners.RpcClientProtocol,
  Effect.gen(function* () {
    const serialization = yield* RpcSerialization.RpcSerialization
    return {
      codecFor: serialization.codecFor,
      make: ({ host, port }) =>
        Effect.flatMap(
          // How long it tries to connect, and how long a silent connection is kept; as the engine has them.
          NodeSocket.fromDuplex(connected({ host, port, noDelay, timeout: 5_500 }), { openTimeout: "1 second" }),
          (socket) =>
            RpcClient.makeProtocolSocket().pipe(
              Effect.provideService(Socket, socket),
              Effect.provideService(RpcSerialization.RpcSerialization, serialization)
            )
        )
    }
  })
)

/** As `NodeSocket.makeNet`; but each message that waits for room listens for it, and Node must not warn of that. */
const connected = (options: Net.NetConnectOpts): Effect.Effect<Net.Socket, SocketError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => Net.createConnection(options).setMaxListeners(0)),
    (connection) => Effect.sync(() => (connection.connecting ? connection.destroy() : connection.destroySoon()))
  ).pipe(
    Effect.flatMap((connection) =>
      Effect.callback<Net.Socket, SocketError>((resume) => {
        connection.once("connect", () => resume(Effect.succeed(connection)))
        connection.on("error", (cause) =>
          resume(Effect.fail(new SocketError({ reason: new SocketOpenError({ kind: "Unknown", cause }) })))
        )
      })
    )
  )

const server: Layer.Layer<SocketServer, SocketServerError, ShardingConfig> = Layer.unwrap(
  Effect.map(ShardingConfig, ({ runnerAddress, runnerListenAddress }) => {
    const { host, port } = Option.getOrThrow(Option.orElse(runnerListenAddress, () => runnerAddress))
    return NodeSocketServer.layer({ host, port, noDelay })
  })
)

type Needs = MessageStorage | RunnerStorage | ShardingConfig

const frames = RpcSerialization.layerSchemaBinary({ maxFrameSize })

/** A runner's engine; it finds out which others live by asking them. */
export const layerRunner: Layer.Layer<Sharding, SocketServerError, Needs> = SocketRunner.layer.pipe(
  Layer.provide(RunnerHealth.layerPing.pipe(Layer.provide(Runners.layerRpc))),
  Layer.provide([server, clients]),
  Layer.provide(frames)
)

/** A submitter's engine: it owns nothing. */
export const layerSubmitter: Layer.Layer<Sharding, never, Needs> = SocketRunner.layerClientOnly.pipe(
  Layer.provide(clients),
  Layer.provide(frames)
)
