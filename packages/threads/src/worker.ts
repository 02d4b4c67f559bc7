/** The entry of a worker thread. It imports no Effect: that is what lets a thread start in 30 ms instead of 350. */
import { parentPort, type Transferable, workerData } from "node:worker_threads"
import type { Birth, ToPool, ToWorker } from "./protocol.ts"
import { serve } from "./serve.ts"

const port = parentPort!
const birth = workerData as Birth

const post = (message: ToPool, transfer?: ReadonlyArray<unknown>): void =>
  port.postMessage(message, transfer as ReadonlyArray<Transferable> | undefined)

const receive = serve(birth, post, () => port.close())
port.on("message", (message: ToWorker) => receive(message))
