/**
 * The one entity type of the strategy, and its messages.
 *
 * `Run` is volatile: a batch of tasks, whose answers stream back as they come. The engine sends a volatile message
 * again, to another runner, when the connection to the first one breaks; so a batch with tasks that must not run twice
 * waits for `Start` before it starts them, and the submitter gives that permission once in a batch's life.
 *
 * `RunDurable` is persisted: the engine keeps the batch in its storage until it is answered, and gives it to another
 * runner when one dies. What must not run twice is entered in a journal first (see `Journal.ts`).
 *
 * `Cancel` names tasks of either that their submitter gave up.
 */
import * as ClusterSchema from "effect/cluster/ClusterSchema"
import * as Entity from "effect/cluster/Entity"
import * as Rpc from "effect/rpc/Rpc"
import * as Schema from "effect/Schema"

/** Packed tasks (`Wire.pack`), and whose they are. */
const batch = {
  /** The submitter's name: task numbers are unique within it. */
  submitter: Schema.String,
  /** The batch's number at the submitter. */
  batch: Schema.Int,
  octets: Schema.Uint8Array
}

/** Packed answers. */
const answers = { octets: Schema.Uint8Array }

export const Run = Rpc.make("Run", {
  payload: batch,
  /** A chunk with `ready` and no answers asks for `Start` under that token. */
  success: Schema.Struct({ ...answers, ready: Schema.optionalKey(Schema.String) }),
  stream: true
})

export const Start = Rpc.make("Start", { payload: { token: Schema.String }, success: Schema.Boolean })

export const RunDurable = Rpc.make("RunDurable", {
  payload: batch,
  primaryKey: (payload) => `${payload.submitter}/${payload.batch}`,
  success: Schema.Struct(answers)
}).annotate(ClusterSchema.Persisted, true)

export const Cancel = Rpc.make("Cancel", { payload: { submitter: Schema.String, tasks: Schema.Array(Schema.Int) } })

/** The submitter has the answer of a durable batch; its journal entries can go. */
export const Forget = Rpc.make("Forget", { payload: { submitter: Schema.String, batch: Schema.Int } })

export const TaskEntity = Entity.make("HandoffTasks", [Run, Start, RunDurable, Cancel, Forget])
