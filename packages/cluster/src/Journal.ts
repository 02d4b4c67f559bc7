/**
 * What must be known of durable batches beyond the runner that has them: which of their tasks that must not run twice
 * have begun, and which were given up. So a runner that takes over from a dead one answers the former with `Lost`, drops
 * the latter, and runs the others.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** What had been entered of a batch before. */
export interface Before {
  /** Tasks that may have begun and must not begin again. */
  readonly begun: ReadonlySet<number>
  /** Tasks whose answers nobody waits for. */
  readonly givenUp: ReadonlySet<number>
}

export class Journal extends Context.Service<
  Journal,
  {
    /**
     * Enters tasks of a batch as begun, all or none, and returns what had been entered of the batch before. Once it has
     * returned, the entries survive whatever the journal is made to survive.
     */
    readonly enter: (batch: string, tasks: ReadonlyArray<number>) => Effect.Effect<Before>
    /** Enters that tasks were given up. */
    readonly giveUp: (batch: string, tasks: ReadonlyArray<number>) => Effect.Effect<void>
    /** The batch's answer has reached its submitter: what is kept of it can go, here and in the engine's storage. */
    readonly forget: (batch: string) => Effect.Effect<void>
  }
>()("@handoff/cluster/Journal") {}

/** A journal in memory, for one process: what ends with the process needs no longer memory. */
export const layerMemory: Layer.Layer<Journal> = Layer.sync(Journal, () => makeMemory(() => {}))

/** As `layerMemory`; `forget` is called with each batch that is forgotten. */
export const makeMemory = (forget: (batch: string) => void): Journal["Service"] => {
  const batches = new Map<string, { readonly begun: Set<number>; readonly givenUp: Set<number> }>()
  const of = (batch: string) => {
    let entries = batches.get(batch)
    if (entries === undefined) batches.set(batch, (entries = { begun: new Set(), givenUp: new Set() }))
    return entries
  }
  return {
    enter: (batch, tasks) =>
      Effect.sync(() => {
        const { begun, givenUp } = of(batch)
        const before = { begun: new Set(begun), givenUp: new Set(givenUp) }
        for (const task of tasks) if (!givenUp.has(task)) begun.add(task)
        return before
      }),
    giveUp: (batch, tasks) =>
      Effect.sync(() => {
        const { givenUp } = of(batch)
        for (const task of tasks) givenUp.add(task)
      }),
    forget: (batch) =>
      Effect.sync(() => {
        batches.delete(batch)
        forget(batch)
      })
  }
}
