/**
 * A record type as a table of fields, from which all that is done with its rdata follows: checking, reading, writing,
 * parsing and printing. EDNS options are made the same way, see `EdnsOption.ts`.
 */
import * as DecodeError from "./DecodeError.ts"
import type { Field, Kind, Style, Value } from "./Field.ts"
import type { Reader } from "./Reader.ts"
import type { Tokens } from "./Tokens.ts"
import * as Type from "./Type.ts"
import { shared, type Writer } from "./Writer.ts"

/** A record type: its name, its code, what its rdata holds. */
export interface RecordType<N extends string, D> {
  readonly name: N
  readonly code: number
  /** Whether the rdata has this form in class IN only (A, SRV); elsewhere it is opaque. */
  readonly internetOnly: boolean
  /** The properties of the rdata and what each holds, in order. */
  readonly kinds: ReadonlyArray<readonly [property: string, kind: Kind]>
  /** @internal Reads up to `reader.end`, all of it. Throws `DecodeError`. */
  read(reader: Reader): D
  /** @internal Checks what `read` would, without making the value. */
  check(reader: Reader): void
  /** @internal Throws `EncodeError`. */
  write(writer: Writer, data: D): void
  /** @internal Takes all tokens that are left. Throws `TokenError`. */
  parse(tokens: Tokens): D
  print(data: D, style: Style): string
}

/** The rdata of a type: an object with a property for each field. */
export type Data<T> = T extends RecordType<string, infer D> ? D : never

type Table = { readonly [name: string]: Field<unknown> }

/** What a table of fields holds: a property for each. */
export type DataOf<F extends { readonly [name: string]: Field<unknown> }> = { readonly [K in keyof F]: Value<F[K]> }

/**
 * What a table does slowly, by hand: of the few types that nearly all records are of. Making an object property by
 * property from a list of names costs three times what a literal does.
 */
export interface ByHand<D> {
  readonly read: (reader: Reader) => D
  readonly write: (writer: Writer, data: D) => void
}

/** A type that has the same form in every class. */
export const make = <const N extends string, F extends Table>(
  name: N,
  code: number,
  fields: F,
  byHand?: ByHand<DataOf<F>>
): RecordType<N, DataOf<F>> => register(withHand(table(name, code, false, fields), byHand))

/** A type whose form is defined for class IN only. */
export const makeInternet = <const N extends string, F extends Table>(
  name: N,
  code: number,
  fields: F,
  byHand?: ByHand<DataOf<F>>
): RecordType<N, DataOf<F>> => register(withHand(table(name, code, true, fields), byHand))

const withHand = <N extends string, D>(type: RecordType<N, D>, byHand: ByHand<D> | undefined): RecordType<N, D> =>
  byHand === undefined
    ? type
    : {
        ...type,
        write: byHand.write,
        read(reader) {
          const data = byHand.read(reader)
          return reader.offset === reader.end ? data : failRest(reader, type.name)
        }
      }

const register = <N extends string, D>(type: RecordType<N, D>): RecordType<N, D> => {
  Type.register(type.name, type.code)
  return type
}

/** A type whose fields depend on each other (IPSECKEY: the gateway's form on its type), so that a table cannot say it. */
export const makeCustom = <const N extends string, D extends object>(
  name: N,
  code: number,
  options: {
    readonly internetOnly?: boolean
    readonly kinds: { readonly [K in keyof D]-?: Kind }
    readonly read: (reader: Reader) => D
    /** What `read` checks, without making the value; it reads and forgets when not given. */
    readonly check?: (reader: Reader) => void
    readonly write: (writer: Writer, data: D) => void
    readonly parse: (tokens: Tokens) => D
    readonly print: (data: D, style: Style) => string
  }
): RecordType<N, D> => {
  const read = (reader: Reader): D => {
    const data = options.read(reader)
    return reader.offset === reader.end ? data : failRest(reader, name)
  }
  return register({
    name,
    code,
    internetOnly: options.internetOnly ?? false,
    kinds: Object.entries<Kind>(options.kinds),
    read,
    check:
      options.check === undefined
        ? read
        : (reader) => {
            options.check!(reader)
            if (reader.offset !== reader.end) failRest(reader, name)
          },
    write: options.write,
    parse(tokens) {
      const data = options.parse(tokens)
      return tokens.left === 0 ? data : tokens.fail(`more than ${name} has`)
    },
    print: options.print
  })
}

/** The field table alone, without a place among the record types. */
export const table = <const N extends string, F extends Table>(
  name: N,
  code: number,
  internetOnly: boolean,
  fields: F
): RecordType<N, DataOf<F>> => {
  const keys = Object.keys(fields)
  const list: ReadonlyArray<Field<unknown>> = Object.values(fields)
  const count = keys.length
  return {
    name,
    code,
    internetOnly,
    kinds: Object.entries(fields).map(([key, field]) => [key, field.kind] as const),
    read(reader) {
      const data: Record<string, unknown> = {}
      for (let i = 0; i < count; i++) data[keys[i]!] = list[i]!.read(reader)
      if (reader.offset !== reader.end) failRest(reader, name)
      return data as DataOf<F>
    },
    check(reader) {
      for (let i = 0; i < count; i++) list[i]!.check(reader)
      if (reader.offset !== reader.end) failRest(reader, name)
    },
    write(writer, data: Record<string, unknown>) {
      for (let i = 0; i < count; i++) list[i]!.write(writer, data[keys[i]!])
    },
    parse(tokens) {
      const data: Record<string, unknown> = {}
      for (let i = 0; i < count; i++) data[keys[i]!] = list[i]!.parse(tokens)
      if (tokens.left > 0) tokens.fail(`more than ${name} has`)
      return data as DataOf<F>
    },
    print(data: Record<string, unknown>, style) {
      let text = ""
      for (let i = 0; i < count; i++) {
        const field = list[i]!.print(data[keys[i]!], style)
        if (field !== "") text += text === "" ? field : ` ${field}`
      }
      return text
    }
  }
}

/** Rdata as octets, names uncompressed. Throws `EncodeError`. */
export const octetsOf = <D>(type: RecordType<string, D>, data: D): Uint8Array => {
  shared.start(false)
  type.write(shared, data)
  return shared.take()
}

const failRest = (reader: Reader, name: string): never =>
  DecodeError.fail("rdata", reader.offset, `${reader.end - reader.offset} octets more than ${name} has`)
