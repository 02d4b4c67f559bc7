/**
 * Connections through a proxy: SOCKS version 5 (RFC 1928, with the user names of RFC 1929) and HTTP CONNECT (RFC 9110
 * section 9.3.6). What the two say is in pure negotiators; this file's rest moves them over a link.
 *
 * To its user a link through a proxy is a link to the target: `peer` is the target, and until the proxy has agreed its
 * phase is `connect`, so a refusal by the proxy is a failure to connect.
 */
import type { Handler, Link, Open, Phase, SystemError } from "./Link.ts"
import { formatNode } from "./NodeLink.ts"
import type * as Tls from "./Tls.ts"

export interface Proxy {
  readonly kind: "socks5" | "connect"
  /** The proxy's address (not a name). */
  readonly host: string
  readonly port: number
  readonly user?: string | undefined
  readonly password?: string | undefined
  /** Who resolves names: us (default), or the proxy, who may see more. */
  readonly names?: "here" | "proxy" | undefined
}

/** Opens links through a proxy. */
export const through =
  (proxy: Proxy, plain: Open): Open =>
  (target, _name, handler) =>
    "path" in target ? plain(target, undefined, handler) : negotiate(proxy, plain, target, handler, undefined)

/** Opens links through a proxy and speaks TLS with the target inside. */
export const throughTls =
  (proxy: Proxy, plain: Open, tls: Tls.ClientOptions): Open =>
  (target, name, handler) =>
    "path" in target
      ? plain(target, undefined, handler)
      : negotiate(proxy, plain, target, handler, {
          ...tls,
          serverName: name ?? (/[a-z]/i.test(target.host) && !target.host.includes(":") ? target.host : undefined)
        })

/** What to do next: send octets, wait for more, be done (with octets that are the target's already), or give up. */
export type Step =
  | { readonly _tag: "Send"; readonly octets: Uint8Array }
  | { readonly _tag: "More" }
  | { readonly _tag: "Done"; readonly rest: Uint8Array }
  | { readonly _tag: "Refused"; readonly code: string; readonly detail: string }

/** One side of a negotiation, without a socket. */
export interface Negotiator {
  /** What to send first. */
  readonly first: Uint8Array
  readonly push: (octets: Uint8Array) => Step
}

const more: Step = { _tag: "More" }
const refused = (code: string, detail: string): Step => ({ _tag: "Refused", code, detail })

/** Octets of an IPv6 address in text; a zone is of this machine only and means nothing to a proxy. */
const ipv6Octets = (text: string): Uint8Array => {
  // URL parsing canonicalises every form that RFC 4291 allows, dotted quads included.
  const canonical = new URL(`http://[${text.replace(/%.*/, "")}]`).hostname.slice(1, -1)
  const [head = "", tail] = canonical.split("::")
  const words = (part: string): Array<number> =>
    part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16))
  const left = words(head)
  const right = tail === undefined ? [] : words(tail)
  const all =
    tail === undefined ? left : [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right]
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 255]))
}

const socksReplies: Readonly<Record<number, string>> = {
  1: "general failure",
  2: "not allowed by its rules",
  3: "network unreachable",
  4: "host unreachable",
  5: "connection refused",
  6: "TTL expired",
  7: "command not supported",
  8: "address type not supported"
}

const socksCodes: Readonly<Record<number, string>> = {
  2: "EACCES",
  3: "ENETUNREACH",
  4: "EHOSTUNREACH",
  5: "ECONNREFUSED"
}

/** Through a SOCKS 5 proxy (RFC 1928), with a user name and password if given (RFC 1929). */
export const socks5 = (
  proxy: Pick<Proxy, "user" | "password">,
  target: { readonly host: string; readonly port: number }
): Negotiator => {
  const { password = "", user } = proxy
  let state: "method" | "auth" | "reply" = "method"
  let held = Buffer.alloc(0)
  const request = (): Uint8Array => {
    const { host, port } = target
    const address = /^\d+\.\d+\.\d+\.\d+$/.test(host)
      ? [1, ...host.split(".").map(Number)]
      : host.includes(":")
        ? [4, ...ipv6Octets(host)]
        : [3, host.length, ...Buffer.from(host, "ascii")]
    return Uint8Array.from([5, 1, 0, ...address, port >> 8, port & 255])
  }
  const name = Buffer.from(user ?? "", "utf8")
  const secret = Buffer.from(password, "utf8")
  return {
    first: Uint8Array.from(user === undefined ? [5, 1, 0] : [5, 2, 0, 2]),
    push: (octets) => {
      held = Buffer.concat([held, octets])
      if (state === "method") {
        if (held.length < 2) return more
        const [version, method] = held
        held = held.subarray(2)
        if (version !== 5) return refused("EPROTO", "it does not speak SOCKS 5")
        if (method === 0) {
          state = "reply"
          return { _tag: "Send", octets: request() }
        }
        if (method !== 2 || user === undefined)
          return refused("EACCES", "it wants an authentication that we do not have")
        if (name.length > 255 || secret.length > 255) return refused("EACCES", "user or password is above 255 octets")
        state = "auth"
        return { _tag: "Send", octets: Uint8Array.from([1, name.length, ...name, secret.length, ...secret]) }
      }
      if (state === "auth") {
        if (held.length < 2) return more
        const status = held[1]
        held = held.subarray(2)
        if (status !== 0) return refused("EACCES", "it did not accept user and password")
        state = "reply"
        return { _tag: "Send", octets: request() }
      }
      if (held.length < 5) return more
      const code = held[1]!
      if (held[0] !== 5) return refused("EPROTO", "its reply is not SOCKS 5")
      if (code !== 0) return refused(socksCodes[code] ?? "EPROTO", socksReplies[code] ?? `reply ${code}`)
      const size = held[3] === 1 ? 10 : held[3] === 4 ? 22 : held[3] === 3 ? 7 + held[4]! : undefined
      if (size === undefined) return refused("EPROTO", `address type ${held[3]} in its reply`)
      return held.length < size ? more : { _tag: "Done", rest: held.subarray(size) }
    }
  }
}

/** Above this a proxy's answer is not taken for HTTP. */
const headOctets = 16_384

/** Through an HTTP proxy, by `CONNECT` (RFC 9110 section 9.3.6). */
export const connectHttp = (
  proxy: Pick<Proxy, "user" | "password">,
  target: { readonly host: string; readonly port: number }
): Negotiator => {
  const authority = formatNode(target.host.replace(/%.*/, ""), target.port)
  const credentials =
    proxy.user === undefined
      ? ""
      : `Proxy-Authorization: Basic ${Buffer.from(`${proxy.user}:${proxy.password ?? ""}`, "utf8").toString("base64")}\r\n`
  let held = Buffer.alloc(0)
  return {
    first: Buffer.from(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${credentials}\r\n`, "latin1"),
    push: (octets) => {
      held = Buffer.concat([held, octets])
      const end = held.indexOf("\r\n\r\n")
      if (end < 0) return held.length > headOctets ? refused("EPROTO", "its answer has no end") : more
      const line = held.toString("latin1", 0, held.indexOf("\r\n"))
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(line)?.[1]
      if (status === undefined) return refused("EPROTO", "it does not speak HTTP")
      if (!status.startsWith("2")) return refused(status === "407" ? "EACCES" : "ECONNREFUSED", line)
      return { _tag: "Done", rest: held.subarray(end + 4) }
    }
  }
}

/** The parts of a link that a negotiation sets. */
interface Relayed {
  peer: string
  phase: Phase
  closedAt: Phase
  received: number
  sent: number
}

const negotiate = (
  proxy: Proxy,
  plain: Open,
  target: { readonly host: string; readonly port: number },
  handler: Handler,
  tls: Tls.ClientOptions | undefined
): Link => {
  const negotiator = proxy.kind === "socks5" ? socks5(proxy, target) : connectHttp(proxy, target)
  const where = `proxy ${formatNode(proxy.host, proxy.port)}`
  const link = plain({ host: proxy.host, port: proxy.port }, undefined, {
    onOpen: (opened) => {
      relayed.phase = "connect"
      opened.write(negotiator.first)
    },
    onOctets: (octets, opened) => {
      const step = negotiator.push(octets)
      if (step._tag === "Send") opened.write(step.octets)
      else if (step._tag === "Refused") {
        opened.destroy()
        relayed.closedAt = "connect"
        handler.onClose(systemError(step.code, `${where}: ${step.detail}`), opened)
      } else if (step._tag === "Done") {
        relayed.phase = "open"
        // What was said to the proxy is not of the conversation.
        relayed.received = tls === undefined ? step.rest.length : 0
        relayed.sent = 0
        opened.handler = handler
        if (tls !== undefined) {
          opened.startTls!(tls)
          return
        }
        handler.onOpen(opened)
        if (step.rest.length > 0) opened.handler.onOctets(step.rest, opened)
      }
    },
    onEnd: (opened) => {
      opened.destroy()
      relayed.closedAt = "connect"
      handler.onClose(systemError("ECONNRESET", `${where} closed during negotiation`), opened)
    },
    onDrain: () => {},
    onClose: (cause, closed) => {
      relayed.closedAt = "connect"
      handler.onClose(
        cause === undefined ? undefined : systemError(cause.code ?? "EPROTO", `${where}: ${cause.message}`),
        closed
      )
    }
  })
  const relayed = link as unknown as Relayed
  relayed.peer = formatNode(target.host, target.port)
  return link
}

const systemError = (code: string, message: string): SystemError => Object.assign(new Error(message), { code })
