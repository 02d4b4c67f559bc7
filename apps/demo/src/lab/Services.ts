/**
 * The hosts of the lab as real TCP services, one listening socket per address and port. They answer after their own
 * latency, which is kept with timers: this file drives the machine, like the system under it.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import type * as Authority from "./Authority.ts"
import { LabError } from "./LabError.ts"
import * as limits from "./limits.ts"
import type { Host, Plan, Service } from "./Plan.ts"
import { Secured } from "./Secured.ts"
import * as SshServer from "./SshServer.ts"

/** Opens every service of the plan; closing the scope closes them and cuts their connections. */
export const listen = (plan: Plan, authority: Authority.Authority): Effect.Effect<void, LabError, Scope.Scope> =>
  Effect.suspend(() => {
    const lab: Keys = { seed: plan.seed, secured: new Secured(authority) }
    return Effect.forEach(
      plan.hosts.flatMap((host) => host.services.map((service) => [host, service] as const)),
      ([host, service]) => open(host, service, lab),
      { concurrency: 64, discard: true }
    )
  })

interface Keys {
  readonly seed: number
  readonly secured: Secured
}

const open = (host: Host, service: Service, keys: Keys): Effect.Effect<void, LabError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Opened, LabError>((resume) => {
      const sockets = new Set<Net.Socket>()
      const server = Net.createServer({ noDelay: true }, (socket) => {
        sockets.add(socket)
        socket.on("close", () => sockets.delete(socket))
        // A peer that resets is the peer's business.
        socket.on("error", () => {})
        socket.setTimeout(limits.idleSeconds * 1_000, () => socket.destroy())
        converse(host, service, socket, keys)
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

const converse = (host: Host, service: Service, socket: Net.Socket, keys: Keys): void => {
  // Both read what they are sent, or the system would answer for them with a reset.
  if (host.behaviour === "closing") return void socket.resume().end()
  if (host.behaviour === "silent") return void socket.resume()
  switch (service.protocol) {
    case "ssh":
      return unread(service.latency, socket, () => {
        socket.write(`${service.text}\r\n`)
        SshServer.serve(socket, service.text, SshServer.hostKey(keys.seed, host.name, service.hostKey!))
      })
    case "smtp":
      return unread(service.latency, socket, () => mail(host, service, socket, keys))
    case "http":
      return answer(host, service, socket)
    case "https":
      return answer(host, service, keys.secured.upgrade(socket, host, service.certificate!))
  }
}

/** Pages, whatever is asked for. */
const answer = (host: Host, service: Service, socket: Net.Socket): void => {
  let request = ""
  socket.on("data", (chunk) => {
    if (request.endsWith("\r\n\r\n")) return
    request = (request + chunk.toString("latin1")).slice(-65_536)
    if (request.endsWith("\r\n\r\n")) after(service.latency, socket, () => socket.end(page(host, service)))
  })
}

/** SMTP (RFC 5321), as far as STARTTLS (RFC 3207). */
const mail = (host: Host, service: Service, socket: Net.Socket, keys: Keys): void => {
  socket.write(`${service.text}\r\n`)
  let heard = ""
  const listen = (octets: Buffer): void => {
    heard = (heard + octets.toString("latin1")).slice(-4_096)
    for (let end = heard.indexOf("\n"); end >= 0; end = heard.indexOf("\n")) {
      const command = heard.slice(0, end).trim().toUpperCase()
      heard = heard.slice(end + 1)
      if (command.startsWith("EHLO")) socket.write(`250-${host.name}\r\n250-PIPELINING\r\n250 STARTTLS\r\n`)
      else if (command === "QUIT") return void socket.end("221 bye\r\n")
      else if (command === "STARTTLS") {
        socket.off("data", listen)
        socket.write("220 go ahead\r\n")
        keys.secured.upgrade(socket, host, service.certificate!).resume()
        return
      } else socket.write("502 not here\r\n")
    }
  }
  socket.on("data", listen)
}

const after = (milliseconds: number, socket: Net.Socket, act: () => void): void => {
  const timer = setTimeout(() => {
    if (!socket.destroyed) act()
  }, milliseconds)
  socket.on("close", () => clearTimeout(timer))
  if (socket.isPaused() || socket.listenerCount("data") === 0) socket.resume()
}

/** As `after`; what the peer says meanwhile is kept for whoever reads then. */
const unread = (milliseconds: number, socket: Net.Socket, act: () => void): void => {
  const timer = setTimeout(() => {
    if (!socket.destroyed) act()
  }, milliseconds)
  socket.on("close", () => clearTimeout(timer))
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
