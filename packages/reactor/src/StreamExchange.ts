/**
 * An exchange over TCP, TLS or a Unix socket, as a state machine; job, gate's entrant and link's handler in one object,
 * so that a task costs one allocation.
 *
 * `queued` (at the gate) -> `resolve` -> `connect` -> `tls` -> `send` -> `receive` -> answered. Every way out goes
 * through `#free`, once: it gives back the link, the timer and the place at the gate, and only then the caller is told.
 * Giving up at any point closes the socket at once.
 */
import type { Exchange, Executor, Reply } from "@handoff/core"
import { Job } from "@handoff/core"
import type * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import type { Expirable } from "./Deadline.ts"
import { Deadline, now } from "./Deadline.ts"
import * as Dial from "./Dial.ts"
import type { Machine } from "./Exchanges.ts"
import type { Entrant } from "./Gate.ts"
import { Gather, wholeIn } from "./Gather.ts"
import type { KnownPeer } from "./KnownPeer.ts"
import * as limits from "./limits.ts"
import type { Handler, Link, SystemError } from "./Link.ts"
import type { Reason, Stage } from "./Trouble.ts"
import { exchangeError, isScarcity, reasonOf, reasonOfName, stageOf } from "./Trouble.ts"

const noReply = new Uint8Array(0)

export class StreamExchange extends Job<Exchange> implements Entrant, Handler, Dial.Outcome, Expirable {
  gate: Entrant["gate"] = "outside"
  readonly #machine: Machine
  readonly #known: KnownPeer
  readonly #context: Context.Context<never> | undefined
  #link: Link | undefined = undefined
  #dialling: Dial.Dialling | undefined = undefined
  #gather: Gather | undefined = undefined
  #deadline: Deadline | undefined = undefined
  #stage: Stage = "resolve"
  #peer: string
  /** Which wait the deadline is for, by the name its failure gets. */
  #wait: "ConnectTimeout" | "TlsTimeout" | "FirstByteTimeout" | "IdleTimeout" | "TotalTimeout" = "ConnectTimeout"
  #totalAt = Infinity
  #unsentBefore = 0
  #scarceSince: number | undefined = undefined
  /** Under which its connection is kept; none if it cannot serve again. */
  readonly #keptAs: string | undefined

  constructor(
    machine: Machine,
    known: KnownPeer,
    task: Exchange,
    onExit: (exit: Exit.Exit<any, any>) => void,
    context: Context.Context<never> | undefined,
    watch: Executor.Watch | undefined
  ) {
    super(machine.outstanding, task, onExit, watch)
    this.#machine = machine
    this.#known = known
    this.#context = context
    this.#peer = known.text
    const { until } = task
    // A connection can serve again when the reply's end is not the connection's, and when the peer speaks only if asked.
    // With no octets awaited, an answer that still comes would be taken for that of the next exchange.
    this.#keptAs =
      machine.kept !== undefined &&
      task.request.length > 0 &&
      ((until._tag === "Octets" && until.octets > 0) || until._tag === "Delimiter")
        ? task.transport === "tls"
          ? known.tlsKey
          : known.tcpKey
        : undefined
  }

  get gateKey(): string {
    return this.#known.host
  }

  begin(): void {
    const total = this.task.totalTimeout ?? this.#machine.timeouts.total
    if (total !== Infinity) {
      this.#totalAt = now() + total
      this.#wait = "TotalTimeout"
      this.#timer().setAt(this.#totalAt)
    }
    this.#machine.gate.enter(this)
  }

  admit(): void {
    this.start()
    if (this.#keptAs !== undefined) {
      const entry = this.#machine.kept!.take(this.#keptAs)
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
    this.#until("ConnectTimeout", this.task.connectTimeout ?? this.#machine.timeouts.connect)
    const dial = this.task.transport === "tls" ? this.#machine.dialTls : this.#machine.dial
    if (target === undefined) {
      this.#stage = "resolve"
      this.#dialling = Dial.dial(this.task.peer, dial, this, this.#context)
      if (!this.isOpen) this.#dialling.cancel()
    } else {
      this.#stage = "connect"
      this.#link = dial.open(target, undefined, this)
    }
  }

  override released(): void {
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
      this.#fail("resolve", reasonOfName(error), { detail: error.message })
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
    const { request, until } = this.task
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
    const { until } = this.task
    const most = this.task.maxOctets ?? limits.maxOctets.default
    // Most replies come whole, in one chunk.
    if (this.#gather === undefined) {
      const length = wholeIn(octets, until)
      if (length >= 0 && length <= most) {
        const reply = new Uint8Array(length)
        reply.set(length === octets.length ? octets : octets.subarray(0, length))
        this.#answer(reply, "complete", length === octets.length)
        return
      }
    }
    this.#stage = "receive"
    this.#gather ??= new Gather(until, most)
    const verdict = this.#gather.push(octets)
    if (verdict === "more") this.#until("IdleTimeout", this.#idle)
    else if (verdict === "complete") this.#succeed("complete")
    else {
      this.#fail("receive", "TooLong", {
        received: this.#gather.length + octets.length,
        detail: `no end within ${most} octets`
      })
    }
  }

  onEnd(): void {
    const received = this.#gather?.length ?? 0
    if (this.task.until._tag === "Close") this.#succeed("complete")
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
      const patience = this.task.connectTimeout ?? this.#machine.timeouts.connect
      // While connections of ours are open, their ends give descriptors back; otherwise others hold them all.
      if (this.#machine.gate.inside > 1 || time - this.#scarceSince < patience) {
        this.#link = undefined
        this.#wait = "TotalTimeout"
        if (this.#totalAt === Infinity) this.#deadline?.clear()
        else this.#timer().setAt(this.#totalAt)
        this.requeue()
        this.#machine.kept?.shed()
        this.#machine.gate.scarce(this, limits.scarcityPause.default)
        return
      }
    }
    this.#fail(stage, reasonOf(cause), { code: cause?.code, detail: cause?.message })
  }

  get #idle(): number {
    return this.task.idleTimeout ?? this.#machine.timeouts.idle
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
    const { connectTimeout, totalTimeout } = this.task
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
    if (!this.isOpen) return
    this.#free(whole)
    this.answer(Exit.succeed({ octets, peer: this.#peer, end }))
  }

  #fail(
    stage: Stage,
    reason: Reason,
    more: { readonly code?: string | undefined; readonly detail?: string | undefined; readonly received?: number }
  ): void {
    if (!this.isOpen) return
    const received = more.received ?? this.#gather?.length ?? 0
    const error = exchangeError({ peer: this.#peer, stage, reason, received, code: more.code, detail: more.detail })
    this.#free(false)
    this.answer(Exit.fail(error))
  }

  /** May be called again: there is nothing left then. */
  #free(whole: boolean): void {
    const link = this.#link
    const deadline = this.#deadline
    this.#link = undefined
    this.#deadline = undefined
    // An answer that came before all was sent: the next request would wait behind the rest of this one.
    if (whole && link !== undefined && this.#keptAs !== undefined && link.unsent === 0) {
      this.#machine.kept!.put(this.#keptAs, link, deadline ?? new Deadline(this))
      this.#machine.gate.leave(this)
      return
    }
    this.#dialling?.cancel()
    this.#dialling = undefined
    this.#gather = undefined
    if (whole && link !== undefined && link.unsent > 0) {
      new Leaving(this.#machine.leaving, link, deadline ?? new Deadline(this), this.#idle).begin()
    } else {
      deadline?.free()
      link?.destroy()
    }
    this.#machine.gate.leave(this)
  }
}

/** A link whose exchange was answered before all was sent: it sends the rest as long as the peer takes any. */
class Leaving implements Handler, Expirable {
  readonly #others: Machine["leaving"]
  readonly #link: Link
  readonly #deadline: Deadline
  readonly #idle: number
  #unsent: number

  constructor(others: Machine["leaving"], link: Link, deadline: Deadline, idle: number) {
    this.#others = others
    this.#link = link
    this.#deadline = deadline
    this.#idle = idle
    this.#unsent = link.unsent
  }

  begin(): void {
    this.#others.add(this)
    this.#link.handler = this
    this.#deadline.owner = this
    this.#deadline.set(this.#idle)
    this.#link.close()
  }

  onOpen(): void {}
  onOctets(): void {}
  onEnd(): void {}
  onDrain(): void {}

  onDeadline(): void {
    const { unsent } = this.#link
    if (unsent < this.#unsent) {
      this.#unsent = unsent
      this.#deadline.set(this.#idle)
    } else this.cut()
  }

  cut(): void {
    this.onClose()
    this.#link.destroy()
  }

  onClose(): void {
    this.#others.delete(this)
    this.#deadline.free()
  }
}
