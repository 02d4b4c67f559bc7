/**
 * A worker that is a process of its own: the wall for untrusted or hungry functions. What it does to its memory or to
 * itself, by whatever means, ends only it. Messages are structured clones (`serialization: "advanced"`), but nothing
 * is moved or shared: a transfer list is ignored, and a `SharedArrayBuffer` is refused.
 */
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Ending } from "./Job.ts"
import type { ToPool } from "./protocol.ts"
import type { ThreadOptions } from "./Thread.ts"
import type { Open } from "./Wire.ts"

const entry = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "./child.ts" : "./child.js", import.meta.url))

/** What V8 does when its heap is full: SIGABRT (134 by a shell), or SIGTRAP where it was built to trap. */
const outOfMemory = (code: number | null, signal: NodeJS.Signals | null): boolean =>
  signal === "SIGABRT" || signal === "SIGTRAP" || code === 134

export const open =
  (options: ThreadOptions): Open =>
  (birth, events) => {
    const heap = options.resourceLimits?.maxOldGenerationSizeMb
    const child = fork(entry, [], {
      serialization: "advanced",
      // V8's last words on its way out of memory are not ours to print.
      stdio: ["ignore", "inherit", heap === undefined ? "inherit" : "ignore", "ipc"],
      execArgv: [
        ...(options.execArgv ?? process.execArgv),
        ...(heap === undefined ? [] : [`--max-old-space-size=${heap}`])
      ],
      ...(options.env !== undefined && { env: { ...options.env } })
    })
    let terminated = false
    let isOpen = true
    let failure: Error | undefined
    child.on("message", (message) => events.message(message as ToPool))
    child.on("error", (error) => {
      failure = error
      if (child.pid === undefined) close({ how: "crash", detail: error.message, cause: error })
    })
    child.on("exit", (code, signal) => close(ending(code, signal)))
    const close = (ended: Ending): void => {
      if (!isOpen) return
      isOpen = false
      events.exit(ended)
    }
    const ending = (code: number | null, signal: NodeJS.Signals | null): Ending => {
      const exitCode = code ?? undefined
      if (terminated) return { how: "terminated", exitCode }
      if (failure !== undefined) return { how: "crash", exitCode, detail: failure.message, cause: failure }
      if (outOfMemory(code, signal)) return { how: "memory", exitCode, detail: signal ?? undefined }
      if (signal !== null) return { how: "crash", detail: `killed by ${signal}` }
      return { how: "exit", exitCode }
    }
    child.send(birth)
    return {
      post: (message) => {
        if (isOpen && child.connected) child.send(message)
      },
      terminate: () => {
        terminated = true
        child.kill("SIGKILL")
      },
      hold: (alive) => {
        if (alive) {
          child.ref()
          child.channel?.ref()
        } else {
          child.unref()
          child.channel?.unref()
        }
      }
    }
  }
