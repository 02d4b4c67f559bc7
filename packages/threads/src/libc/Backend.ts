/**
 * What makes a call block elsewhere: the addon's threads, or workers. A backend starts what it is told to and says when
 * it returned; how many at once, in which order and who still waits is `BlockingPool`'s business.
 */

import type { Resolve } from "./Libraries.ts"

/** The platform's numbers for `AF_*`, `SOCK_*`, `AI_*`, `NI_*` and `EAI_*`; a name that is missing is not known there. */
export type Constants = Readonly<Record<string, number>>

/** A blocking call as data: its name and plain arguments, which the addon and a structured clone both take. */
export type Operation =
  | readonly [
      call: "getaddrinfo",
      name: string | null,
      service: string | null,
      family: number,
      socketType: number,
      protocol: number,
      flags: number
    ]
  | readonly [call: "getnameinfo", address: string, port: number, scopeId: number, flags: number]
  | readonly [call: "gethostbyname", name: string, family: number]
  | readonly [call: "gethostbyaddr", address: string]
  | readonly [call: "call", address: bigint, result: string, types: string, args: ReadonlyArray<unknown>]

/**
 * A call has returned: 0 or `EAI_*`, `errno` as it left it, and the value if the first is 0. `lost` says that the thread
 * died instead, and why.
 */
export type OnReturn = (code: number, errno: number, value: unknown, lost?: string) => void

export interface Figures {
  /** Threads or workers there are, and those of them that wait for a call. */
  readonly threads: number
  readonly idle: number
}

export interface Backend {
  readonly name: "addon" | "workers"
  readonly constants: Constants
  /** Calls that can block at once. */
  readonly threads: number
  /**
   * Starts a call. `onReturn` is called once from the event loop, also for an abandoned call. The number names the call;
   * -1 says that the system has no thread to give. Throws a `TypeError` for arguments that are none.
   */
  readonly start: (operation: Operation, onReturn: OnReturn) => number
  /** Nobody waits for it any more: it does not keep the process alive. It goes on; `onReturn` comes when it returns. */
  readonly abandon: (id: number) => void
  readonly resolve: Resolve
  readonly figures: () => Figures
  /** Sends the threads home: busy ones when their call returns. `onReturn` is not called any more. */
  readonly close: () => void
}
