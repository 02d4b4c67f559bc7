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
  for (const item of items) results.push(await apply(item))
  return { results, milliseconds: performance.now() - began }
}
