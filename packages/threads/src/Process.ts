/**
 * A worker that is a process of its own: the wall for untrusted or hungry functions. What it does to its memory or to
 * itself, by whatever means, ends only it; what it says is checked. Messages are structured clones (`Frames.ts`), but
 * nothing is moved or shared: a transfer list is ignored, and shared memory and ports are refused with a DataCloneError.
 */
import { type ChildProcess, spawn } from "node:child_process"
import type { Socket } from "node:net"
import { fileURLToPath } from "node:url"
import type { ResourceLimits } from "node:worker_threads"
import * as Frames from "./Frames.ts"
import type { Ending } from "./Job.ts"
import * as limits from "./limits.ts"
import { isToPool, type ToWorker } from "./protocol.ts"
import type { ThreadOptions } from "./Thread.ts"
import type { Open, Wire } from "./Wire.ts"

const entry = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./child.ts" : "./child.cjs", import.meta.url))

/** What V8 does when its heap is full: SIGABRT (134 by a shell), or SIGTRAP where it was built to trap. */
const outOfMemory = (code: number | null, signal: NodeJS.Signals | null): boolean =>
  signal === "SIGABRT" || signal === "SIGTRAP" || code === 134

/** V8's flags for a thread's limits. There is none for the range of code, which is a process's own anyway. */
const limitFlags = ({ maxOldGenerationSizeMb, maxYoungGenerationSizeMb, stackSizeMb }: ResourceLimits) => [
  ...(maxOldGenerationSizeMb === undefined ? [] : [`--max-old-space-size=${Math.ceil(maxOldGenerationSizeMb)}`]),
  // The young generation is three semi-spaces.
  ...(maxYoungGenerationSizeMb === undefined
    ? []
    : [`--max-semi-space-size=${Math.ceil(maxYoungGenerationSizeMb / 3)}`]),
  ...(stackSizeMb === undefined ? [] : [`--stack-size=${Math.ceil(stackSizeMb * 1024)}`])
]

/** This process's own flags, without a program given by flag: the child would run that instead. */
const ownFlags = (): ReadonlyArray<string> => {
  const flags: Array<string> = []
  const own = process.execArgv
  for (let i = 0; i < own.length; i++) {
    const flag = own[i]!
    if (/^(-e|-p|-pe|--eval|--print)$/.test(flag)) i++
    else if (!/^(--eval=|--print=|--input-type|-i$|--interactive$)/.test(flag)) flags.push(flag)
  }
  return flags
}

/** Those that live. A child in an endless loop does not notice that its parent is gone. */
const living = new Set<ChildProcess>()
const killAll = (): void => {
  for (const child of living) child.kill("SIGKILL")
}
const enter = (child: ChildProcess): void => {
  if (living.size === 0) process.on("exit", killAll)
  living.add(child)
}
const leave = (child: ChildProcess): void => {
  if (living.delete(child) && living.size === 0) process.off("exit", killAll)
}

/** Whose call a message starts. */
const callOf = (message: ToWorker): number => (message._tag === "Run" ? message.id : Frames.noCall)

export const open =
  (options: ThreadOptions): Open =>
  (birth, events) => {
    const child = spawn(process.execPath, [...flagsOf(options), entry], {
      stdio: ["ignore", "inherit", "inherit", "pipe"],
      ...(options.env !== undefined && { env: { ...options.env } })
    })
    const pipe = child.stdio[limits.childPipe] as Socket | null | undefined
    let isOpen = true
    let terminated = false
    let failure: Error | undefined
    const kill = (): void => {
      child.kill("SIGKILL")
    }
    const close = (ended: Ending): void => {
      if (!isOpen) return
      isOpen = false
      leave(child)
      events.exit(ended)
    }
    const ending = (code: number | null, signal: NodeJS.Signals | null): Ending => {
      const exitCode = code ?? undefined
      if (failure !== undefined) return { how: "crash", exitCode, detail: failure.message, cause: failure }
      if (terminated) return { how: "terminated", exitCode }
      if (outOfMemory(code, signal)) return { how: "memory", exitCode, detail: signal ?? undefined }
      if (signal === "SIGKILL") return { how: "crash", detail: "killed by SIGKILL: by somebody, or for want of memory" }
      if (signal !== null) return { how: "crash", detail: `killed by ${signal}` }
      return { how: "exit", exitCode }
    }
    const fail = (error: Error): void => {
      failure ??= error
      kill()
    }
    child.on("error", (error) => {
      // One that has started has its end told by its exit.
      if (child.pid === undefined) close({ how: "crash", detail: error.message, cause: error })
    })
    // Its last words come before `close`, but not before `exit`; another process may have got hold of the pipe.
    let patience: NodeJS.Timeout | undefined
    child.on("exit", () => {
      patience = setTimeout(() => pipe?.destroy(), limits.lastWords).unref()
    })
    child.on("close", (code, signal) => {
      clearTimeout(patience)
      close(ending(code, signal))
    })
    if (child.pid === undefined || pipe === null || pipe === undefined) return nothing
    enter(child)
    // That it has ended is known by its end.
    pipe.on("error", () => {})
    Frames.read(pipe, {
      message: (message) => {
        if (isToPool(message)) events.message(message)
      },
      unreadable: (call, error) => {
        const fault = { name: "DataCloneError", message: `what it gave back cannot be read here: ${error.message}` }
        if (call === Frames.noCall) fail(new Error(`it sent what cannot be read: ${error.message}`))
        else events.message({ _tag: "Threw", id: call, fault })
      }
    })
    try {
      Frames.write(pipe, Frames.noCall, birth)
    } catch (error) {
      // Its `data` cannot be cloned, say.
      isOpen = false
      leave(child)
      kill()
      throw error
    }
    return {
      post: (message) => {
        if (isOpen && pipe.writable) Frames.write(pipe, callOf(message), message)
      },
      terminate: () => {
        terminated = true
        kill()
      },
      hold: (alive) => {
        if (alive) {
          child.ref()
          pipe.ref()
        } else {
          child.unref()
          pipe.unref()
        }
      }
    }
  }

const flagsOf = (options: ThreadOptions): ReadonlyArray<string> => [
  ...(options.execArgv ?? ownFlags()),
  ...limitFlags(options.resourceLimits ?? {})
]

/** The door to a process that never was. */
const nothing: Wire = { post: () => {}, terminate: () => {}, hold: () => {} }
