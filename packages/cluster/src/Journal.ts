/**
 * The journal of durable tasks that must not run twice: entered before they start, so that a runner which takes over a
 * batch knows which of them a dead one may have begun. Those are answered `Lost`; the others run.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

export class Journal extends Context.Service<
  Journal,
  {
    /**
     * Enters tasks of a batch as started, all or none, and returns those that had been entered before. Once it has
     * returned, the entries survive whatever the journal is made to survive.
     */
    readonly enter: (batch: string, tasks: ReadonlyArray<number>) => Effect.Effect<ReadonlySet<number>>
    /** Forgets a batch whose answer has reached its submitter. */
    readonly forget: (batch: string) => Effect.Effect<void>
  }
>()("@handoff/cluster/Journal") {}

/** A journal in memory, for one process: what ends with the process needs no longer memory. */
export const layerMemory: Layer.Layer<Journal> = Layer.sync(Journal, () => {
  const batches = new Map<string, Set<number>>()
  return Journal.of({
    enter: (batch, tasks) =>
      Effect.sync(() => {
        const entered = batches.get(batch) ?? new Set<number>()
        batches.set(batch, entered)
        const before = new Set(tasks.filter((task) => entered.has(task)))
        for (const task of tasks) entered.add(task)
        return before
      }),
    forget: (batch) => Effect.sync(() => void batches.delete(batch))
  })
})
