import type { ExecutorError } from "@handoff/core"
import * as Effect from "effect/Effect"
import { Libc } from "./Libc.ts"
import type { ArgumentsOf, ArgumentType, ResultOf, ResultType, Signature } from "./Signature.ts"
import { CFunction, type CFunctionError } from "./tasks/CFunction.ts"

/** What a C function returned, and `errno` as it left it. */
export interface Outcome<A> {
  readonly value: A
  readonly errno: number
}

/** A C function as a function of effects. Its buffers are copied in, and copied back when it has returned. */
export interface Bound<T extends ReadonlyArray<ArgumentType>, R extends ResultType> {
  (...args: ArgumentsOf<T>): Effect.Effect<ResultOf<R>, CFunctionError | ExecutorError, Libc>
  /** The same, with `errno`. */
  readonly outcome: (
    ...args: ArgumentsOf<T>
  ) => Effect.Effect<Outcome<ResultOf<R>>, CFunctionError | ExecutorError, Libc>
}

/**
 * Binds a C function by library, symbol and signature: `bind("libm", "cbrt", { args: ["double"], returns: "double" })`.
 * The library and the symbol are looked for at the first call, which fails with `NoLibrary` or `NoSymbol`.
 *
 * Interrupting a call that blocks abandons it: it goes on with its own copies of strings and buffers, and what it writes
 * reaches nobody.
 */
export const bind = <const T extends ReadonlyArray<ArgumentType>, R extends ResultType>(
  library: string,
  symbol: string,
  { args: types, ...rest }: Signature<T, R>
): Bound<T, R> => {
  const outcome = (...args: ArgumentsOf<T>) =>
    Effect.flatMap(Libc, (libc) =>
      Effect.map(
        libc.run(new CFunction({ library, symbol, types, ...rest, args })),
        ({ buffers, errno, value }): Outcome<ResultOf<R>> => {
          copyBack(types, args, buffers)
          return { value: value as ResultOf<R>, errno }
        }
      )
    )
  const call = (...args: ArgumentsOf<T>) => Effect.map(outcome(...args), ({ value }) => value)
  return Object.assign(call, { outcome })
}

/** Into the caller's buffers what the function left in its copies. */
const copyBack = (
  types: ReadonlyArray<ArgumentType>,
  args: ReadonlyArray<unknown>,
  buffers: ReadonlyArray<Uint8Array | null>
) => {
  const given = args.filter((_, i) => types[i] === "buffer") as ReadonlyArray<Uint8Array | null>
  for (const [i, buffer] of given.entries()) {
    const octets = buffers[i]
    if (octets) buffer?.set(octets)
  }
}
