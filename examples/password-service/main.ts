/**
 * `npm run password-service -w examples`: the service on loopback, until it is told to end. http://127.0.0.1:8080 is a page to
 * try it; `curl --data-binary secret http://127.0.0.1:8080/passwords` hashes. `PORT` chooses another port, 0 a free one.
 */
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Threads } from "@handoff/threads"
import * as Layer from "effect/Layer"
import { HttpRouter } from "effect/http"
import { createServer } from "node:http"
import { routes } from "./service.ts"

const port = Number(process.env["PORT"] ?? 8080)

HttpRouter.serve(routes).pipe(
  Layer.provide(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port })),
  // Two calls wait for each thread; more are refused with 503.
  Layer.provide(Threads.layer({ queueLimit: 64, whenFull: "reject" })),
  Layer.launch,
  NodeRuntime.runMain
)
