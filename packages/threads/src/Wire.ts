/** The door to one worker, whatever carries the messages. */
import type { Ending } from "./Job.ts"
import type { Birth, ToPool, ToWorker } from "./protocol.ts"

export interface Wire {
  /** Sends a message. Throws a DataCloneError if it cannot be cloned. To a worker that has ended: nothing happens. */
  readonly post: (message: ToWorker, transfer?: ReadonlyArray<unknown>) => void
  /** Ends the worker at once; `exit` follows. */
  readonly terminate: () => void
  /** Says whether this worker alone should keep the process alive. */
  readonly hold: (alive: boolean) => void
}

export interface WireEvents {
  readonly message: (message: ToPool) => void
  /** Once, after the last message. */
  readonly exit: (ending: Ending) => void
}

/** Starts a worker. May throw, and then there is none, and no event follows. */
export type Open = (birth: Birth, events: WireEvents) => Wire
