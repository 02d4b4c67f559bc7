/**
 * One statement for all that is to be written at the same moment: a statement's price (its way there and back, its
 * transaction, the wait for the disk) is paid once for the group. Messages come and are answered many at a time, so
 * groups form by themselves; nothing waits for company.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Request from "effect/Request"
import * as RequestResolver from "effect/RequestResolver"

interface Asked<A, B, E> extends Request.Request<B, E> {
  readonly item: A
  /** What is asked for under the same group is written together. */
  readonly group: symbol | undefined
}

/**
 * What is asked for in one turn of the loop goes to `together`, which gives their results in the same order. Who is
 * interrupted before that leaves the group; afterwards the statement runs to its end.
 */
export const make = <A, B, E>(options: {
  readonly together: (items: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<B>, E>
  /** What is tried for each when `together` failed: one that cannot be written fails alone. Default: all fail. */
  readonly alone?: (item: A) => Effect.Effect<B, E>
  /** What is to be a group of its own. Default: nothing. */
  readonly isLarge?: (item: A) => boolean
}): ((item: A) => Effect.Effect<B, E>) => {
  const { alone, isLarge, together } = options
  const request = Request.of<Asked<A, B, E>>()
  const resolver = RequestResolver.makeGrouped<Asked<A, B, E>, unknown>({
    key: (entry) => entry.request.group,
    resolver: (entries) =>
      Effect.gen(function* () {
        const items = entries.map((entry) => entry.request.item)
        const exit = yield* Effect.exit(together(items))
        const answer = (i: number, own: Exit.Exit<B, E>) => entries[i]!.completeUnsafe(own)
        if (Exit.isSuccess(exit)) items.forEach((_, i) => answer(i, Exit.succeed(exit.value[i]!)))
        else if (alone === undefined) items.forEach((_, i) => answer(i, exit as Exit.Exit<never, E>))
        else {
          const each = (item: A, i: number) => Effect.map(Effect.exit(alone(item)), (own) => answer(i, own))
          yield* Effect.forEach(items, each, { concurrency: "unbounded", discard: true })
        }
      })
  })
  return (item) => {
    const group = isLarge?.(item) === true ? Symbol("its own") : undefined
    return Effect.request(request({ item, group }), resolver)
  }
}
