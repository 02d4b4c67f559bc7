/** Every EDNS option that is read into fields. To add one: a file in `options/`, its line here, its vector. */
import type { Data, RecordType } from "./RecordType.ts"
import { COOKIE } from "./options/COOKIE.ts"

export const all = [COOKIE] as const

type All = (typeof all)[number]

export type KnownOption = All["name"]

export type DataByOption = { readonly [T in All as T["name"]]: Data<T> }

export type Any = RecordType<string, unknown>

const types = all as ReadonlyArray<Any>
const coded = new Map(types.map((type) => [type.code, type]))
const named = new Map(types.map((type) => [type.name, type]))

export const byCode = (code: number): Any | undefined => coded.get(code)

export const byName = (name: string): Any | undefined => named.get(name)
