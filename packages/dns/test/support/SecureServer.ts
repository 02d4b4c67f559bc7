/** A scripted name server over TLS and over HTTPS, on loopback ports. */
import * as http2 from "node:http2"
import type * as net from "node:net"
import * as tls from "node:tls"
import { Framing, Message } from "@handoff/dns/wire"
import * as Effect from "effect/Effect"
import { certificates } from "./certificates.ts"
import type { Script } from "./ScriptedServer.ts"

export interface SecureServer {
  readonly tlsPort: number
  readonly httpsPort: number
  /** `tls`, `GET /dns-query?dns=...`, `POST /dns-query`, in order. */
  readonly heard: Array<string>
  /** Connections that were opened. */
  readonly opened: () => number
  /** Ends all TLS connections, as a server that is tired of them does. */
  readonly hangUp: () => void
}

/** `age` is what a cache on the way would say over HTTPS: seconds since the server said it (RFC 9111 section 5.1). */
export const make = (script: Script, age?: string) =>
  Effect.acquireRelease(
    Effect.promise(() => open(script, age)),
    ({ close }) => Effect.promise(close)
  ).pipe(Effect.map(({ server }) => server))

const open = async (
  script: Script,
  age: string | undefined
): Promise<{ readonly server: SecureServer; readonly close: () => Promise<void> }> => {
  const { cert, key } = certificates()
  const heard: Array<string> = []
  const sockets = new Set<{ destroy: () => void }>()
  let opened = 0
  const replies = (octets: Uint8Array): ReadonlyArray<Uint8Array> =>
    script({ message: Message.decodeUnsafe(octets), octets, via: "tcp", index: heard.length, port: 0 }).map((reply) =>
      reply instanceof Uint8Array ? reply : Message.encode(reply)
    )
  const dot = tls.createServer({ cert, key, ALPNProtocols: ["dot"] }, (socket) => {
    opened++
    sockets.add(socket)
    const deframer = new Framing.Deframer()
    socket.on("error", () => {})
    socket.on("data", (chunk) => {
      for (const octets of deframer.push(chunk)) {
        const answers = replies(octets)
        heard.push("tls")
        for (const answer of answers) socket.write(Framing.frame(answer))
      }
    })
  })
  const doh = http2.createSecureServer({ cert, key, allowHTTP1: false }, (request, response) => {
    const pieces: Array<Uint8Array> = []
    request.on("data", (piece: Uint8Array) => pieces.push(piece))
    request.on("end", () => {
      const url = new URL(request.url, "https://dns.example")
      const parameter = url.searchParams.get("dns")
      const octets = parameter === null ? Buffer.concat(pieces) : Buffer.from(parameter, "base64url")
      const answers = replies(octets)
      heard.push(`${request.method} ${request.url}`)
      if (url.pathname !== "/dns-query" || answers.length === 0) {
        response.writeHead(url.pathname === "/dns-query" ? 503 : 404).end()
        return
      }
      response
        .writeHead(200, { "content-type": "application/dns-message", ...(age === undefined ? {} : { age }) })
        .end(answers[0]!)
    })
  })
  doh.on("session", (session) => {
    sockets.add(session)
    session.on("error", () => {})
  })
  for (const server of [dot, doh]) server.on("tlsClientError", () => {})
  const listen = (server: net.Server): Promise<number> =>
    new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as net.AddressInfo).port)))
  const tlsPort = await listen(dot)
  const httpsPort = await listen(doh)
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  return {
    server: { tlsPort, httpsPort, heard, opened: () => opened, hangUp },
    close: async () => {
      hangUp()
      await Promise.all([dot, doh].map((server) => new Promise((resolve) => server.close(resolve))))
    }
  }
}
