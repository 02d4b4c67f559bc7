/**
 * Drives a dialogue from inside a thread that does nothing else meanwhile: what a thread per connection is. No import of
 * Effect: what comes back is plain data, a failure too.
 */
import { scope } from "@handoff/threads/worker"
import * as Net from "node:net"
import * as Tls from "node:tls"
import * as Dialogue from "./Dialogue.ts"
import * as dialogues from "./dialogues.ts"
import type { Inspected, Request } from "./Inspected.ts"
import * as limits from "./limits.ts"
import * as Trust from "./trust.ts"

export type Answer =
  | { readonly ok: true; readonly inspected: Inspected }
  | {
      readonly ok: false
      readonly stage: Dialogue.Broken["stage"]
      readonly reason: Dialogue.Broken["reason"]
      readonly code?: string | undefined
    }

/** Holds the conversation. Rejects only for faults of ours. */
export const inspect = async (request: Request): Promise<Answer> => {
  const line = new Line(request)
  const stop = () => line.break(new Dialogue.Broken("receive", "Closed"))
  const { signal } = scope()
  signal.addEventListener("abort", stop)
  try {
    await line.connected()
    const dialogue = dialogues.start(request)
    let next = dialogue.next()
    while (next.done !== true) {
      let answer: unknown
      try {
        answer = await line.take(next.value)
      } catch (error) {
        next = dialogue.throw(error)
        continue
      }
      next = dialogue.next(answer)
    }
    return { ok: true, inspected: next.value }
  } catch (error) {
    if (!(error instanceof Dialogue.Broken)) throw error
    return { ok: false, stage: error.stage, reason: error.reason, code: error.code }
  } finally {
    signal.removeEventListener("abort", stop)
    line.close()
  }
}

/** Node says it as a word, or as an error with a code. */
const codeOf = (error: unknown): string =>
  error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error)

/** A connection of which one thing is wanted at a time. */
class Line {
  private readonly request: Request
  private socket: Net.Socket
  private stage: Dialogue.Broken["stage"] = "connect"
  private readonly heard: Array<Buffer> = []
  private isEnded = false
  private broken: Dialogue.Broken | undefined
  private waiting: { readonly resolve: () => void; readonly reject: (broken: Dialogue.Broken) => void } | undefined
  private readonly until: number

  constructor(request: Request) {
    this.request = request
    this.until = performance.now() + limits.waits * request.timeout
    this.socket = this.attend(
      Net.connect({ host: request.address, port: request.port, noDelay: true, allowHalfOpen: true })
    )
  }

  connected(): Promise<void> {
    this.socket.once("connect", () => this.waiting?.resolve())
    return this.wait()
  }

  take(step: Dialogue.Step): Promise<unknown> {
    switch (step._tag) {
      case "Say":
        this.stage = "send"
        this.socket.write(step.octets)
        return Promise.resolve()
      case "Hear":
        this.stage = "receive"
        return this.hear()
      case "Secure":
        this.stage = "tls"
        return this.secure()
    }
  }

  private async hear(): Promise<Uint8Array | undefined> {
    while (this.heard.length === 0 && !this.isEnded) await this.wait()
    return this.heard.shift()
  }

  private async secure(): Promise<Dialogue.Secured> {
    const { request } = this
    this.socket.removeAllListeners()
    const secured = Tls.connect({
      socket: this.socket,
      secureContext: Trust.contextFor(request.ca),
      rejectUnauthorized: false,
      ...(request.serverName !== undefined && { servername: request.serverName })
    })
    this.socket = this.attend(secured)
    let isSecure = false
    secured.once("secureConnect", () => {
      isSecure = true
      this.waiting?.resolve()
    })
    // The peer's end is no answer here: the error that it is comes after it.
    while (!isSecure) await this.wait()
    const certificates: Array<Uint8Array> = []
    const certificate = secured.getPeerX509Certificate()
    if (certificate !== undefined) certificates.push(certificate.raw)
    return {
      version: secured.getProtocol() ?? "unknown",
      cipher: secured.getCipher().standardName,
      distrust: secured.authorized ? undefined : codeOf(secured.authorizationError),
      certificates
    }
  }

  private attend<S extends Net.Socket>(socket: S): S {
    socket.on("data", (octets: Buffer) => {
      this.heard.push(octets)
      this.waiting?.resolve()
    })
    socket.on("end", () => {
      this.isEnded = true
      this.waiting?.resolve()
    })
    socket.on("error", (error: NodeJS.ErrnoException) => this.break(Dialogue.brokenByCode(this.stage, error.code)))
    socket.on("close", () => this.break(new Dialogue.Broken(this.stage, "Closed")))
    return socket
  }

  break(broken: Dialogue.Broken): void {
    this.broken ??= broken
    this.waiting?.reject(this.broken)
  }

  /** Until something happens, at most as long as one wait, or all of them together, may take. */
  private wait(): Promise<void> {
    if (this.broken !== undefined) return Promise.reject(this.broken)
    const limit = Math.max(0, Math.min(this.request.timeout, this.until - performance.now()))
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => this.break(new Dialogue.Broken(this.stage, "Timeout")), limit)
      const settle = (act: () => void): void => {
        clearTimeout(timer)
        this.waiting = undefined
        act()
      }
      this.waiting = {
        resolve: () => settle(resolve),
        reject: (broken) => settle(() => reject(broken))
      }
    })
  }

  close(): void {
    this.socket.removeAllListeners()
    this.socket.on("error", () => {})
    this.socket.destroy()
  }
}
