/** A worker that is a thread of this process. The only file of the pool's side that knows `node:worker_threads`. */
import { type ResourceLimits, type Transferable, Worker } from "node:worker_threads"
import type { Ending } from "./Job.ts"
import { isToPool } from "./protocol.ts"
import type { Open } from "./Wire.ts"

/** What a thread is started with. */
export interface ThreadOptions {
  /** V8's limits. Not a wall: see the README on memory. */
  readonly resourceLimits?: ResourceLimits | undefined
  readonly execArgv?: ReadonlyArray<string> | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Shown by debuggers. */
  readonly name?: string | undefined
}

/** Beside this file: TypeScript in the repository, one bundled file when published (`bundle.mjs`). */
const entry = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.cjs", import.meta.url)

const codeOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null ? (error as { readonly code?: unknown }).code : undefined

export const open =
  (options: ThreadOptions): Open =>
  (birth, events) => {
    const worker = new Worker(entry, {
      workerData: birth,
      name: options.name ?? "handoff",
      ...(options.resourceLimits !== undefined && { resourceLimits: options.resourceLimits }),
      ...(options.execArgv !== undefined && { execArgv: [...options.execArgv] }),
      ...(options.env !== undefined && { env: { ...options.env } })
    })
    let terminated = false
    let crash: { readonly error: unknown } | undefined
    worker.on("message", (message: unknown) => {
      if (isToPool(message)) events.message(message)
    })
    worker.on("error", (error) => {
      crash = { error }
    })
    worker.on("messageerror", (error) => {
      crash = { error }
      void worker.terminate()
    })
    worker.on("exit", (exitCode) => events.exit(ending(exitCode)))
    const ending = (exitCode: number): Ending => {
      if (crash === undefined) return { how: terminated ? "terminated" : "exit", exitCode }
      const { error } = crash
      const how = codeOf(error) === "ERR_WORKER_OUT_OF_MEMORY" ? "memory" : "crash"
      return { how, exitCode, detail: error instanceof Error ? error.message : String(error), cause: error }
    }
    return {
      post: (message, transfer) => worker.postMessage(message, transfer as ReadonlyArray<Transferable> | undefined),
      terminate: () => {
        terminated = true
        void worker.terminate()
      },
      hold: (alive) => (alive ? worker.ref() : worker.unref())
    }
  }
