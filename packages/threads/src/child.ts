/** The entry of a worker process. Its first message is its birth. No import of Effect. */
import { describe } from "./Fault.ts"
import type { Birth, ToPool, ToWorker } from "./protocol.ts"
import { serve } from "./serve.ts"

let receive: ((message: ToWorker) => void) | undefined

const post = (message: ToPool): void => {
  process.send!(message)
}

/** An uncaught error is told before the process ends of it, so that the pool knows it as more than exit code 1. */
process.on("uncaughtExceptionMonitor", (error) => {
  post({ _tag: "Crashed", fault: describe(error) })
})
process.on("disconnect", () => process.exit(0))
process.on("message", (message) => {
  if (receive === undefined) receive = serve(message as Birth, post, () => process.disconnect())
  else receive(message as ToWorker)
})
