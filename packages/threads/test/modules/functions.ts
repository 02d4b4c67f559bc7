/** What the tests call in workers. */
import { AsyncLocalStorage } from "node:async_hooks"
import { isMainThread, threadId } from "node:worker_threads"

export const add = (a: number, b: number): number => a + b
export const echo = <A>(value: A): A => value
export const echoOctets = (octets: Uint8Array): Uint8Array => octets
export const slowly = async (value: number, milliseconds: number): Promise<number> => {
  await new Promise((resolve) => setTimeout(resolve, milliseconds))
  return value
}
let inside = 0
const gate = Promise.withResolvers<void>()
/** Resolves when so many calls are inside together. */
export const meet = async (calls: number): Promise<number> => {
  inside++
  if (inside === calls) gate.resolve()
  await gate.promise
  return threadId
}
export const whichThread = (): number => threadId
export const onMainThread = (): boolean => isMainThread

export class TooHot extends RangeError {
  readonly degrees: number
  constructor(degrees: number, options?: ErrorOptions) {
    super(`${degrees} degrees`, options)
    this.name = "TooHot"
    this.degrees = degrees
  }
}
export const overheat = (degrees: number): never => {
  throw new TooHot(degrees, { cause: new TypeError("no fan") })
}
export const throwText = (): never => {
  // oxlint-disable-next-line no-throw-literal
  throw "just text"
}
export const rejects = async (): Promise<never> => overheat(99)
export const notClonable = (): unknown => () => 1

export const exit = (code: number): never => process.exit(code)
export const crash = async (): Promise<never> => {
  setImmediate(() => {
    throw new TypeError("uncaught in a worker")
  })
  return new Promise<never>(() => {})
}
export const exhaust = (): number => {
  const kept: Array<object> = []
  for (;;) kept.push({ a: kept.length })
}
export const loopForEver = (): never => {
  for (;;) {
    // Nothing: an endless loop is the point.
  }
}
export const spin = (milliseconds: number): number => {
  const until = performance.now() + milliseconds
  let turns = 0
  while (performance.now() < until) turns++
  return turns
}
export const never = (): Promise<never> => new Promise<never>(() => {})

export function* countTo(n: number): Generator<number> {
  for (let i = 1; i <= n; i++) yield i
}
export async function* countSlowly(n: number): AsyncGenerator<number> {
  for (let i = 1; i <= n; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    yield i
  }
}
let produced = 0
export function* counting(n: number): Generator<number> {
  for (let i = 1; i <= n; i++) {
    produced = i
    yield i
  }
}
export const producedSoFar = (): number => produced
export function* breaksAt(n: number): Generator<number> {
  for (let i = 1; i < n; i++) yield i
  throw new RangeError(`broke at ${n}`)
}

const seen: Array<string> = []
export const note = (word: string): number => seen.push(word)
export const noted = (): ReadonlyArray<string> => seen
export const sumOf = (octets: Uint8Array): number => octets.reduce((sum, octet) => sum + octet, 0)
export const setAll = (shared: Int32Array, value: number): void => {
  shared.fill(value)
}
export const local = new AsyncLocalStorage<number>()
export const exhaustArrays = (): number => {
  const kept: Array<ReadonlyArray<number>> = []
  for (;;) kept.push(Array.from({ length: 4096 }, (_, i) => i + kept.length + 0.5))
}
export const killSelf = (): void => {
  process.kill(process.pid, "SIGSEGV")
}
export const argv = (): ReadonlyArray<string> => process.execArgv
