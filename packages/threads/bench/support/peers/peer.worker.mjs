// The peers' worker: one file for all, because they agree on nothing else. `PEER` says whose protocol to speak.
import { isMainThread, threadId } from "node:worker_threads"

const functions = {
  add: (a, b) => a + b,
  echo: (value) => value,
  burn: (turns) => {
    let x = 1
    for (let i = 0; i < turns; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0
    return x
  },
  occupy: (milliseconds) => {
    const until = performance.now() + milliseconds
    while (performance.now() < until);
    return milliseconds
  },
  sizeOf: (octets) => octets.byteLength,
  exit: () => process.exit(3),
  fail: () => {
    throw new RangeError("asked for")
  },
  loopForEver: () => {
    for (;;);
  },
  exhaust: () => {
    const kept = []
    for (;;) kept.push({ number: kept.length })
  }
}

export const run = ({ name, args }) => functions[name](...args)
export default run
export { functions, isMainThread, threadId }
