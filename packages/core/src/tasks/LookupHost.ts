import * as Schema from "effect/Schema"
import * as Task from "../Task.ts"
import { LookupError } from "./LookupError.ts"

/**
 * A name to its addresses: what `gethostbyname` was for.
 *
 * `name` is as the user wrote it; `family` restricts the answer. Succeeds with at least one address, in the order in
 * which they should be tried; a name without addresses fails with `NotFound`.
 */
export class LookupHost extends Task.make("LookupHost", {
  payload: { name: Schema.String, family: Schema.optionalKey(Schema.Literals(["IPv4", "IPv6"])) },
  success: Schema.NonEmptyArray(Schema.IpAddressFromString),
  failure: LookupError,
  repeatable: true
}) {}
