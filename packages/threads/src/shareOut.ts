/**
 * A transfer list names what is moved, not with which call. `map` makes several calls of one list of items, and whatever
 * is moved can go with one of them alone: with the first whose items hold it.
 */

/** How deep items are looked into: arrays, plain objects, maps, sets, and the buffers of views. */
const depthMost = 8

class Search {
  private readonly wanted: Set<unknown>
  private readonly seen = new Set<unknown>()
  private found: Array<unknown> = []

  constructor(wanted: ReadonlyArray<unknown>) {
    this.wanted = new Set(wanted)
  }

  /** What the items hold of what nobody has had. */
  take(items: ReadonlyArray<unknown>): ReadonlyArray<unknown> {
    this.found = []
    this.look(items, 0)
    return this.found
  }

  /** What no item holds. */
  get rest(): ReadonlyArray<unknown> {
    return [...this.wanted]
  }

  private look(value: unknown, depth: number): void {
    if (typeof value !== "object" || value === null || this.wanted.size === 0) return
    if (this.wanted.delete(value)) {
      this.found.push(value)
      return
    }
    if (depth > depthMost || this.seen.has(value)) return
    this.seen.add(value)
    if (ArrayBuffer.isView(value)) return this.look(value.buffer, depth + 1)
    for (const part of parts(value)) this.look(part, depth + 1)
  }
}

/** Not by getters: cloning reads them once, and whatever they give each time would not be what is moved. */
const parts = function* (value: object): Generator<unknown> {
  if (value instanceof Map) {
    for (const [key, one] of value) yield* [key, one]
  } else if (value instanceof Set) yield* value
  for (const { value: part } of Object.values(Object.getOwnPropertyDescriptors(value))) yield part
}

/** For each chunk of items, what of the transfer list goes with it. What no item holds goes with the first. */
export const shareOut = (
  transfer: ReadonlyArray<unknown>,
  chunks: ReadonlyArray<ReadonlyArray<unknown>>
): ReadonlyArray<ReadonlyArray<unknown> | undefined> => {
  const search = new Search(transfer)
  const lists = chunks.map((items) => search.take(items))
  const [first = [], ...others] = lists
  return [[...first, ...search.rest], ...others].map((list) => (list.length > 0 ? list : undefined))
}
