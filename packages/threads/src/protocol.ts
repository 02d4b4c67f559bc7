/**
 * What passes between the pool and a worker, whatever carries it: a message port, a process's channel, or (the small
 * ones) shared memory. Plain data that survives a structured clone. No import of Effect: the worker reads this file.
 */
import type { Shared } from "./Ring.ts"

/** How a call's result comes back. */
export const Mode = {
  /** One value: what the function returns, or its promise resolves to; an iterator's items as one array. */
  value: 0,
  /** An iterator's items one by one, as the consumer asks for them. */
  stream: 1,
  /** The arguments are one array; the function is called with each item and its index; one array comes back. */
  map: 2,
  /** As `value`, and the worker takes nothing else meanwhile: for a function that blocks or must be alone. */
  alone: 3
} as const
export type Mode = (typeof Mode)[keyof typeof Mode]

/**
 * What travels with a call: the caller's trace, its log annotations, and whatever it declared portable. A value that
 * cannot be cloned is left out, and the call goes on without it.
 */
export interface Carry {
  readonly trace?: { readonly traceId: string; readonly spanId: string; readonly sampled: boolean }
  readonly annotations?: Readonly<Record<string, unknown>>
  readonly refs?: Readonly<Record<string, unknown>>
}

/** An error as data. */
export interface Fault {
  /** The class's name, or the type of what was thrown instead of an error. */
  readonly name: string
  readonly message: string
  readonly stack?: string
  /** Own fields that survive the way, errors among them as Faults; the value itself if it was not an error. */
  readonly fields?: unknown
  /** A cause that was an error, as a Fault; any other cause as it is, if it survives the way. */
  readonly cause?: unknown
}

/** A function's place in the catalogue: messages name functions by number. */
export interface Definition {
  readonly id: number
  readonly module: string
  readonly name: string
}

/** A call as a message. */
export interface Run {
  readonly _tag: "Run"
  readonly id: number
  readonly fn: number
  readonly mode: Mode
  readonly args: ReadonlyArray<unknown>
  readonly carry?: Carry | undefined
}

export type ToWorker =
  | Run
  | { readonly _tag: "Define"; readonly definition: Definition }
  /**
   * Give a running call up: its signal is aborted. `turn` is the slot's generation where `id` is a slot, so that a
   * message that comes late does not hit the slot's next call.
   */
  | { readonly _tag: "Abort"; readonly id: number; readonly turn: number }
  /** The consumer of a stream wants so many items more. */
  | { readonly _tag: "Credit"; readonly id: number; readonly turn: number; readonly items: number }
  /** A call that the worker asked for cannot be sent after all. */
  | { readonly _tag: "Drop"; readonly id: number }
  /** Finish what runs, call the stop hook, end. */
  | { readonly _tag: "Stop" }

export type ToPool =
  | { readonly _tag: "Ready" }
  | { readonly _tag: "StartFailed"; readonly fault: Fault }
  | { readonly _tag: "Value"; readonly id: number; readonly value: unknown }
  | { readonly _tag: "Threw"; readonly id: number; readonly fault: Fault }
  | { readonly _tag: "Items"; readonly id: number; readonly items: ReadonlyArray<unknown> }
  | { readonly _tag: "Progress"; readonly id: number; readonly value: unknown }
  /** An uncaught error is about to end a worker process. */
  | { readonly _tag: "Crashed"; readonly fault: Fault }
  /** Octets of heap in use, told now and then by a worker without shared memory. */
  | { readonly _tag: "Heap"; readonly octets: number }
  /** There are completions in shared memory, and the main loop may be asleep. */
  | { readonly _tag: "Wake" }

const isFault = (fault: unknown): fault is Fault => {
  if (typeof fault !== "object" || fault === null) return false
  const { message, name, stack } = fault as Fault
  return typeof name === "string" && typeof message === "string" && (stack === undefined || typeof stack === "string")
}

/** Whether a worker's own code can have said this: a user's module finds the same door, and may say anything. */
export const isToPool = (message: unknown): message is ToPool => {
  if (typeof message !== "object" || message === null) return false
  const { _tag, fault, id, items, octets } = message as Readonly<Record<string, unknown>>
  switch (_tag) {
    case "Ready":
    case "Wake":
      return true
    case "Value":
    case "Progress":
      return Number.isInteger(id)
    case "Items":
      return Number.isInteger(id) && Array.isArray(items)
    case "Threw":
      return Number.isInteger(id) && isFault(fault)
    case "StartFailed":
    case "Crashed":
      return isFault(fault)
    case "Heap":
      return typeof octets === "number"
    default:
      return false
  }
}

/** Functions of a module that a worker calls before its first call and after its last. */
export interface Hooks {
  readonly module: string
  /** Export called with `{ worker, data }` before the first call. Default `"start"`, if there is one. */
  readonly start?: string
  /** Export called without arguments before the worker ends by itself. Default `"stop"`, if there is one. */
  readonly stop?: string
}

/** What a worker is born with. */
export interface Birth {
  readonly worker: number
  readonly callsAtOnce: number
  readonly definitions: ReadonlyArray<Definition>
  readonly hooks?: Hooks | undefined
  /** The pool's `data` option, as the hooks and `CallScope.data` see it. */
  readonly data?: unknown
  /** The shared memory to pull calls from; without it calls come as messages. */
  readonly ring?: Shared | undefined
  /** Milliseconds of `Clock.now()` where the pool's `performance.now()` is 0, for stamps that both sides understand. */
  readonly timeOrigin?: number | undefined
}
