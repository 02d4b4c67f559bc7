/**
 * One conversation with a peer, from inside a worker that does nothing else meanwhile: what a thread per connection
 * is. The octets go out, the reply is gathered until its stated end. No import of Effect: `Exchange` is encoded on the
 * pool's side (`Conversation.ts`), and what comes back is plain data.
 */
import { createSocket } from "node:dgram"
import { lookup } from "node:dns/promises"
import { connect as connectTcp, isIP, type Socket } from "node:net"
import { connect as connectTls } from "node:tls"

export type Until =
  | { readonly _tag: "Close" }
  | { readonly _tag: "Octets"; readonly octets: number }
  | { readonly _tag: "Delimiter"; readonly delimiter: Uint8Array }
  | { readonly _tag: "Datagram" }

export type Peer = { readonly host: string; readonly port: number } | { readonly path: string }

/** An `Exchange` in plain data, every default filled in; times in milliseconds. */
export interface Request {
  readonly transport: "tcp" | "udp" | "tls"
  readonly peer: Peer
  readonly request: Uint8Array
  readonly until: Until
  readonly maxOctets: number
  readonly connectTimeout: number
  readonly idleTimeout: number
  readonly totalTimeout: number | undefined
}

export type Stage = "resolve" | "connect" | "tls" | "send" | "receive"

/** What came of it; a failure is a value here, because it is an outcome of the conversation, not of the worker. */
export type Answer =
  | { readonly ok: true; readonly octets: Uint8Array; readonly peer: string; readonly end: "complete" | "closed" }
  | {
      readonly ok: false
      readonly peer: string
      readonly stage: Stage
      readonly reason: string
      readonly received: number
      readonly code?: string
      readonly detail?: string
    }

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: "NotFound",
  EAI_AGAIN: "NotFound",
  ENOENT: "NotFound",
  ECONNREFUSED: "Refused",
  EHOSTUNREACH: "Unreachable",
  ENETUNREACH: "Unreachable",
  EACCES: "Refused",
  EPERM: "Refused",
  ECONNRESET: "Reset",
  EPIPE: "Reset",
  ETIMEDOUT: "Timeout",
  EMFILE: "Resources",
  ENFILE: "Resources",
  ENOBUFS: "Resources",
  ENOMEM: "Resources",
  EMSGSIZE: "BadRequest"
}

const show = (host: string, port: number): string => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`)

/** Where the reply ends in what has come so far, or -1. */
const endOf = (until: Until, octets: Uint8Array, from: number): number => {
  if (until._tag === "Octets") return octets.length >= until.octets ? until.octets : -1
  if (until._tag !== "Delimiter") return -1
  const { delimiter } = until
  const start = Math.max(0, from - delimiter.length + 1)
  const at = Buffer.from(octets.buffer, octets.byteOffset, octets.length).indexOf(delimiter, start)
  return at < 0 ? -1 : at + delimiter.length
}

class Failed extends Error {
  readonly stage: Stage
  readonly reason: string
  readonly code: string | undefined
  constructor(stage: Stage, reason: string, detail: string, code?: string) {
    super(detail)
    this.stage = stage
    this.reason = reason
    this.code = code
  }
}

const failed = (stage: Stage, error: unknown): Failed => {
  if (error instanceof Failed) return error
  const { code, message } = error as { readonly code?: string; readonly message: string }
  const known = code === undefined ? undefined : reasons[code]
  return new Failed(stage, known ?? "Unknown", message, code)
}

/** Holds the conversation. Never rejects. */
export const converse = async (request: Request): Promise<Answer> => {
  const { peer } = request
  const started = performance.now()
  let shown = "path" in peer ? peer.path : show(peer.host, peer.port)
  let received = 0
  const left = (limit: number): number =>
    request.totalTimeout === undefined ? limit : Math.min(limit, request.totalTimeout - (performance.now() - started))
  try {
    let host = ""
    let port = 0
    if (!("path" in peer)) {
      port = peer.port
      host = isIP(peer.host) > 0 ? peer.host : await within(left(request.connectTimeout), "resolve", resolve(peer.host))
      shown = show(host, port)
    }
    const counted = (octets: number) => {
      received = octets
    }
    const connectLeft = () => left(request.connectTimeout - (performance.now() - started))
    const answer =
      request.transport === "udp"
        ? await datagram(request, host, port, left, counted)
        : await stream(request, host, port, connectLeft, left, counted)
    return { ok: true, peer: shown, ...answer }
  } catch (error) {
    const { code, message, reason, stage } = failed("receive", error)
    return { ok: false, peer: shown, stage, reason, received, ...(code !== undefined && { code }), detail: message }
  }
}

const resolve = async (name: string): Promise<string> => {
  try {
    return (await lookup(name)).address
  } catch (error) {
    throw failed("resolve", error)
  }
}

const within = async <A>(milliseconds: number, stage: Stage, promise: Promise<A>): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Failed(stage, "Timeout", "took too long")), Math.max(0, milliseconds))
      })
    ])
  } finally {
    clearTimeout(timer)
  }
}

type Reply = { readonly octets: Uint8Array; readonly end: "complete" | "closed" }

const stream = (
  request: Request,
  host: string,
  port: number,
  connectLeft: () => number,
  left: (limit: number) => number,
  counted: (octets: number) => void
): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const { maxOctets, peer, until } = request
    const isTls = request.transport === "tls"
    let stage: Stage = "connect"
    let octets = Buffer.alloc(Math.min(maxOctets, 4096))
    let length = 0
    const options = "path" in peer ? { path: peer.path } : { host, port }
    const servername = "path" in peer || isIP(peer.host) > 0 ? {} : { servername: peer.host }
    const socket: Socket = isTls ? connectTls({ ...options, ...servername }) : connectTcp(options)
    let timer: NodeJS.Timeout | undefined
    const watch = (limit: number): void => {
      clearTimeout(timer)
      timer = setTimeout(
        () => finish(() => reject(new Failed(stage, "Timeout", "nothing came in time"))),
        Math.max(0, limit)
      )
    }
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      socket.removeAllListeners()
      socket.on("error", () => {})
      socket.destroy()
      settle()
    }
    const reply = (size: number, end: "complete" | "closed"): void =>
      finish(() => resolve({ octets: new Uint8Array(octets.subarray(0, size)), end }))
    watch(connectLeft())
    socket.on("error", (error) => finish(() => reject(failed(stage, error))))
    socket.on("connect", () => {
      if (isTls) stage = "tls"
    })
    socket.on(isTls ? "secureConnect" : "connect", () => {
      stage = "send"
      watch(left(request.idleTimeout))
      if (until._tag === "Octets" && until.octets === 0) {
        socket.write(request.request, () => reply(0, "complete"))
        return
      }
      if (request.request.length > 0) {
        socket.write(request.request, () => {
          if (stage === "send") stage = "receive"
        })
      } else stage = "receive"
    })
    socket.on("data", (chunk: Buffer) => {
      stage = "receive"
      const before = length
      if (length + chunk.length > octets.length) {
        const larger = Buffer.alloc(Math.max(octets.length * 2, length + chunk.length))
        octets.copy(larger, 0, 0, length)
        octets = larger
      }
      chunk.copy(octets, length)
      length += chunk.length
      counted(length)
      const end = endOf(until, octets.subarray(0, length), before)
      if (end >= 0 && end <= maxOctets) return reply(end, "complete")
      if (length > maxOctets) {
        return finish(() => reject(new Failed("receive", "TooLong", `more than ${maxOctets} octets`)))
      }
      watch(left(request.idleTimeout))
    })
    socket.on("end", () => {
      if (until._tag === "Close") return reply(length, "complete")
      if (length > 0) return reply(length, "closed")
      finish(() => reject(new Failed("receive", "Closed", "the peer closed without a reply")))
    })
  })

const datagram = (
  request: Request,
  host: string,
  port: number,
  left: (limit: number) => number,
  counted: (octets: number) => void
): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const socket = createSocket(isIP(host) === 6 ? "udp6" : "udp4")
    let stage: Stage = "connect"
    let isOpen = true
    const timer = setTimeout(
      () => finish(() => reject(new Failed(stage, "Timeout", "nothing came in time"))),
      Math.max(0, left(request.idleTimeout))
    )
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      if (isOpen) socket.close()
      isOpen = false
      settle()
    }
    socket.on("error", (error) => finish(() => reject(failed(stage, error))))
    socket.on("message", (message) => {
      counted(message.length)
      if (message.length > request.maxOctets) {
        return finish(() => reject(new Failed("receive", "TooLong", `more than ${request.maxOctets} octets`)))
      }
      finish(() => resolve({ octets: new Uint8Array(message), end: "complete" }))
    })
    socket.connect(port, host, () => {
      stage = "send"
      socket.send(request.request, (error) => {
        if (error !== null && error !== undefined) finish(() => reject(failed("send", error)))
        else stage = "receive"
      })
    })
  })
