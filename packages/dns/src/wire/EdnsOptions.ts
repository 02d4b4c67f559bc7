/** Every EDNS option that is read into fields. To add one: a file in `options/`, its line here, its vector. */
import type { Data, RecordType } from "./RecordType.ts"
import { CHAIN } from "./options/CHAIN.ts"
import { COOKIE } from "./options/COOKIE.ts"
import { ECS } from "./options/ECS.ts"
import { EDE } from "./options/EDE.ts"
import { EXPIRE } from "./options/EXPIRE.ts"
import { KEEPALIVE } from "./options/KEEPALIVE.ts"
import { KEYTAG } from "./options/KEYTAG.ts"
import { NSID } from "./options/NSID.ts"
import { PADDING } from "./options/PADDING.ts"
import { REPORT_CHANNEL } from "./options/REPORT_CHANNEL.ts"
import { DAU, DHU, N3U } from "./options/UNDERSTOOD.ts"
import { ZONEVERSION } from "./options/ZONEVERSION.ts"

/** Every known option. */
export const all = [
  NSID,
  DAU,
  DHU,
  N3U,
  ECS,
  EXPIRE,
  COOKIE,
  KEEPALIVE,
  PADDING,
  CHAIN,
  KEYTAG,
  EDE,
  REPORT_CHANNEL,
  ZONEVERSION
] as const

/** The name of a known option. */
export type KnownOption = (typeof all)[number]["name"]

/** Each option's data, by its name. */
export type DataByOption = { readonly [T in (typeof all)[number] as T["name"]]: Data<T> }

/** A known option. */
export type Any = RecordType<string, unknown>

const types = all as ReadonlyArray<Any>
const coded = new Map(types.map((type) => [type.code, type]))
const named = new Map(types.map((type) => [type.name, type]))

/** Known options by their code. */
export const byCode = (code: number): Any | undefined => coded.get(code)

/** Known options by their name. */
export const byName = (name: string): Any | undefined => named.get(name)
