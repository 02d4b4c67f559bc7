/** An exchange over UDP: one datagram out, the first from the peer back. States and ways out as in `StreamExchange`. */
import type { Exchange, Executor, Reply } from "@handoff/core"
import { Job } from "@handoff/core"
import type * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import type * as Host from "effect/net/Host"
import type { Expirable } from "./Deadline.ts"
import { Deadline, now } from "./Deadline.ts"
import * as Dial from "./Dial.ts"
import type { Machine } from "./Exchanges.ts"
import type { Entrant } from "./Gate.ts"
import type { KnownPeer } from "./KnownPeer.ts"
import * as limits from "./limits.ts"
import type { SystemError } from "./Link.ts"
import type { Reason, Stage } from "./Trouble.ts"
import { exchangeError, isScarcity, reasonOf, reasonOfName } from "./Trouble.ts"
import * as Udp from "./Udp.ts"

export class DatagramExchange extends Job<Exchange> implements Entrant, Udp.Handler, Expirable {
  gate: Entrant["gate"] = "outside"
  readonly #machine: Machine
  readonly #context: Context.Context<never> | undefined
  readonly #known: KnownPeer
  #port: Udp.Port | undefined = undefined
  #stopLookup: (() => void) | undefined = undefined
  #stage: Stage = "resolve"
  #peer: string
  #wait: "ConnectTimeout" | "IdleTimeout" | "TotalTimeout" = "ConnectTimeout"
  #totalAt = Infinity
  #scarceSince: number | undefined = undefined
  readonly #deadline = new Deadline(this)

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
  }

  get gateKey(): string {
    return this.#known.host
  }

  begin(): void {
    const total = this.task.totalTimeout ?? this.#machine.timeouts.total
    if (total !== Infinity) {
      this.#totalAt = now() + total
      this.#wait = "TotalTimeout"
      this.#deadline.setAt(this.#totalAt)
    }
    this.#machine.gate.enter(this)
  }

  admit(): void {
    this.start()
    this.#until("ConnectTimeout", this.task.connectTimeout ?? this.#machine.timeouts.connect)
    const { target } = this.#known
    if (target !== undefined) {
      this.#open(target as Udp.Address)
      return
    }
    const peer = this.task.peer as Host.HostPort
    this.#stopLookup = Dial.lookup(this.#machine.dial, peer.host as Host.DomainName, this.#context, (exit) => {
      if (!this.isOpen) return
      if ("error" in exit) {
        const { error } = exit
        this.#fail("resolve", reasonOfName(error), { detail: error.message })
      } else this.#open({ host: exit.addresses[0]!, port: peer.port })
    })
  }

  #open(address: Udp.Address): void {
    this.#stage = "connect"
    this.#port = Udp.open({ connect: address }, this)
    this.#peer = this.#port.peer ?? this.#peer
  }

  override released(): void {
    this.#free()
  }

  onDeadline(): void {
    this.#fail(this.#stage, "Timeout", { code: this.#wait, detail: "no datagram came back in time" })
  }

  onOpen(port: Udp.Port): void {
    this.#stage = "receive"
    // Before sending, which may fail at once.
    this.#until("IdleTimeout", this.task.idleTimeout ?? this.#machine.timeouts.idle)
    port.send(this.task.request)
  }

  onDatagram(octets: Uint8Array): void {
    const most = this.task.maxOctets ?? limits.maxOctets.default
    if (octets.length > most) {
      this.#fail("receive", "TooLong", { received: octets.length, detail: `more than ${most} octets` })
      return
    }
    if (!this.isOpen) return
    this.#free()
    const reply: Reply = { octets: new Uint8Array(octets), peer: this.#peer, end: "complete" }
    this.answer(Exit.succeed(reply))
  }

  onError(cause: SystemError): void {
    const stage: Stage = cause.syscall === "send" ? "send" : "receive"
    this.#fail(stage, reasonOf(cause), { code: cause.code, detail: cause.message })
  }

  onClose(cause: SystemError | undefined): void {
    if (isScarcity(cause)) {
      const time = now()
      this.#scarceSince ??= time
      const patience = this.task.connectTimeout ?? this.#machine.timeouts.connect
      if (this.#machine.gate.inside > 1 || time - this.#scarceSince < patience) {
        this.#port = undefined
        this.#wait = "TotalTimeout"
        if (this.#totalAt === Infinity) this.#deadline.clear()
        else this.#deadline.setAt(this.#totalAt)
        this.requeue()
        this.#machine.kept?.shed()
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
    if (!this.isOpen) return
    this.#free()
    this.answer(
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
