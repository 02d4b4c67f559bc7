/**
 * What a C function takes and returns, as data.
 *
 * | type | in C | in JavaScript |
 * |---|---|---|
 * | `int32`, `uint32` | `int`, `unsigned` and what fits in them | number |
 * | `int64`, `uint64`, `size` | `long`, `size_t`, `off_t` of a 64-bit system | bigint, or as an argument a safe integer |
 * | `pointer` | an address that this program does not look into | bigint |
 * | `double`, `float` | the same | number |
 * | `string` | `const char *`, UTF-8, NUL-terminated; copied both ways | string or null |
 * | `buffer` | memory that the function reads or writes | Uint8Array or null; arguments only |
 * | `void` | nothing | undefined; results only |
 *
 * A variadic function is called with the arguments of one call: `["buffer", "size", "string", "int32"]` for an
 * `snprintf` with `%d`. Structures by value, `long double` and callbacks are not spoken. C has no way to check a
 * signature: a wrong one is a crash of the process at worst.
 */

const values = ["int32", "uint32", "int64", "uint64", "size", "pointer", "double", "float", "string"] as const

export const argumentTypes = [...values, "buffer"] as const
/** A C type that an argument may have. */
export type ArgumentType = (typeof argumentTypes)[number]

export const resultTypes = [...values, "void"] as const
/** A C type that a function may return. */
export type ResultType = (typeof resultTypes)[number]

/**
 * How a function says that it failed: it returns less than zero (`open`), NULL or 0 (`fopen`), not zero
 * (`setenv`, with the reason in `errno`), the error's number itself (`posix_fallocate`), or only sets `errno` (`strtol`).
 */
export type FailsBy = "negative" | "null" | "nonzero" | "returned" | "errno"

export interface Signature<
  T extends ReadonlyArray<ArgumentType> = ReadonlyArray<ArgumentType>,
  R extends ResultType = ResultType
> {
  readonly args: T
  readonly returns: R
  /** Default: it cannot fail. */
  readonly fails?: FailsBy
  /** Milliseconds that a call may take, waiting for a thread included. */
  readonly timeout?: number
}

/** What an argument of each C type is in JavaScript. */
export interface ArgumentValues {
  readonly int32: number
  readonly uint32: number
  readonly int64: bigint | number
  readonly uint64: bigint | number
  readonly size: bigint | number
  readonly pointer: bigint | null
  readonly double: number
  readonly float: number
  readonly string: string | null
  readonly buffer: Uint8Array | null
}

/** What a result of each C type is in JavaScript. */
export interface ResultValues {
  readonly void: void
  readonly int32: number
  readonly uint32: number
  readonly int64: bigint
  readonly uint64: bigint
  readonly size: bigint
  readonly pointer: bigint
  readonly double: number
  readonly float: number
  readonly string: string | null
}

/** The arguments of a signature, in JavaScript. */
export type ArgumentsOf<T extends ReadonlyArray<ArgumentType>> = { readonly [K in keyof T]: ArgumentValues[T[K]] }

/** Its result. */
export type ResultOf<R extends ResultType> = ResultValues[R]

/** One letter for each type, as the addon and the workers read them. */
export const letters: Readonly<Record<ArgumentType | "void", string>> = {
  void: "v",
  int32: "i",
  uint32: "u",
  int64: "l",
  uint64: "L",
  size: "L",
  pointer: "p",
  double: "d",
  float: "f",
  string: "s",
  buffer: "b"
}

const isWholeNumber = (value: unknown, low: bigint, high: bigint): boolean =>
  (typeof value === "bigint" || Number.isSafeInteger(value)) &&
  BigInt(value as number) >= low &&
  BigInt(value as number) <= high

const isArgument: Readonly<Record<ArgumentType, (value: unknown) => boolean>> = {
  int32: (value) => typeof value === "number" && isWholeNumber(value, -(2n ** 31n), 2n ** 31n - 1n),
  uint32: (value) => typeof value === "number" && isWholeNumber(value, 0n, 2n ** 32n - 1n),
  int64: (value) => isWholeNumber(value, -(2n ** 63n), 2n ** 63n - 1n),
  uint64: (value) => isWholeNumber(value, 0n, 2n ** 64n - 1n),
  size: (value) => isWholeNumber(value, 0n, 2n ** 64n - 1n),
  pointer: (value) => value === null || (typeof value === "bigint" && isWholeNumber(value, 0n, 2n ** 64n - 1n)),
  double: (value) => typeof value === "number",
  float: (value) => typeof value === "number",
  string: (value) => value === null || (typeof value === "string" && !value.includes("\0")),
  buffer: (value) => value === null || value instanceof Uint8Array
}

/** What is wrong with these arguments; undefined if nothing is. */
export const mismatch = (types: ReadonlyArray<ArgumentType>, args: ReadonlyArray<unknown>): string | undefined => {
  if (types.length !== args.length) return `${args.length} arguments for a signature of ${types.length}`
  const index = types.findIndex((type, i) => !isArgument[type](args[i]))
  return index === -1 ? undefined : `argument ${index} is no ${types[index]}: ${String(args[index])}`
}
