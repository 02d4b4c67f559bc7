/** What a chunk of `map` runs on its runner: one function of a module over many items, one after the other. */

/** A chunk's results, and the milliseconds that it took where it ran. */
export interface Chunk<B> {
  readonly results: ReadonlyArray<B>
  readonly milliseconds: number
}

export const each = async (module: string, name: string, items: ReadonlyArray<unknown>): Promise<Chunk<unknown>> => {
  const loaded = (await import(module)) as Readonly<Record<string, unknown>>
  const apply = loaded[name]
  if (typeof apply !== "function") throw new TypeError(`${module} exports no function ${name}`)
  const began = performance.now()
  const results: Array<unknown> = []
  for (const item of items) {
    const result: unknown = apply(item)
    // Waiting for what is no promise would cost more than a short function.
    results.push(isPromise(result) ? await result : result)
  }
  return { results, milliseconds: performance.now() - began }
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && "then" in value
