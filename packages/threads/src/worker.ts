/** The entry of a worker thread. It imports no Effect: that is what lets a thread start in 30 ms instead of 350. */
import { parentPort, workerData } from "node:worker_threads"
import type { Birth } from "./protocol.ts"
import { pull } from "./pull.ts"

const birth = workerData as Birth
pull(birth, birth.ring!, parentPort!)
