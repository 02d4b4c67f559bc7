/**
 * Every record type. To add one: a file in `types/` with its field table, its line here, and its vector in
 * `test/wire/vectors/`.
 */
import type { Data } from "./RecordType.ts"
import type { RecordType } from "./RecordType.ts"
import { A } from "./types/A.ts"
import { AAAA } from "./types/AAAA.ts"
import { CNAME } from "./types/CNAME.ts"
import { MX } from "./types/MX.ts"
import { NS } from "./types/NS.ts"
import { PTR } from "./types/PTR.ts"
import { SOA } from "./types/SOA.ts"
import { SRV } from "./types/SRV.ts"
import { TXT } from "./types/TXT.ts"

/** In the order of their codes. */
export const all = [A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV] as const

type All = (typeof all)[number]

/** The mnemonics of the types whose rdata is read into fields. */
export type KnownType = All["name"]

/** The rdata of each type, by mnemonic. */
export type DataByType = { readonly [T in All as T["name"]]: Data<T> }

export type Any = RecordType<string, unknown>

// Nearly all codes are small: an array look-up for those, a map for the rest.
const small: Array<Any | undefined> = Array.from({ length: 272 })
const large = new Map<number, Any>()
const named = new Map<string, Any>()
for (const type of all as ReadonlyArray<Any>) {
  if (type.code < small.length) small[type.code] = type
  else large.set(type.code, type)
  named.set(type.name, type)
}

export const byCode = (code: number): Any | undefined => (code < small.length ? small[code] : large.get(code))

export const byName = (name: string): Any | undefined => named.get(name)
