/** The worker of Effect's own worker RPC. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeWorkerRunner from "@effect/platform-node/NodeWorkerRunner"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RpcServer from "effect/rpc/RpcServer"
import * as functions from "../functions.mjs"
import { Calls } from "./rpc.mjs"

const byName = { ...functions }

const handlers = Calls.toLayer({
  run: ({ args, name }) => Effect.sync(() => byName[name](...args))
})

RpcServer.layer(Calls, { disableTracing: true, disableFatalDefects: true }).pipe(
  Layer.provide(handlers),
  Layer.provide(RpcServer.layerProtocolWorkerRunner),
  Layer.provide(NodeWorkerRunner.layer),
  Layer.launch,
  NodeRuntime.runMain
)
