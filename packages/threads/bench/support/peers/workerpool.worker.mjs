import workerpool from "workerpool"
import run from "./peer.worker.mjs"

workerpool.worker({ run })
