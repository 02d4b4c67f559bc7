/** A `handoff serve` of a test's own: a free port, a store in a folder that goes with the scope. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Net from "node:net"
import * as Path from "node:path"
import { type Running, start, until } from "./command.ts"
import { folder } from "./folder.ts"

export interface Serving extends Running {
  /** `http://127.0.0.1:40000` */
  readonly origin: string
  readonly port: number
  readonly token: string
  readonly store: string
  /** As a program asks: with the token in the header. */
  readonly ask: (
    path: string,
    init?: Omit<RequestInit, "headers"> & { readonly headers?: Record<string, string> }
  ) => Promise<Response>
  readonly post: (path: string, form?: unknown) => Promise<Response>
}

export const serve = Effect.fnUntraced(function* (
  options: { readonly port?: number; readonly store?: string; readonly env?: Record<string, string> } = {}
): Effect.fn.Return<Serving, never, Scope.Scope> {
  const store = options.store ?? Path.join(yield* folder, "runs.sqlite")
  const running = yield* Effect.acquireRelease(
    Effect.sync(() => start(["serve", "--port", String(options.port ?? 0), "--store", store], options.env)),
    ({ child, ended }) =>
      Effect.promise(() => {
        child.kill("SIGINT")
        return ended
      })
  )
  yield* until(running, ({ stdout }) => stdout().includes("\n"))
  const url = new URL(running.stdout().trim())
  const token = url.searchParams.get("token")!
  const ask = (path: string, init: Omit<RequestInit, "headers"> & { readonly headers?: Record<string, string> } = {}) =>
    fetch(new URL(path, url), { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } })
  const post = (path: string, form: unknown = {}) =>
    ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(form) })
  return { ...running, origin: url.origin, port: Number(url.port), token, store, ask, post }
})

/** A port of this machine that takes connections and never says a word: whoever surveys it waits. */
export const silence: Effect.Effect<number, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.callback<{ readonly server: Net.Server; readonly sockets: Set<Net.Socket> }>((resume) => {
      const sockets = new Set<Net.Socket>()
      const server = Net.createServer((socket) => void sockets.add(socket.on("error", () => {})))
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed({ server, sockets })))
    }),
    ({ server, sockets }) =>
      Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
        server.close()
      })
  ),
  ({ server }) => (server.address() as Net.AddressInfo).port
)

/** A request with headers that `fetch` does not let one set. */
export const raw = (
  port: number,
  path: string,
  headers: Record<string, string>,
  method = "GET"
): Promise<{ readonly status: number; readonly headers: Http.IncomingHttpHeaders; readonly body: string }> =>
  new Promise((resolve, reject) => {
    const request = Http.request({ host: "127.0.0.1", port, path, headers, method, agent: false }, (response) => {
      let body = ""
      response.setEncoding("utf8").on("data", (piece: string) => (body += piece))
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body }))
    })
    request.on("error", reject).end()
  })
