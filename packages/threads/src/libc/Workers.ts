/**
 * Where no addon loads: a worker for each call that blocks, with the foreign-function library koffi inside. It costs
 * about 13 MB and 22 ms for each worker (measured), so there are few, and idle ones end.
 */
import type koffiModule from "koffi"
import { Worker } from "node:worker_threads"
import type { Backend, Constants, OnReturn } from "./Backend.ts"
import * as constants from "./constants.ts"
import * as Libraries from "./Libraries.ts"
import type { Reply, Setting } from "./protocol.ts"

export interface Options {
  readonly threads: number
  readonly idleMillis: number
}

/** Beside this file, in TypeScript as in JavaScript. */
const waiterUrl = new URL(import.meta.url.endsWith(".ts") ? "./waiter.ts" : "./waiter.js", import.meta.url)

/** Young and old generation in MB: a waiter keeps nothing. Less, and Node itself does not start. */
const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 24 }

/** The workers' backend, or why there can be none. */
export const load = async (options: Options): Promise<Backend | string> => {
  const numbers = constants.forPlatform()
  if (numbers === undefined) return `koffi: the numbers of ${process.platform}'s netdb.h are not known`
  try {
    const { default: koffi } = await import("koffi")
    return makeBackend(koffi, numbers, options)
  } catch (error) {
    return `koffi: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** A worker, and the call that blocks in it. */
interface Waiter {
  readonly worker: Worker
  call: { readonly id: number; readonly onReturn: OnReturn } | undefined
  /** Ends it when it has been idle for long. */
  timer: ReturnType<typeof setTimeout> | undefined
}

const makeBackend = (koffi: typeof koffiModule, numbers: Constants, { idleMillis, threads }: Options): Backend => {
  const waiters = new Set<Waiter>()
  const byCall = new Map<number, Waiter>()
  /** The last to become idle is taken first. */
  const idle: Array<Waiter> = []
  let lastId = -1
  const setting: Setting = { constants: numbers, platform: process.platform }

  const returned = (waiter: Waiter, code: number, errno: number, value: unknown, lost?: string) => {
    const { call } = waiter
    if (call === undefined) return
    waiter.call = undefined
    byCall.delete(call.id)
    call.onReturn(code, errno, value, lost)
  }

  const rest = (waiter: Waiter) => {
    waiter.worker.unref()
    idle.push(waiter)
    waiter.timer = setTimeout(() => {
      idle.splice(idle.indexOf(waiter), 1)
      void waiter.worker.terminate()
    }, idleMillis).unref()
  }

  const hire = (): Waiter => {
    const worker = new Worker(waiterUrl, {
      name: "handoff-libc",
      workerData: setting,
      resourceLimits
    })
    const waiter: Waiter = { worker, call: undefined, timer: undefined }
    waiters.add(waiter)
    let reason: string | undefined
    worker.on("message", ({ code, errno, threw, value }: Reply) => {
      rest(waiter)
      returned(waiter, code, errno, value, threw)
    })
    worker.on("error", (error) => {
      reason = String(error)
    })
    worker.on("exit", (exitCode) => {
      clearTimeout(waiter.timer)
      waiters.delete(waiter)
      const at = idle.indexOf(waiter)
      if (at >= 0) idle.splice(at, 1)
      returned(waiter, 0, 0, null, reason ?? `its worker ended with exit code ${exitCode}`)
    })
    return waiter
  }

  return {
    name: "workers",
    constants: numbers,
    threads,
    start: (operation, onReturn) => {
      const waiter = idle.pop() ?? hire()
      clearTimeout(waiter.timer)
      const id = ++lastId
      waiter.call = { id, onReturn }
      byCall.set(id, waiter)
      waiter.worker.ref()
      waiter.worker.postMessage({ id, operation })
      return id
    },
    abandon: (id) => byCall.get(id)?.worker.unref(),
    resolve: Libraries.make({
      open: (file) => koffi.load(file),
      symbol: (library, name) => {
        try {
          return library.symbol(name) as bigint
        } catch {
          return undefined
        }
      }
    }),
    figures: () => ({ threads: waiters.size, idle: idle.length }),
    close: () => {
      for (const waiter of waiters) {
        waiter.call = undefined
        clearTimeout(waiter.timer)
        // A blocking call cannot be stopped, so one that blocks ends with its call or with the process.
        waiter.worker.unref()
        void waiter.worker.terminate()
      }
      byCall.clear()
      idle.length = 0
    }
  }
}
