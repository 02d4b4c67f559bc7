/**
 * A field of a record's rdata: how it is checked, read, written, parsed and printed. A record type is a table of these.
 */
import type { Name } from "./Name.ts"
import type { Reader } from "./Reader.ts"
import type { Tokens } from "./Tokens.ts"
import type { Writer } from "./Writer.ts"

export interface Field<A> {
  /** What the value is in JavaScript, for `schema.ts` to choose how it goes to JSON. */
  readonly kind: Kind
  /** @internal Reads the value; everything is checked again here. Throws `DecodeError`. */
  read(reader: Reader): A
  /** @internal Checks what `read` would and moves past it, without making the value. */
  check(reader: Reader): void
  /** @internal Throws `EncodeError` for a value that has no octets. */
  write(writer: Writer, value: A): void
  /** @internal Takes the tokens that are this field's. Throws `TextError`. */
  parse(tokens: Tokens): A
  print(value: A, style: Style): string
}

/** JSON shapes: numbers and strings as they are, names as text, octets as base64, big integers as decimal text. */
export type Kind =
  | "number"
  | "bigint"
  | "text"
  | "name"
  | "names"
  | "octets"
  | "octetsList"
  | "texts"
  | "numbers"
  | "json"

/** The value of a field. */
export type Value<F> = F extends Field<infer A> ? A : never

/** How rdata is printed. */
export interface Style {
  /** Names below it are printed relative to it; absolute when not given. */
  readonly origin: Name | undefined
  /** Whether hex and base64 are cut into groups of 56 characters, as `dig` does. */
  readonly grouped: boolean
}

/** A field made of `read`, `write`, `parse` and `print`; `check` reads and forgets when not given. */
export const make = <A>(
  kind: Kind,
  options: Omit<Field<A>, "kind" | "check"> & { readonly check?: (reader: Reader) => void }
): Field<A> => ({
  kind,
  read: options.read,
  check: options.check ?? options.read,
  write: options.write,
  parse: options.parse,
  print: options.print
})
