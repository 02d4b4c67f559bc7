/**
 * `Exchange` as the reactor runs it: each task is a small state machine on the loop, made of a dial, a link and a
 * gatherer.
 *
 * `queued` (at the gate) -> `resolve` -> `connect` -> `tls` -> `send` -> `receive` -> answered. Every way out goes
 * through `#settle`, once: it frees the link, the timer and the place at the gate, and only then tells. Giving up at
 * any point closes the socket at once.
 */
import type { Exchange, Job, Reply } from "@handoff/core"
import type * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import * as Host from "effect/net/Host"
import * as NetAddress from "effect/net/NetAddress"
import type { Expirable } from "./Deadline.ts"
import { Deadline, now } from "./Deadline.ts"
import * as Dial from "./Dial.ts"
import type { Entrant, Gate } from "./Gate.ts"
import { Gather } from "./Gather.ts"
import type { Kept } from "./Kept.ts"
import * as limits from "./limits.ts"
import type { Handler, Link, SystemError } from "./Link.ts"
import type { Reason, Stage } from "./Trouble.ts"
import { exchangeError, isScarcity, reasonOf, stageOf } from "./Trouble.ts"
import * as Udp from "./Udp.ts"

export interface Machine {
  readonly gate: Gate
  readonly dial: Dial.Options
  /** As `dial.open`, for TLS. */
  readonly dialTls: Dial.Options
  readonly kept: Kept | undefined
  /** Milliseconds, where the task states none. */
  readonly timeouts: {
    readonly connect: number
    readonly firstByte: number
    readonly idle: number
    readonly total: number
  }
}

/** An exchange under way. */
export interface Running {
  /** Gives up; nothing is told. */
  cancel(): void
}

/** Starts an exchange, or queues it, and says how it is released; it is never answered before this returns. */
export const start = (machine: Machine, job: Job<Exchange>, context: Context.Context<never> | undefined): void => {
  const { task } = job
  const wrong = wrongWith(task)
  const running: Running =
    wrong !== undefined
      ? new Refusal(Dial.format(task.peer), wrong, job)
      : task.transport === "udp"
        ? new DatagramExchange(machine, job, context)
        : new StreamExchange(machine, job, context)
  job.release = () => running.cancel()
}

/** What the caller got wrong, if anything. */
const wrongWith = (task: Exchange): string | undefined => {
  const { transport, until } = task
  if (transport === "udp") {
    if (until._tag !== "Datagram") return "a datagram ends with itself: until must be Datagram"
    if (NetAddress.isUnixPathAddress(task.peer)) return "Node has no Unix datagram sockets"
  } else if (until._tag === "Datagram") return "a stream has no datagrams: until must be Close, Octets or Delimiter"
  if (transport === "tls" && NetAddress.isUnixPathAddress(task.peer)) return "TLS needs a host"
  if (!NetAddress.isUnixPathAddress(task.peer) && task.peer.port === 0) return "port 0 cannot be connected to"
  const most = task.maxOctets ?? limits.maxOctets.default
  if (!(most >= 0)) return "maxOctets must not be negative"
  if (until._tag === "Octets" && !(until.octets >= 0 && until.octets <= most)) {
    return `until ${until.octets} octets cannot come within maxOctets ${most}`
  }
  if (until._tag === "Delimiter" && !(until.delimiter.length > 0 && until.delimiter.length <= most)) {
    return "the delimiter must have at least one octet, and fit into maxOctets"
  }
  return undefined
}

class Refusal implements Running {
  readonly #immediate: NodeJS.Immediate
  constructor(peer: string, detail: string, job: Job<Exchange>) {
    this.#immediate = setImmediate(() => {
      job.answer(Exit.fail(exchangeError({ peer, stage: "send", reason: "BadRequest", received: 0, detail })))
    })
  }
  cancel(): void {
    clearImmediate(this.#immediate)
  }
}

/** What is known of a peer before anything is asked; kept as long as the peer's own value. */
interface Known {
  readonly text: string
  readonly target: Dial.Target | undefined
  /** Under which its connections are kept. */
  readonly tcpKey: string
  readonly tlsKey: string
  /** Limits count per host. */
  readonly host: string
}
const known = new WeakMap<object, Known>()

const knownOf = (peer: Dial.Peer): Known => {
  let found = known.get(peer)
  if (found === undefined) {
    const text = Dial.format(peer)
    const target = Dial.targetOf(peer)
    found = {
      text,
      tcpKey: `tcp|${text}`,
      tlsKey: `tls|${text}`,
      target: target === undefined || "path" in target ? target : { ...target, text },
      host: NetAddress.isUnixPathAddress(peer)
        ? peer.path
        : NetAddress.isInetAddress(peer)
          ? NetAddress.formatHost(peer)
          : Host.formatHost(peer.host)
    }
    known.set(peer, found)
  }
  return found
}

const noReply = new Uint8Array(0)

/** Over TCP, TLS and Unix sockets. */
class StreamExchange implements Running, Entrant, Handler, Dial.Outcome, Expirable {
  gate: Entrant["gate"] = "outside"
  readonly gateKey: string
  readonly #machine: Machine
  readonly #task: Exchange
  readonly #context: Context.Context<never> | undefined
  readonly #known: Known
  /** Gone once it is over. */
  #job: Job<Exchange> | undefined
  #link: Link | undefined = undefined
  #dialling: Dial.Dialling | undefined = undefined
  #gather: Gather | undefined = undefined
  #deadline: Deadline | undefined = undefined
  #stage: Stage = "resolve"
  #peer: string
  /** Which wait the deadline is for, by the name its failure gets. */
  #wait: "ConnectTimeout" | "TlsTimeout" | "FirstByteTimeout" | "IdleTimeout" | "TotalTimeout" = "ConnectTimeout"
  readonly #totalAt: number
  #unsentBefore = 0
  #scarceSince: number | undefined = undefined
  readonly #poolKey: string | undefined

  constructor(machine: Machine, job: Job<Exchange>, context: Context.Context<never> | undefined) {
    const { task } = job
    this.#machine = machine
    this.#task = task
    this.#job = job
    this.#context = context
    this.#known = knownOf(task.peer)
    this.#peer = this.#known.text
    this.gateKey = this.#known.host
    const { until } = task
    // A connection can serve again when the reply's end is not the connection's, and when the peer speaks only if asked.
    this.#poolKey =
      machine.kept !== undefined && task.request.length > 0 && (until._tag === "Octets" || until._tag === "Delimiter")
        ? task.transport === "tls"
          ? this.#known.tlsKey
          : this.#known.tcpKey
        : undefined
    const total = task.totalTimeout ?? machine.timeouts.total
    this.#totalAt = total === Infinity ? Infinity : now() + total
    if (total !== Infinity) {
      this.#wait = "TotalTimeout"
      this.#timer().setAt(this.#totalAt)
    }
    machine.gate.enter(this)
  }

  admit(): void {
    this.#job?.start()
    const { kept } = this.#machine
    if (this.#poolKey !== undefined) {
      const entry = kept!.take(this.#poolKey)
      if (entry !== undefined) {
        const { deadline, link } = entry
        link.handler = this
        this.#deadline?.free()
        this.#deadline = deadline
        deadline.owner = this
        this.#link = link
        this.#peer = link.peer
        this.#send(link)
        return
      }
    }
    const { target } = this.#known
    this.#until("ConnectTimeout", this.#task.connectTimeout ?? this.#machine.timeouts.connect)
    const dial = this.#task.transport === "tls" ? this.#machine.dialTls : this.#machine.dial
    if (target === undefined) {
      this.#stage = "resolve"
      this.#dialling = Dial.dial(this.#task.peer, dial, this, this.#context)
      if (this.#job === undefined) this.#dialling.cancel()
    } else {
      this.#stage = "connect"
      this.#link = dial.open(target, undefined, this)
    }
  }

  cancel(): void {
    if (this.#job === undefined) return
    this.#job = undefined
    this.#free(false)
  }

  // Dial.Outcome, for names.

  opened(link: Link): void {
    this.#dialling = undefined
    link.handler = this
    this.#link = link
    this.onOpen(link)
  }

  failed(trouble: Dial.Trouble): void {
    this.#dialling = undefined
    if (trouble.stage === "resolve") {
      const { error } = trouble
      const reason: Reason =
        error.reason === "NotFound"
          ? "NotFound"
          : error.reason === "Timeout"
            ? "Timeout"
            : error.reason === "BadName"
              ? "BadRequest"
              : "Unknown"
      this.#fail("resolve", reason, { detail: error.message })
      return
    }
    this.#peer = trouble.peer
    this.#broke(trouble.stage, trouble.cause)
  }

  // Handler

  onOpen(link: Link): void {
    this.#peer = link.peer
    this.#send(link)
  }

  #send(link: Link): void {
    const { request, until } = this.#task
    this.#stage = request.length > 0 ? "send" : "receive"
    if (request.length > 0) link.write(request)
    if (until._tag === "Octets" && until.octets === 0) {
      this.#succeed("complete")
      return
    }
    this.#unsentBefore = link.unsent
    const { firstByte } = this.#machine.timeouts
    const idle = this.#idle
    if (firstByte < idle) this.#until("FirstByteTimeout", firstByte)
    else this.#until("IdleTimeout", idle)
  }

  onOctets(octets: Uint8Array): void {
    this.#stage = "receive"
    const until = this.#task.until
    // Most replies come whole.
    if (this.#gather === undefined && until._tag === "Octets" && octets.length === until.octets) {
      const reply = new Uint8Array(octets.length)
      reply.set(octets)
      this.#answer(reply, "complete", true)
      return
    }
    this.#gather ??= new Gather(until, this.#task.maxOctets ?? limits.maxOctets.default)
    const verdict = this.#gather.push(octets)
    if (verdict === "more") this.#until("IdleTimeout", this.#idle)
    else if (verdict === "complete") this.#succeed("complete")
    else {
      this.#fail("receive", "TooLong", {
        received: this.#gather.length + octets.length,
        detail: `no end within ${this.#task.maxOctets ?? limits.maxOctets.default} octets`
      })
    }
  }

  onEnd(): void {
    const received = this.#gather?.length ?? 0
    if (this.#task.until._tag === "Close") this.#succeed("complete")
    else if (received > 0) this.#succeed("closed")
    else this.#fail(this.#link!.unsent > 0 ? "send" : "receive", "Closed", {})
  }

  onDrain(): void {}

  onClose(cause: SystemError | undefined, link: Link): void {
    const stage = stageOf((link as { closedAt?: Link["phase"] }).closedAt ?? "open", link.unsent)
    this.#broke(stage, cause)
  }

  #broke(stage: Stage, cause: SystemError | undefined): void {
    if (stage === "connect" && isScarcity(cause)) {
      const time = now()
      this.#scarceSince ??= time
      const patience = this.#task.connectTimeout ?? this.#machine.timeouts.connect
      // While connections of ours are open, their ends give descriptors back; otherwise others hold them all.
      if (this.#machine.gate.inside > 1 || time - this.#scarceSince < patience) {
        this.#link = undefined
        this.#wait = "TotalTimeout"
        if (this.#totalAt === Infinity) this.#deadline?.clear()
        else this.#timer().setAt(this.#totalAt)
        this.#job?.requeue()
        this.#machine.gate.scarce(this, limits.scarcityPause.default)
        return
      }
    }
    this.#fail(stage, reasonOf(cause), { code: cause?.code, detail: cause?.message })
  }

  get #idle(): number {
    return this.#task.idleTimeout ?? this.#machine.timeouts.idle
  }

  #timer(): Deadline {
    return (this.#deadline ??= new Deadline(this))
  }

  #until(wait: "ConnectTimeout" | "FirstByteTimeout" | "IdleTimeout", millis: number): void {
    const at = now() + millis
    if (at <= this.#totalAt) {
      this.#wait = wait
      this.#timer().setAt(at)
    } else {
      this.#wait = "TotalTimeout"
      this.#timer().setAt(this.#totalAt)
    }
  }

  onDeadline(): void {
    const link = this.#link
    // A slow receiver of ours is not silent as long as it takes what we send.
    if (this.#wait === "IdleTimeout" && link !== undefined && link.unsent < this.#unsentBefore) {
      this.#unsentBefore = link.unsent
      this.#until("IdleTimeout", this.#idle)
      return
    }
    if (this.#dialling !== undefined) {
      this.#stage = this.#dialling.stage
      this.#peer = this.#dialling.peer
    } else if (link !== undefined && link.phase !== "open") this.#stage = stageOf(link.phase, 0)
    else if (link !== undefined && link.unsent > 0) this.#stage = "send"
    else if (link !== undefined) this.#stage = "receive"
    // The handshake is part of connecting, and has a name of its own.
    if (this.#wait === "ConnectTimeout" && this.#stage === "tls") this.#wait = "TlsTimeout"
    this.#fail(this.#stage, "Timeout", { code: this.#wait, detail: this.#waited() })
  }

  #waited(): string {
    const { timeouts } = this.#machine
    const { connectTimeout, totalTimeout } = this.#task
    switch (this.#wait) {
      case "ConnectTimeout":
        return `no connection within ${connectTimeout ?? timeouts.connect} ms`
      case "TlsTimeout":
        return `connected, but no handshake within ${connectTimeout ?? timeouts.connect} ms`
      case "FirstByteTimeout":
        return `no first octet within ${timeouts.firstByte} ms`
      case "IdleTimeout":
        return `nothing for ${this.#idle} ms`
      case "TotalTimeout":
        return `not done within ${totalTimeout ?? timeouts.total} ms`
    }
  }

  #succeed(end: Reply["end"]): void {
    const gather = this.#gather
    this.#answer(
      gather === undefined ? noReply : gather.take(),
      end,
      end === "complete" && (gather === undefined || gather.surplus === 0)
    )
  }

  #answer(octets: Uint8Array, end: Reply["end"], whole: boolean): void {
    const job = this.#job
    if (job === undefined) return
    this.#job = undefined
    this.#free(whole)
    job.answer(Exit.succeed({ octets, peer: this.#peer, end }))
  }

  #fail(
    stage: Stage,
    reason: Reason,
    more: { readonly code?: string | undefined; readonly detail?: string | undefined; readonly received?: number }
  ): void {
    const job = this.#job
    if (job === undefined) return
    this.#job = undefined
    const received = more.received ?? this.#gather?.length ?? 0
    const error = exchangeError({ peer: this.#peer, stage, reason, received, code: more.code, detail: more.detail })
    this.#free(false)
    job.answer(Exit.fail(error))
  }

  #free(whole: boolean): void {
    this.#dialling?.cancel()
    const link = this.#link
    this.#link = undefined
    if (link !== undefined && whole && this.#poolKey !== undefined) {
      this.#machine.kept!.put(this.#poolKey, link, this.#timer())
      this.#machine.gate.leave(this)
      return
    }
    this.#deadline?.free()
    if (link !== undefined) {
      if (whole && link.unsent > 0) link.close()
      else link.destroy()
    }
    this.#machine.gate.leave(this)
  }
}

/** Over UDP: one datagram out, the first from the peer back. */
class DatagramExchange implements Running, Entrant, Udp.Handler, Expirable {
  gate: Entrant["gate"] = "outside"
  readonly gateKey: string
  readonly #machine: Machine
  readonly #task: Exchange
  readonly #context: Context.Context<never> | undefined
  readonly #known: Known
  /** Gone once it is over. */
  #job: Job<Exchange> | undefined
  #port: Udp.Port | undefined = undefined
  #stopLookup: (() => void) | undefined = undefined
  #stage: Stage = "resolve"
  #peer: string
  #wait: "ConnectTimeout" | "IdleTimeout" | "TotalTimeout" = "ConnectTimeout"
  readonly #totalAt: number
  #scarceSince: number | undefined = undefined
  readonly #deadline = new Deadline(this)

  constructor(machine: Machine, job: Job<Exchange>, context: Context.Context<never> | undefined) {
    const { task } = job
    this.#machine = machine
    this.#task = task
    this.#job = job
    this.#context = context
    this.#known = knownOf(task.peer)
    this.#peer = this.#known.text
    this.gateKey = this.#known.host
    const total = task.totalTimeout ?? machine.timeouts.total
    this.#totalAt = total === Infinity ? Infinity : now() + total
    if (total !== Infinity) {
      this.#wait = "TotalTimeout"
      this.#deadline.setAt(this.#totalAt)
    }
    machine.gate.enter(this)
  }

  admit(): void {
    this.#job?.start()
    this.#until("ConnectTimeout", this.#task.connectTimeout ?? this.#machine.timeouts.connect)
    const { target } = this.#known
    if (target !== undefined) {
      this.#open(target as Udp.Address)
      return
    }
    const peer = this.#task.peer as Host.HostPort
    this.#stopLookup = Dial.lookup(this.#machine.dial, peer.host as Host.DomainName, this.#context, (exit) => {
      if (this.#job === undefined) return
      if ("error" in exit) {
        const { error } = exit
        const reason: Reason =
          error.reason === "NotFound"
            ? "NotFound"
            : error.reason === "Timeout"
              ? "Timeout"
              : error.reason === "BadName"
                ? "BadRequest"
                : "Unknown"
        this.#fail("resolve", reason, { detail: error.message })
      } else this.#open({ host: exit.addresses[0]!, port: peer.port })
    })
  }

  #open(address: Udp.Address): void {
    this.#stage = "connect"
    this.#port = Udp.open({ connect: address }, this)
    this.#peer = this.#port.peer ?? this.#peer
  }

  cancel(): void {
    if (this.#job === undefined) return
    this.#job = undefined
    this.#free()
  }

  onDeadline(): void {
    this.#fail(this.#stage, "Timeout", { code: this.#wait, detail: "no datagram came back in time" })
  }

  onOpen(port: Udp.Port): void {
    this.#stage = "receive"
    port.send(this.#task.request)
    this.#until("IdleTimeout", this.#task.idleTimeout ?? this.#machine.timeouts.idle)
  }

  onDatagram(octets: Uint8Array): void {
    const most = this.#task.maxOctets ?? limits.maxOctets.default
    if (octets.length > most) {
      this.#fail("receive", "TooLong", { received: octets.length, detail: `more than ${most} octets` })
      return
    }
    const job = this.#job
    if (job === undefined) return
    this.#job = undefined
    this.#free()
    const reply: Reply = { octets: new Uint8Array(octets), peer: this.#peer, end: "complete" }
    job.answer(Exit.succeed(reply))
  }

  onError(cause: SystemError): void {
    const stage: Stage = cause.syscall === "send" ? "send" : "receive"
    this.#fail(stage, reasonOf(cause), { code: cause.code, detail: cause.message })
  }

  onClose(cause: SystemError | undefined): void {
    if (isScarcity(cause)) {
      const time = now()
      this.#scarceSince ??= time
      const patience = this.#task.connectTimeout ?? this.#machine.timeouts.connect
      if (this.#machine.gate.inside > 1 || time - this.#scarceSince < patience) {
        this.#port = undefined
        this.#wait = "TotalTimeout"
        if (this.#totalAt === Infinity) this.#deadline.clear()
        else this.#deadline.setAt(this.#totalAt)
        this.#job?.requeue()
        this.#machine.gate.scarce(this, limits.scarcityPause.default)
        return
      }
    }
    this.#fail("connect", reasonOf(cause), { code: cause?.code, detail: cause?.message })
  }

  #until(wait: "ConnectTimeout" | "IdleTimeout", millis: number): void {
    const at = now() + millis
    this.#wait = at <= this.#totalAt ? wait : "TotalTimeout"
    this.#deadline.setAt(Math.min(at, this.#totalAt))
  }

  #fail(
    stage: Stage,
    reason: Reason,
    more: { readonly code?: string | undefined; readonly detail?: string | undefined; readonly received?: number }
  ): void {
    const job = this.#job
    if (job === undefined) return
    this.#job = undefined
    this.#free()
    job.answer(
      Exit.fail(
        exchangeError({
          peer: this.#peer,
          stage,
          reason,
          received: more.received ?? 0,
          code: more.code,
          detail: more.detail
        })
      )
    )
  }

  #free(): void {
    this.#deadline.free()
    this.#stopLookup?.()
    this.#port?.destroy()
    this.#port = undefined
    this.#machine.gate.leave(this)
  }
}
