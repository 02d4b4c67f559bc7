/**
 * What the benches call, in our workers and in the peers'. No imports: it is part of every worker's start. JavaScript,
 * because a TypeScript module would measure the stripping of its types.
 */

export const add = (a, b) => a + b

export const echo = (value) => value

/** Burns the processor for a fixed number of turns, so that contention shows as time. */
export const burn = (turns) => {
  let x = 1
  for (let i = 0; i < turns; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0
  return x
}

/** Occupies its thread for so many milliseconds by the clock. */
export const occupy = (milliseconds) => {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
  return milliseconds
}

export const sizeOf = (octets) => octets.byteLength

export const exit = () => process.exit(3)

export const fail = () => {
  throw new RangeError("asked for")
}

export const loopForEver = () => {
  for (;;);
}

export const exhaust = () => {
  const kept = []
  for (;;) kept.push({ number: kept.length })
}

/** Small objects are one way of running out of memory; these are the others. A thread's limits hold against few of them. */
export const exhaustArrays = () => {
  const kept = []
  for (;;) kept.push(Array.from({ length: 4_096 }, (_, i) => i + 0.5))
}

export const exhaustAtOnce = () => {
  let kept = [0.5]
  for (;;) kept = kept.concat(kept)
}

export const exhaustText = () => {
  const kept = []
  for (;;) kept.push(`${"x".repeat(100_000)}${kept.length}`.split("").join("y"))
}

export const exhaustMaps = () => {
  const kept = new Map()
  for (let i = 0; ; i++) kept.set(`key ${i}`, new Map([[i, i]]))
}

/**
 * Outside V8's heap, where only the system has a limit: 128 MB more than there is now, so that the machine survives.
 * Where that cannot be set, arrays instead.
 */
export const exhaustBuffers = () => {
  const { execFileSync } = process.getBuiltinModule("node:child_process")
  const { readFileSync } = process.getBuiltinModule("node:fs")
  try {
    const data = Number(/VmData:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1])
    execFileSync("prlimit", ["--pid", String(process.pid), `--data=${data * 1024 + 2 ** 27}`])
  } catch {
    return exhaustArrays()
  }
  const kept = []
  for (;;) kept.push(new Uint8Array(2 ** 20).fill(1))
}
