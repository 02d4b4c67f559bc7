import type { Call } from "./Call.ts"
import type { Exchange } from "./Exchange.ts"
import type { LookupAddress } from "./LookupAddress.ts"
import type { LookupHost } from "./LookupHost.ts"
import type { QueryRecords } from "./QueryRecords.ts"

/** The kinds that more than one strategy speaks. */
export type Shared = LookupHost | LookupAddress | QueryRecords | Exchange | Call<any>
