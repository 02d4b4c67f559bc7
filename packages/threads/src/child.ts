/** The entry of a worker process. Its first message is its birth. No import of Effect. */
import { Socket } from "node:net"
import { describe } from "./Fault.ts"
import * as Frames from "./Frames.ts"
import { childPipe } from "./limits.ts"
import type { Birth, ToPool, ToWorker } from "./protocol.ts"
import { type Door, serve } from "./serve.ts"

const pipe = new Socket({ fd: childPipe })
let receive: ((message: ToWorker) => void) | undefined

/** Whose call a message ends. */
const callOf = (message: ToPool): number =>
  message._tag === "Value" || message._tag === "Threw" ? message.id : Frames.noCall

const door: Door = {
  post: (message) => Frames.write(pipe, callOf(message), message),
  clone: Frames.clone,
  end: () => pipe.end(() => process.exit(0))
}

/** An uncaught error is told before the process ends of it, so that the pool knows it as more than exit code 1. */
process.on("uncaughtExceptionMonitor", (error) => {
  door.post({ _tag: "Crashed", fault: describe(error, Frames.clone) })
})
// The pool is gone, by whatever way.
pipe.on("error", () => process.exit(0))
pipe.on("end", () => process.exit(0))
Frames.read(pipe, {
  message: (message) => {
    if (receive === undefined) receive = serve(message as Birth, door)
    else receive(message as ToWorker)
  },
  unreadable: (call, error) => {
    if (receive === undefined) throw error
    const message = `what it was given cannot be read there: ${error.message}`
    door.post({ _tag: "Threw", id: call, fault: { name: "DataCloneError", message } })
  }
})
