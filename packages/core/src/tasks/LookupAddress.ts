import * as Schema from "effect/Schema"
import * as Task from "../Task.ts"
import { LookupError } from "./LookupError.ts"

/**
 * An address to its names: what `gethostbyaddr` was for. Succeeds with at least one name, without a trailing dot, the
 * canonical one first; an address without names fails with `NotFound`.
 */
export class LookupAddress extends Task.make("LookupAddress", {
  payload: { address: Schema.IpAddressFromString },
  success: Schema.NonEmptyArray(Schema.String),
  failure: LookupError,
  repeatable: true
}) {}
