/**
 * Questions over HTTPS (RFC 8484), through one kept HTTP/2 client per server.
 *
 * The id is zero on the wire, so that caches on the way can serve `GET` (section 4.1); the stream pairs questions with
 * answers. Redirects are not followed and cookies not kept.
 */
import type * as net from "node:net"
import type { TLSSocket } from "node:tls"
import { Agent, buildConnector, type Dispatcher } from "undici"
import type { Endpoint } from "../Endpoint.ts"
import * as limits from "../limits.ts"
import * as Query from "../Query.ts"
import type { Ask, Channel } from "../Transport.ts"
import * as age from "./age.ts"
import * as TlsOptions from "./TlsOptions.ts"

const mediaType = "application/dns-message"

export class HttpsChannel implements Channel {
  readonly counters = { requests: 0, stray: 0 }
  private readonly endpoint: Endpoint
  private readonly agent: Agent
  private readonly origin: string
  private readonly path: string
  private readonly asked = new Map<Ask, AbortController>()
  /** Those in their handshake: the agent knows them only after it. */
  private readonly dialing = new Set<net.Socket>()
  private closed = false

  constructor(endpoint: Endpoint, options: { readonly idle: number; readonly connectTimeout: number }) {
    this.endpoint = endpoint
    const { host: _host, port: _port, ...secure } = TlsOptions.options(endpoint)
    const family = endpoint.address.includes(":") ? 6 : 4
    const dial = buildConnector({
      ...(secure as object),
      allowH2: true,
      timeout: options.connectTimeout,
      // The address is known: nothing asks anyone for it.
      lookup: ((_host: string, settings: { all?: boolean }, answer: (...args: Array<unknown>) => void) =>
        settings.all === true
          ? answer(null, [{ address: endpoint.address, family }])
          : answer(null, endpoint.address, family)) as never
    })
    this.agent = new Agent({
      allowH2: true,
      connections: 1,
      pipelining: 1_000,
      maxConcurrentStreams: 1_000,
      keepAliveTimeout: Math.max(1, options.idle),
      maxResponseSize: 65_535,
      headersTimeout: limits.connectionStall,
      bodyTimeout: limits.connectionStall,
      connect: (target, answer) => {
        const dialed = dial(target, (...result) => {
          this.dialing.delete(dialed)
          const [, socket] = result
          if (socket === null || TlsOptions.isPinned(endpoint, socket as TLSSocket)) return answer(...result)
          socket.destroy()
          answer(TlsOptions.notPinned(), null)
        }) as unknown as net.Socket
        this.dialing.add(dialed)
      }
    })
    // A URL has no place for a zone.
    const name = endpoint.name ?? endpoint.address.replace(/%.*$/, "")
    this.origin = `https://${name.includes(":") ? `[${name}]` : name}:${endpoint.port}`
    this.path = endpoint.path ?? "/dns-query"
  }

  ask(ask: Ask): void {
    if (this.closed) return ask.onUnreachable("ECANCELED", true)
    const controller = new AbortController()
    this.asked.set(ask, controller)
    this.counters.requests++
    ask.id = 0
    ask.place = this
    ask.octets[0] = ask.octets[1] = 0
    void this.request(ask, controller.signal).then(
      (octets) => this.receive(ask, octets),
      (error: unknown) => this.fail(ask, codeOf(error))
    )
  }

  cancel(ask: Ask): void {
    const controller = this.asked.get(ask)
    this.forget(ask)
    controller?.abort()
  }

  close(): void {
    this.closed = true
    for (const controller of this.asked.values()) controller.abort()
    this.asked.clear()
    void this.agent.destroy()
    for (const socket of this.dialing) socket.destroy(new Error("closed during its handshake"))
  }

  private async request(ask: Ask, signal: AbortSignal): Promise<Uint8Array> {
    const get = this.endpoint.method === "GET"
    const parameter = this.path.includes("?") ? "&dns=" : "?dns="
    const request: Dispatcher.RequestOptions = {
      origin: this.origin,
      path: get ? this.path + parameter + ask.octets.toString("base64url") : this.path,
      method: get ? "GET" : "POST",
      headers: get ? { accept: mediaType } : { accept: mediaType, "content-type": mediaType },
      body: get ? null : ask.octets,
      signal
    }
    const reply = await this.agent.request(request)
    const octets = new Uint8Array(await reply.body.arrayBuffer())
    if (reply.statusCode !== 200) throw Object.assign(new Error("not 200"), { code: `HTTP${reply.statusCode}` })
    const type = reply.headers["content-type"]
    if (typeof type !== "string" || !type.toLowerCase().startsWith(mediaType)) {
      throw Object.assign(new Error("not a DNS message"), { code: "HTTPTYPE" })
    }
    age.take(octets, age.seconds(reply.headers["age"]))
    return octets
  }

  private receive(ask: Ask, octets: Uint8Array): void {
    if (!this.forget(ask)) return
    const matches = octets.length >= 12 && Query.match(ask.octets, ask.questionEnd, octets) !== Query.Match.none
    if (matches && ask.onReply(octets)) return
    this.counters.stray++
    ask.onUnreachable("EBADMSG", true)
  }

  private fail(ask: Ask, code: string): void {
    if (this.forget(ask)) ask.onUnreachable(code, true)
  }

  /** Whether it was still asked. */
  private forget(ask: Ask): boolean {
    ask.place = undefined
    return this.asked.delete(ask)
  }
}

const codeOf = (error: unknown): string => {
  const { cause, code } = error as { readonly code?: unknown; readonly cause?: { readonly code?: unknown } }
  return typeof code === "string" ? code : typeof cause?.code === "string" ? cause.code : "EPROTO"
}
