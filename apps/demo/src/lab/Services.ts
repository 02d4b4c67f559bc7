/**
 * The hosts of the lab as real TCP services, one listening socket per address and port. They answer after their own
 * latency, which is kept with timers: this file drives the machine, like the system under it.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import { LabError } from "./LabError.ts"
import * as limits from "./limits.ts"
import type { Host, Plan, Service } from "./Plan.ts"

/** Opens every service of the plan; closing the scope closes them and cuts their connections. */
export const listen = (plan: Plan): Effect.Effect<void, LabError, Scope.Scope> =>
  Effect.forEach(
    plan.hosts.flatMap((host) => host.services.map((service) => [host, service] as const)),
    ([host, service]) => open(host, service),
    { concurrency: 64, discard: true }
  )

const open = (host: Host, service: Service): Effect.Effect<void, LabError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Opened, LabError>((resume) => {
      const sockets = new Set<Net.Socket>()
      const server = Net.createServer({ noDelay: true }, (socket) => {
        sockets.add(socket)
        socket.on("close", () => sockets.delete(socket))
        // A peer that resets is the peer's business.
        socket.on("error", () => {})
        socket.setTimeout(limits.idleSeconds * 1_000, () => socket.destroy())
        converse(host, service, socket)
      })
      server.on("error", (cause: NodeJS.ErrnoException) =>
        resume(
          Effect.fail(new LabError({ where: `${host.ipv4}:${service.port}`, code: cause.code ?? "UNKNOWN", cause }))
        )
      )
      server.listen({ host: host.ipv4, port: service.port, backlog: 511 }, () =>
        resume(Effect.succeed({ server, sockets }))
      )
    }),
    ({ server, sockets }) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
  )

interface Opened {
  readonly server: Net.Server
  readonly sockets: ReadonlySet<Net.Socket>
}

const converse = (host: Host, service: Service, socket: Net.Socket): void => {
  // Both read what they are sent, or the system would answer for them with a reset.
  if (host.behaviour === "closing") return void socket.resume().end()
  if (host.behaviour === "silent") return void socket.resume()
  if (service.protocol === "greeting") return after(service.latency, socket, () => socket.write(`${service.text}\r\n`))
  let request = ""
  socket.on("data", (chunk) => {
    if (request.endsWith("\r\n\r\n")) return
    request = (request + chunk.toString("latin1")).slice(-65_536)
    if (request.endsWith("\r\n\r\n")) after(service.latency, socket, () => socket.end(page(host, service)))
  })
}

const after = (milliseconds: number, socket: Net.Socket, act: () => void): void => {
  const timer = setTimeout(() => {
    if (!socket.destroyed) act()
  }, milliseconds)
  socket.on("close", () => clearTimeout(timer))
  if (socket.isPaused() || socket.listenerCount("data") === 0) socket.resume()
}

const page = (host: Host, service: Service): string => {
  const body = `<!doctype html><title>${host.name}</title>\n<p>${host.name} of the lab.\n`
  return [
    service.text,
    "Server: lab",
    "Content-Type: text/html; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    "",
    body
  ].join("\r\n")
}
