/** A module that takes its time to load. */
await new Promise((resolve) => setTimeout(resolve, 200))
let began = 0
export function* count(n: number): Generator<number> {
  began++
  for (let i = 1; i <= n; i++) yield i
}
export const hasBegun = (): number => began
