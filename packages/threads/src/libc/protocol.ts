/** What passes between `Workers.ts` and `waiter.ts`. */
import type { Constants, Operation } from "./Backend.ts"

export interface Setting {
  readonly constants: Constants
  readonly platform: string
}

export interface Ask {
  readonly id: number
  readonly operation: Operation
}

export interface Reply {
  readonly id: number
  readonly code: number
  readonly errno: number
  readonly value: unknown
  /** The call could not be made. */
  readonly threw?: string
}
