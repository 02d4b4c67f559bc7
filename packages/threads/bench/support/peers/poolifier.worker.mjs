import { ThreadWorker } from "poolifier"
import run from "./peer.worker.mjs"

export default new ThreadWorker(run, { maxInactiveTime: 600_000 })
