/**
 * The one entity type of the strategy, and its messages.
 *
 * `Run` is volatile: a batch of tasks, whose answers stream back as they come. The engine sends a volatile message
 * again, to another runner, when the connection to the first one breaks; it then holds only what still waits for an
 * answer (see `Parcel.ts`). A batch with tasks that must not run twice waits for `Start` before it starts them, and the
 * submitter gives that permission once in a batch's life.
 *
 * `RunDurable` is persisted: the engine keeps the batch in its storage until it is answered, and gives it to another
 * runner when one dies. What must not run twice is entered in a journal first, and so is what was given up (see
 * `Journal.ts`).
 *
 * `Cancel` names tasks of either that their submitter gave up.
 */
import * as ClusterSchema from "effect/cluster/ClusterSchema"
import * as Entity from "effect/cluster/Entity"
import type * as EntityAddress from "effect/cluster/EntityAddress"
import * as Envelope from "effect/cluster/Envelope"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import * as Parcel from "./Parcel.ts"

/** Whose batch it is. */
const batch = {
  /** The submitter's name: task and batch numbers are unique within it. */
  submitter: Schema.String,
  batch: Schema.Int
}

/** Packed answers. */
const answers = { octets: Schema.Uint8Array }

const Run = Rpc.make("Run", {
  payload: { ...batch, tasks: Parcel.schema },
  /** A chunk with `ready` and no answers asks for `Start` under that token. */
  success: Schema.Struct({ ...answers, ready: Schema.optionalKey(Schema.String) }),
  stream: true
})

/** Starts the named ones of the tasks that wait under the token, and drops the others. False: nothing waits under it. */
const Start = Rpc.make("Start", {
  payload: { token: Schema.String, tasks: Schema.Array(Schema.Int) },
  success: Schema.Boolean
})

/** Names a batch within its entity. */
const nameOf = (payload: { readonly submitter: string; readonly batch: number }): string =>
  `${payload.submitter}/${payload.batch}`

const RunDurable = Rpc.make("RunDurable", {
  payload: { ...batch, tasks: Parcel.schema },
  primaryKey: nameOf,
  success: Schema.Struct(answers)
}).annotate(ClusterSchema.Persisted, true)

const Cancel = Rpc.make("Cancel", {
  payload: { ...batch, isDurable: Schema.Boolean, tasks: Schema.Array(Schema.Int) }
})

/** The submitter has the answer of a durable batch; what is stored of it can go. */
const Forget = Rpc.make("Forget", { payload: batch })

export const TaskEntity = Entity.make("HandoffTasks", [Run, Start, RunDurable, Cancel, Forget])

/** Names a durable batch in the engine's storage and in the journal. */
export const keyOf = (
  address: EntityAddress.EntityAddress,
  payload: { readonly submitter: string; readonly batch: number }
): string => Envelope.primaryKeyByAddress({ address, tag: "RunDurable", id: nameOf(payload) })
