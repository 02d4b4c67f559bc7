/**
 * One side of a fake connection or datagram socket. What arrives is kept in order of arrival until it is asked for.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** A chunk of a stream or a datagram; `closed`: the peer has ended the stream; `reset`: it has broken it. */
export type Arrival =
  | { readonly _tag: "Octets"; readonly octets: Uint8Array }
  | { readonly _tag: "Closed" }
  | { readonly _tag: "Reset" }

export class Link {
  /** Sends a chunk or a datagram; it is on its way when this succeeds. */
  readonly send: (octets: Uint8Array) => Effect.Effect<void>
  isOpen = true
  private readonly arrived: Array<Arrival> = []
  private readonly waiting: Array<(arrival: Effect.Effect<Arrival>) => void> = []

  constructor(send: (octets: Uint8Array) => Effect.Effect<void>) {
    this.send = send
  }

  /** The next arrival; waits for it. After `Closed` and `Reset` there is none. */
  readonly receive: Effect.Effect<Arrival> = Effect.callback<Arrival>((resume) => {
    const next = this.arrived.shift()
    if (next !== undefined) return resume(Exit.succeed(next))
    this.waiting.push(resume)
    return Effect.sync(() => {
      const index = this.waiting.indexOf(resume)
      if (index >= 0) this.waiting.splice(index, 1)
    })
  })

  /** For the network. */
  arrive(arrival: Arrival): void {
    if (!this.isOpen) return
    if (arrival._tag !== "Octets") this.isOpen = false
    const waiter = this.waiting.shift()
    if (waiter === undefined) this.arrived.push(arrival)
    else waiter(Exit.succeed(arrival))
  }
}
