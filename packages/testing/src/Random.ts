/** A small seeded generator (mulberry32), so that a schedule can be run again from its printed seed. Not for secrets. */
export interface Random {
  /** At least 0 and below 1. */
  readonly next: () => number
  /** A whole number, at least 0 and below `bound`. */
  readonly below: (bound: number) => number
  readonly pick: <A>(items: ReadonlyArray<A>) => A
  /** The same items in a random order (Fisher and Yates). */
  readonly shuffle: <A>(items: ReadonlyArray<A>) => Array<A>
}

/** The same numbers for the same seed. */
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
  const shuffle = <A>(items: ReadonlyArray<A>): Array<A> => {
    const all = [...items]
    for (let i = all.length - 1; i > 0; i--) {
      const j = below(i + 1)
      const one = all[i]!
      all[i] = all[j]!
      all[j] = one
    }
    return all
  }
  return { next, below, pick: (items) => items[below(items.length)]!, shuffle }
}
