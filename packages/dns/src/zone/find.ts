/**
 * Where a name is in a zone: the walk of RFC 1034 4.3.2 step 3, with wildcards as RFC 4592 and DNAME as RFC 6672 say.
 */
import type { Name } from "../wire/index.ts"
import { keyOf } from "./canonical.ts"
import * as types from "./types.ts"
import type { Node, Zone } from "./Zone.ts"

/** Where in a zone a name falls. */
export type Place =
  /** The name exists in the zone, perhaps without data. */
  | { readonly kind: "node"; readonly node: Node }
  /** It does not, but a wildcard at its closest encloser stands for it. */
  | { readonly kind: "wildcard"; readonly node: Node; readonly encloser: Node }
  /** It is at or below a zone cut. */
  | { readonly kind: "delegation"; readonly node: Node }
  /** It is below a DNAME. */
  | { readonly kind: "dname"; readonly node: Node }
  | { readonly kind: "nothing"; readonly encloser: Node }

/** The place of a name that is in the zone; asking for DS at a cut is asking the parent's side (RFC 4035 3.1.4.1). */
export const find = (zone: Zone, name: Name.Name, type: number): Place => {
  const key = keyOf(name)
  const starts: Array<number> = []
  const above = key.length - zone.originKey.length
  for (let at = 0; at < above; at += key.charCodeAt(at) + 1) starts.push(at)
  let node = zone.apex
  if (starts.length > 0 && node.sets.has(types.DNAME)) return { kind: "dname", node }
  for (let i = starts.length - 1; i >= 0; i--) {
    const child = zone.nodes.get(key.slice(starts[i]))
    if (child === undefined) {
      const wildcard = zone.nodes.get(`\x01*${keyOf(node.name)}`)
      return wildcard === undefined
        ? { kind: "nothing", encloser: node }
        : { kind: "wildcard", node: wildcard, encloser: node }
    }
    node = child
    if (node.sets.has(types.NS) && !(i === 0 && type === types.DS)) return { kind: "delegation", node }
    if (i > 0 && node.sets.has(types.DNAME)) return { kind: "dname", node }
  }
  return { kind: "node", node }
}

/** Whether the name is at or below a zone cut, so that the zone is not authoritative for it. */
export const isBelowCut = (zone: Zone, name: Name.Name): boolean => find(zone, name, types.A).kind === "delegation"

/** Addresses held for a name, glue included: undefined when there are none. */
export const addressesOf = (zone: Zone, name: Name.Name): Node | undefined => {
  const node = zone.nodes.get(keyOf(name))
  return node !== undefined && (node.sets.has(types.A) || node.sets.has(types.AAAA)) ? node : undefined
}
