/**
 * A strategy's own figures (`extra` of its stats), as the page shows them. A strategy needs to do nothing but name them:
 *
 * | name | shown as |
 * |---|---|
 * | `worker 3 busy`, `runner 10.0.0.1:3400 shards` | a row for each worker, runner..., a column for each of its figures |
 * | `cache.hits` and `cache.misses` | the share of answers that came from the cache |
 * | `busy` of such a row, in milliseconds | how much of the time it was in use, as a bar |
 * | anything else | a figure of the strategy, by its name |
 */
import type { Member } from "./shared/Event.ts"

export interface Grouped {
  readonly figures: Readonly<Record<string, number>>
  readonly members: ReadonlyArray<Member>
}

/** `<what> <which> <figure>`: a word, a word with a digit in it, and the rest. */
const ofMember = /^([a-z]+) (\S*\d\S*) (.+)$/

export const group = (extra: Readonly<Record<string, number>>): Grouped => {
  const figures: Record<string, number> = {}
  const members = new Map<string, { kind: string; id: string; figures: Record<string, number> }>()
  for (const [name, value] of Object.entries(extra)) {
    if (!Number.isFinite(value)) continue
    const rounded = Math.round(value * 1_000) / 1_000
    const match = ofMember.exec(name)
    if (match === null) {
      figures[name] = rounded
      continue
    }
    const [, kind, id, figure] = match as unknown as readonly [string, string, string, string]
    const key = `${kind} ${id}`
    let member = members.get(key)
    if (member === undefined) members.set(key, (member = { kind, id, figures: {} }))
    member.figures[figure] = rounded
  }
  return { figures, members: [...members.values()] }
}
