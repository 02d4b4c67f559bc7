/** The hosts of a zone file (RFC 1035 section 5): the owners of addresses and aliases, each once, in their order. */
import { Name, TextError, ZoneFile } from "@handoff/dns/wire"
import * as Include from "@handoff/dns/wire/include"
import * as Path from "node:path"
import { Trouble } from "../program/Trouble.ts"
import * as limits from "./limits.ts"
import type { Target } from "./Target.ts"
import { excerpt, parse } from "./Target.ts"

/** Reads it whole before anything is asked of anyone: a zone with a mistake in it is better mended than half surveyed. */
export const targets = (file: string, text: string, origin: string | undefined): ReadonlyArray<Target> | Trouble => {
  const found = new Map<string, Target>()
  const apex = apexOf(origin)
  if (apex instanceof Trouble) return apex
  try {
    const options = { file, ttl: limits.zoneTtl, include: Include.fromFolder(Path.dirname(file)) }
    for (const { name, type } of ZoneFile.records(text, { ...options, ...apex })) {
      if (type !== "A" && type !== "AAAA" && type !== "CNAME") continue
      const owner = Name.toText(name).toLowerCase()
      if (found.has(owner)) continue
      // A wildcard is no host, and neither is what has a name that hosts cannot have.
      const target = parse(found.size + 1, owner)
      if (target?._tag === "Target") found.set(owner, target)
    }
  } catch (error) {
    if (!(error instanceof TextError) && !(error instanceof Error)) throw error
    return new Trouble({
      what: error instanceof TextError ? error.message : `${file}: ${error.message}`,
      hint: "relative names need $ORIGIN in the file, or --origin"
    })
  }
  return [...found.values()]
}

const apexOf = (origin: string | undefined): { readonly origin?: Name.Name } | Trouble => {
  if (origin === undefined) return {}
  try {
    return { origin: Name.fromText(`${origin.replace(/\.$/, "")}.`) }
  } catch (cause) {
    return new Trouble({
      isMisuse: true,
      what: `--origin "${excerpt(origin)}" is not a name`,
      hint: "such as example.org",
      cause
    })
  }
}
