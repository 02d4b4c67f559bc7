/** A small seeded generator (mulberry32), so that a schedule can be run again from its printed seed. Not for secrets. */
export interface Random {
  /** At least 0 and below 1. */
  readonly next: () => number
  /** A whole number, at least 0 and below `bound`. */
  readonly below: (bound: number) => number
  readonly pick: <A>(items: ReadonlyArray<A>) => A
}

export const make = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  return { next, below, pick: (items) => items[below(items.length)]! }
}
