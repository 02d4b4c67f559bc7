/** What a zone may hold but should not: what `named-checkzone` and its like warn of. What may not be is a `ZoneError`. */
import { Name, ResourceRecord } from "../wire/index.ts"
import { keyOf, nameEnd } from "./canonical.ts"
import { addressesOf, find } from "./find.ts"
import * as types from "./types.ts"
import type { Zone } from "./Zone.ts"

/** What is doubtful in a zone, and where. */
export interface Warning {
  readonly kind:
    /** An NS in the zone, or below the cut it is for, whose name has no address here. */
    | "ServerWithoutAddress"
    /** An NS, MX or SRV whose target is an alias (RFC 2181 10.3). */
    | "TargetIsAlias"
    /** An alias to a name of the zone that is not there. */
    | "DanglingAlias"
    /** Data below a cut or a DNAME that is no glue: nobody sees it. */
    | "HiddenByCut"
    /** No NS at the origin. */
    | "NoServers"
  readonly owner: Name.Name
  readonly detail: string
}

const targets = new Map([
  [types.NS, 0],
  [types.MX, 2],
  [types.SRV, 6]
])

/** What is wrong or doubtful in a zone. */
export const check = (zone: Zone): Array<Warning> => {
  const warnings: Array<Warning> = []
  const warn = (kind: Warning["kind"], owner: Name.Name, detail: string) => warnings.push({ kind, owner, detail })
  if (!zone.apex.sets.has(types.NS)) warn("NoServers", zone.origin, "the zone has no name servers")
  for (const node of zone.sorted) {
    const place = find(zone, node.name, types.DS)
    const hidden =
      (place.kind === "delegation" && place.node !== node) || (place.kind === "dname" && place.node !== node)
    if (hidden) {
      for (const type of node.sets.keys()) {
        if (type !== types.A && type !== types.AAAA)
          warn("HiddenByCut", node.name, `type ${type} below ${Name.toText(place.node.name)}`)
      }
      continue
    }
    for (const [type, set] of node.sets) {
      const at = type === types.CNAME ? 0 : targets.get(type)
      if (at === undefined) continue
      for (const record of set.records) {
        const rdata = ResourceRecord.dataOctets(record)
        const target = Name.fromOctets(rdata.subarray(at, nameEnd(rdata, at)))
        if (!Name.isSubdomainOf(target, zone.origin)) continue
        if (type === types.CNAME) {
          if (find(zone, target, types.A).kind === "nothing")
            warn("DanglingAlias", node.name, `${Name.toText(target)} is not there`)
        } else if (zone.nodes.get(keyOf(target))?.sets.has(types.CNAME) === true) {
          warn("TargetIsAlias", node.name, `${Name.toText(target)} is an alias`)
        } else if (
          type === types.NS &&
          addressesOf(zone, target) === undefined &&
          needsAddress(zone, target, node.name)
        ) {
          warn("ServerWithoutAddress", node.name, `${Name.toText(target)} has no address here`)
        }
      }
    }
  }
  return warnings
}

/** Elsewhere below another cut, the address is that zone's to give. */
const needsAddress = (zone: Zone, target: Name.Name, owner: Name.Name): boolean => {
  const place = find(zone, target, types.A)
  return place.kind !== "delegation" || Name.equals(place.node.name, owner)
}
