import { Task } from "@handoff/core"
import * as Schema from "effect/Schema"

/** A file that is waited for before all else. */
const until = Schema.optionalKey(Schema.String)

/** Waits and answers with its number, and the process that ran it. */
export class Wait extends Task.make("Wait", {
  payload: { n: Schema.Int, milliseconds: Schema.Number, until },
  success: Schema.Struct({ n: Schema.Int, pid: Schema.Int }),
  repeatable: true
}) {}

/** As `Wait`, but must not run twice; notes each run in a file. */
export class WaitOnce extends Task.make("WaitOnce", {
  payload: { n: Schema.Int, milliseconds: Schema.Number, file: Schema.String, until },
  success: Schema.Struct({ n: Schema.Int, pid: Schema.Int })
}) {}
