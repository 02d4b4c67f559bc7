import type { Runner } from "@handoff/cluster"
import { Call, Exchange, LookupAddress, LookupHost, QueryRecords } from "@handoff/core"
import { Inspect } from "../inspect/Inspect.ts"

/** What members of a cluster speak; all of them the same. */
export const kinds = [LookupHost, LookupAddress, QueryRecords, Exchange, Call, Inspect] as Runner.Options["kinds"] &
  ReadonlyArray<any>
