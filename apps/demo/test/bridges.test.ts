/** Programs that know nothing of Handoff find the lab's hosts once their name resolution is switched by one line. */
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { NodeLookup } from "@handoff/core"
import { Dns } from "@handoff/dns"
import * as Effect from "effect/Effect"
import { HttpClient } from "effect/http"
import * as Layer from "effect/Layer"
import * as Http from "node:http"
import { Agent, request } from "undici"
import * as Lab from "#demo/lab/Lab"
import { aNetwork } from "./support/network.ts"

/** A lab, a lookup function that asks its name server, and a web host of it that behaves. */
const lab = Effect.gen(function* () {
  const { nameServer, plan } = yield* Lab.make({ hosts: 20, broken: 0, network: aNetwork() })
  const dns = yield* Dns.make({
    servers: [`${nameServer.address}:${nameServer.port}`],
    resolvConf: false,
    hosts: false
  })
  const host = plan.hosts.find(({ services }) => services.some(({ protocol }) => protocol === "http"))!
  const { port, text } = host.services.find(({ protocol }) => protocol === "http")!
  const status = Number(/\d{3}/.exec(text)![0])
  return { lookup: NodeLookup.make(dns), url: `http://${host.name}:${port}/`, status }
})

describe("the lab's hosts", () => {
  it.live("are found by Node's http with our lookup", () =>
    Effect.gen(function* () {
      const { lookup, status, url } = yield* lab
      const answered = yield* Effect.callback<number | undefined, Error>((resume) => {
        const asked = Http.get(url, { lookup, agent: false }, (response) => {
          response.resume()
          resume(Effect.succeed(response.statusCode))
        })
        asked.on("error", (error) => resume(Effect.fail(error)))
      })
      assert.strictEqual(answered, status)
    })
  )

  it.live("are found by undici with our lookup", () =>
    Effect.gen(function* () {
      const { lookup, status, url } = yield* lab
      const agent = yield* Effect.acquireRelease(
        Effect.sync(() => new Agent({ connect: { lookup } })),
        (agent) => Effect.promise(() => agent.destroy())
      )
      const response = yield* Effect.promise(() => request(url, { dispatcher: agent }))
      assert.strictEqual(response.statusCode, status)
    })
  )

  it.live("are found by Effect's HttpClient over an agent with our lookup", () =>
    Effect.gen(function* () {
      const { lookup, status, url } = yield* lab
      const client = NodeHttpClient.layerNodeHttpNoAgent.pipe(
        Layer.provide(NodeHttpClient.layerAgentOptions({ lookup }))
      )
      const response = yield* Effect.provide(HttpClient.get(url), client)
      assert.strictEqual(response.status, status)
    })
  )

  it.live("are not found without it", () =>
    Effect.gen(function* () {
      const { url } = yield* lab
      const error = yield* Effect.callback<NodeJS.ErrnoException>((resume) => {
        Http.get(url, { agent: false }).on("error", (error) => resume(Effect.succeed(error)))
      })
      assert.match(error.code ?? "", /ENOTFOUND|EAI_AGAIN/)
    })
  )
})
