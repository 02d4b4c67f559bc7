/** The entry of a worker thread. It imports no Effect: that is what lets a thread start in 30 ms instead of 350. */
import { parentPort, workerData } from "node:worker_threads"
import type { Birth, ToPool, ToWorker } from "./protocol.ts"
import { pull } from "./pull.ts"

const port = parentPort!
const birth = workerData as Birth

if (birth.ring !== undefined) pull(birth, birth.ring, port)
else {
  // Loaded only here: every file is part of a thread's start.
  const { serve } = await import("./serve.ts")
  const post = (message: ToPool, transfer?: ReadonlyArray<unknown>): void =>
    port.postMessage(message, transfer as ReadonlyArray<ArrayBuffer> | undefined)
  const receive = serve(birth, post, () => process.exit(0))
  port.on("message", (message: ToWorker) => receive(message))
}
