/**
 * A kind of task of this command's own: to find out what a port says of itself in its own protocol, over as many rounds
 * as that takes. What can run it is in `onLoop` and `onThread`.
 */
import { ExchangeError, Task } from "@handoff/core"
import * as Schema from "effect/Schema"
import { protocols, type Inspected } from "./Inspected.ts"

const Answer = Schema.Unknown as unknown as Schema.Codec<Inspected, unknown>

/** Fails as an `Exchange` does where nothing could be learned; what was learned until something broke is a success. */
export class Inspect extends Task.make("Inspect", {
  payload: {
    address: Schema.String,
    port: Schema.Int,
    protocol: Schema.Literals(protocols),
    serverName: Schema.optionalKey(Schema.String),
    /** Milliseconds for the connection, the handshake, and each silence. */
    timeout: Schema.Number,
    /** Authorities to trust instead of Node's, in PEM. */
    ca: Schema.optionalKey(Schema.String)
  },
  success: Answer,
  failure: ExchangeError,
  // Whoever is asked twice says the same twice.
  repeatable: true
}) {}
