/** What the tests of a pool's life call in its threads. `Gate` is two words: who has come in, and whether to go on. */
import { appendFileSync } from "node:fs"
import { threadId } from "node:worker_threads"

export type Gate = Int32Array<SharedArrayBuffer>

export const makeGate = (): Gate => new Int32Array(new SharedArrayBuffer(8))

/** Comes in, and waits asynchronously until the gate opens. */
export const pass = async (gate: Gate): Promise<string> => {
  Atomics.add(gate, 0, 1)
  const wait = Atomics.waitAsync(gate, 1, 0)
  if (wait.async) await wait.value
  return "passed"
}
/** As `pass`, and nothing else runs on the thread meanwhile. */
export const passBlocking = (gate: Gate): string => {
  Atomics.add(gate, 0, 1)
  Atomics.wait(gate, 1, 0)
  return "passed"
}
let given: Gate
export const startWithGate = (info: { readonly data: unknown }): void => {
  given = info.data as Gate
}
/** As `passBlocking`, of the gate that is the pool's data: a call so small needs nothing from the main thread. */
export const passGiven = (): string => passBlocking(given)
export const open = (gate: Gate): void => {
  Atomics.store(gate, 1, 1)
  Atomics.notify(gate, 1)
}

export const sizeOf = (octets: Uint8Array): number => octets.length
export const octetsOf = (size: number): Uint8Array => new Uint8Array(size)
export const whichThread = (): number => threadId

let inside = 0
let most = 0
/** The most calls that were inside at once, with one turn of the event loop for others to come in. */
export const atOnce = async (_octets: Uint8Array): Promise<number> => {
  inside++
  most = Math.max(most, inside)
  await new Promise((resolve) => setTimeout(resolve, 2))
  inside--
  return most
}

/**
 * Notes its number, in a log whose first word counts the entries and whose second says how many are inside; exits in
 * the middle if it is told to. Returns how many others were inside.
 */
export const step = async (log: Int32Array<SharedArrayBuffer>, i: number, isToExit: boolean): Promise<number> => {
  const others = Atomics.load(log, 1)
  Atomics.store(log, 2 + Atomics.add(log, 0, 1), i)
  if (isToExit) process.exit(7)
  Atomics.add(log, 1, 1)
  await new Promise((resolve) => setImmediate(resolve))
  Atomics.sub(log, 1, 1)
  return others
}

let file: string | undefined
export const start = (info: { readonly data: unknown }): void => {
  file = (info.data as { readonly file?: string } | undefined)?.file
}
export const stop = (): void => {
  if (file !== undefined) appendFileSync(file, "stopped\n")
}
export const startNever = (): Promise<never> => new Promise<never>(() => {})
export const stopThrows = (): never => {
  throw new RangeError("the database is still in use")
}

let runs: Int32Array<SharedArrayBuffer>
/** The hook that takes the words in which `count` counts. */
export const startCounting = (info: { readonly data: unknown }): void => {
  runs = info.data as Int32Array<SharedArrayBuffer>
}
/** Counts that it ran, and returns what it was given. */
export const count = <A extends { readonly i: number }>(value: A): A => {
  Atomics.add(runs, value.i, 1)
  return value
}
