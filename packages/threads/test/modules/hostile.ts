/** Functions that mean no good, or know no better. */
// oxlint-disable unicorn/no-thenable
import { MessageChannel, type MessagePort, parentPort } from "node:worker_threads"
import { move, scope } from "@handoff/threads/worker"

const no = (): never => {
  throw new RangeError("nobody may look")
}

export const thenThrows = (): unknown => Object.defineProperty({}, "then", { get: no })
export const promisesThenThrows = async (): Promise<unknown> => ({ value: await thenThrows() })
export const iteratorThrows = (): unknown => Object.defineProperty({}, Symbol.asyncIterator, { get: no })
export const locked = (): unknown => new Proxy({}, { get: no, has: no, getPrototypeOf: no, ownKeys: no })
export const fieldThrows = (): unknown => Object.defineProperty({}, "field", { enumerable: true, get: no })
const thenable = (then: (resolve: (value: number) => void, reject: (error: Error) => void) => void) =>
  Object.defineProperty({}, "then", { value: then }) as PromiseLike<number>
export const neverSettles = (): PromiseLike<number> => thenable(() => {})
export const settlesTwice = (): PromiseLike<number> =>
  thenable((resolve, reject) => {
    resolve(1)
    resolve(2)
    reject(new Error("three"))
  })

// oxlint-disable no-throw-literal
export const throwsUndefined = (): never => {
  throw undefined
}
export const throwsNull = (): never => {
  throw null
}
export const throwsFrozen = (): never => {
  throw Object.freeze(new RangeError("frozen"))
}
export const throwsLocked = (): never => {
  throw locked()
}
// oxlint-enable no-throw-literal
export const throwsCycle = (): never => {
  const error = new Error("round")
  error.cause = error
  throw error
}
export class Boiling extends RangeError {
  readonly degrees = 100
  readonly memory = new SharedArrayBuffer(8)
}
export const throwsNameless = (): never => {
  throw new AggregateError([new Boiling("first", { cause: new TypeError("no fan") })], "both")
}

/** Says to the pool what only the worker's own code should. */
export const babbles = (): string => {
  for (const message of [null, "ready", 7, { _tag: "Items", id: 0, items: 5 }, { _tag: "Threw", id: 0 }, { _tag: 1 }]) {
    parentPort?.postMessage(message)
    process.send?.(message)
  }
  return "said"
}
export const matches = (text: string): unknown => /b(?<next>.)/.exec(text)
/** The smallest module of WebAssembly. No types of it are among those of Node. */
export const wasm = (): unknown =>
  Reflect.construct((globalThis as any).WebAssembly.Module, [new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])])
export const sharedView = (): Uint8Array => new Uint8Array(new SharedArrayBuffer(8))
export const isView = (value: unknown): string => Object.prototype.toString.call(value)

export function* breaksOff(): Generator<unknown> {
  yield 1
  yield 2
  yield () => 3
}
export function* movedItems(octets: number): Generator<Uint8Array> {
  for (let i = 0; i < 3; i++) yield movedBuffer(octets)
}
export const movedBuffer = (octets: number): Uint8Array => {
  const made = new Uint8Array(octets).fill(7)
  return move(made, [made.buffer])
}
export const movedTwice = (octets: number): Uint8Array => {
  const made = new Uint8Array(octets)
  return move(made, [made.buffer, made.buffer])
}
export const movedLater = async (octets: number): Promise<Uint8Array> => movedBuffer(octets)

export async function lateCount(n: number): Promise<Generator<number>> {
  await new Promise((resolve) => setTimeout(resolve, 200))
  return (function* () {
    for (let i = 1; i <= n; i++) yield i
  })()
}
export function* forEver(): Generator<number> {
  for (let i = 0; ; i++) yield i
}
export function* inItsScope(): Generator<unknown> {
  scope().progress("first")
  yield scope().carry.annotations
  scope().progress("last")
  yield scope().worker
}
export async function* laterInItsScope(): AsyncGenerator<unknown> {
  await Promise.resolve()
  yield* inItsScope()
}
/** Goes on telling when its call has long ended. */
export const tellsLate = (): void => {
  const { progress } = scope()
  setTimeout(() => progress("too late"), 20)
}
export const waits = async (milliseconds: number): Promise<string> => {
  scope().progress("waiting")
  await new Promise((resolve) => setTimeout(resolve, milliseconds))
  return "waited"
}

let received = 0
const keeps = new Map<number, Uint8Array>()
/** The same buffer each time. */
export const kept = (octets: number): Uint8Array => {
  const own = keeps.get(octets) ?? new Uint8Array(octets).fill(7)
  keeps.set(octets, own)
  return own
}
export function* keptItems(octets: number): Generator<Uint8Array> {
  yield kept(octets)
  yield kept(octets)
}
export const listens = (port: MessagePort): void => {
  port.once("message", (number: number) => {
    received += number
    port.postMessage(received)
    port.close()
  })
}
export const opens = (): MessagePort => {
  const { port1, port2 } = new MessageChannel()
  listens(port1)
  return move(port2, [port2])
}
/** Answers, and is gone before the answer can be read. */
export const answersAndExits = async (octets: number): Promise<Uint8Array> => {
  setImmediate(() => process.exit(9))
  return new Uint8Array(octets).fill(5)
}
export const loud = (): void => {
  setImmediate(() => {
    throw new Boiling("uncaught")
  })
}
export const tellsAndLoops = (): never => {
  scope().progress(process.pid)
  for (;;) {
    // Nothing: an endless loop is the point.
  }
}

/** The sum of octets that lie deep in an item. */
export const sumsOf = ({ n: [octets] }: { readonly n: ReadonlyArray<Uint8Array> }): number =>
  octets!.reduce((sum, octet) => sum + octet, 0)
