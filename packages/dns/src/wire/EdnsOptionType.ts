/** An EDNS option as a table of fields, made as record types are. */
import type { Field } from "./Field.ts"
import * as RecordType from "./RecordType.ts"

export const make = <const N extends string, F extends { readonly [name: string]: Field<unknown> }>(
  name: N,
  code: number,
  fields: F
): RecordType.RecordType<N, RecordType.DataOf<F>> => RecordType.table(name, code, false, fields)
