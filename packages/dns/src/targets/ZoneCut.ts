/** Which zone a name is in: where the nearest SOA is, at the name or above it. */
import type { LookupError } from "@handoff/core"
import * as Effect from "effect/Effect"
import type { Shape } from "../Dns.ts"
import * as Name from "../wire/Name.ts"

/**
 * The zone that a name belongs to, as text with its final dot. A negative answer tells it at once by its SOA (RFC 2308
 * section 3); else the name above is asked for. Aliases are not followed: the zone is that of the name itself.
 */
export const find = (dns: Shape, name: string): Effect.Effect<string, LookupError> =>
  Effect.gen(function* () {
    // What is no name fails here.
    let answer = yield* dns.resolve(name === "" ? "." : name, "SOA")
    let at = Name.fromText(name.endsWith(".") ? name : `${name}.`)
    for (;;) {
      if (answer.records.some((record) => Name.equals(record.name, at))) return Name.toText(at)
      const above = answer.message?.authorities.find(
        (record) => record.type === "SOA" && Name.isSubdomainOf(at, record.name)
      )
      if (above !== undefined && answer.aliases.length === 0) return Name.toText(above.name)
      if (Name.isRoot(at)) return yield* Effect.fail(dns.failure(name, "NotFound", "NODATA", "no SOA up to the root"))
      at = Name.parent(at)
      answer = yield* dns.resolve(Name.toText(at), "SOA")
    }
  })
