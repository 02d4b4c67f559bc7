/**
 * What a scope has to close, by one finalizer for all of it instead of one each: ten thousand connections of one scope
 * cost a set's entries, and one that is closed before its scope is forgotten at once.
 */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"

/** Something that can be closed. */
export interface Closable {
  /** Closes; must not throw. Called once at most by the scope, and never after `disown`. */
  onScopeClosed(): void
}

export type Owner = Set<Closable>

const owners = new WeakMap<Scope.Scope, Owner>()

/** Those that the scope owns; what is added to it after the scope closed must be closed by whoever adds it. */
const ownerOf = (scope: Scope.Scope): Effect.Effect<Owner> =>
  Effect.suspend(() => {
    const known = owners.get(scope)
    if (known !== undefined) return Effect.succeed(known)
    const owner: Owner = new Set()
    owners.set(scope, owner)
    return Effect.as(
      Scope.addFinalizer(
        scope,
        Effect.sync(() => {
          // The last opened is closed first.
          for (const one of Array.from(owner).toReversed()) one.onScopeClosed()
          owner.clear()
        })
      ),
      owner
    )
  })

/** Opens something that the scope is to close; opening can be interrupted. */
export const acquire = <A, E, R, C extends Closable>(
  open: Effect.Effect<A, E, R>,
  wrap: (opened: A, owner: Owner) => C
): Effect.Effect<C, E, R | Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.scope, (scope) =>
      Effect.flatMap(restore(open), (opened) =>
        Effect.map(ownerOf(scope), (owner) => {
          const made = wrap(opened, owner)
          if (scope.state._tag === "Closed") made.onScopeClosed()
          else owner.add(made)
          return made
        })
      )
    )
  )
