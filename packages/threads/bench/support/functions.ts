/** What the benches call, in our workers and in the peers'. No imports: it is part of every worker's start. */

export const add = (a: number, b: number): number => a + b

export const echo = <A>(value: A): A => value

/** Burns the processor for about so many milliseconds: a fixed number of turns, so that contention shows as time. */
export const burn = (turns: number): number => {
  let x = 1
  for (let i = 0; i < turns; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0
  return x
}

/** Occupies its thread for so many milliseconds by the clock. */
export const occupy = (milliseconds: number): number => {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
  return milliseconds
}

export const sizeOf = (octets: Uint8Array): number => octets.byteLength

export const exit = (): never => process.exit(3)

export const fail = (): never => {
  throw new RangeError("asked for")
}

export const loopForEver = (): never => {
  for (;;);
}

export const exhaust = (): number => {
  const kept: Array<object> = []
  for (;;) kept.push({ number: kept.length })
}
