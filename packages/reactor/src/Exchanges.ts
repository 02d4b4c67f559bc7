/**
 * `Exchange` as the reactor runs it: each task is a small state machine on the loop (`StreamExchange`,
 * `DatagramExchange`), made of a dial, a link and a gatherer.
 */
import type { Exchange, Executor, Outstanding } from "@handoff/core"
import { Job } from "@handoff/core"
import type * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import { DatagramExchange } from "./DatagramExchange.ts"
import type * as Dial from "./Dial.ts"
import type { Gate } from "./Gate.ts"
import type { Kept } from "./Kept.ts"
import * as KnownPeer from "./KnownPeer.ts"
import * as limits from "./limits.ts"
import { StreamExchange } from "./StreamExchange.ts"
import { exchangeError } from "./Trouble.ts"

export interface Machine {
  /** Where its tasks are counted. */
  readonly outstanding: Outstanding<any>
  readonly gate: Gate
  readonly dial: Dial.Options
  /** As `dial.open`, for TLS. */
  readonly dialTls: Dial.Options
  readonly kept: Kept | undefined
  /** Links that still send the rest of a request that was answered before: closing cuts them after its drain time. */
  readonly leaving: Set<{ readonly cut: () => void }>
  /** Milliseconds, where the task states none. */
  readonly timeouts: {
    readonly connect: number
    readonly firstByte: number
    readonly idle: number
    readonly total: number
  }
}

/** Starts an exchange, or queues it. Unless it is refused, it is never answered before this returns. */
export const start = (
  machine: Machine,
  task: Exchange,
  onExit: (exit: Exit.Exit<any, any>) => void,
  context: Context.Context<never> | undefined,
  watch: Executor.Watch | undefined
): Executor.Cancel => {
  const { outstanding } = machine
  const peer = KnownPeer.of(task.peer)
  const wrong = wrongWith(task, peer)
  if (wrong !== undefined) {
    const refusal = outstanding.enrol(new Refusal(outstanding, task, onExit, watch))
    refusal.begin(peer.text, wrong)
    return refusal.cancel
  }
  const exchange = outstanding.enrol(
    task.transport === "udp"
      ? new DatagramExchange(machine, peer, task, onExit, context, watch)
      : new StreamExchange(machine, peer, task, onExit, context, watch)
  )
  exchange.begin()
  return exchange.cancel
}

/** What the caller got wrong, if anything. */
const wrongWith = (task: Exchange, peer: KnownPeer.KnownPeer): string | undefined => {
  const { transport, until } = task
  if (transport === "udp") {
    if (until._tag !== "Datagram") return "a datagram ends with itself: until must be Datagram"
    if (peer.isPath) return "Node has no Unix datagram sockets"
  } else if (until._tag === "Datagram") return "a stream has no datagrams: until must be Close, Octets or Delimiter"
  if (transport === "tls" && peer.isPath) return "TLS needs a host"
  if (!peer.hasPort) return "port 0 cannot be connected to"
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

/** Answers in a turn of its own, as every exchange does. */
class Refusal extends Job<Exchange> {
  #immediate: NodeJS.Immediate | undefined = undefined
  begin(peer: string, detail: string): void {
    this.#immediate = setImmediate(() => {
      this.answer(Exit.fail(exchangeError({ peer, stage: "send", reason: "BadRequest", received: 0, detail })))
    })
  }
  override released(): void {
    clearImmediate(this.#immediate)
  }
}
