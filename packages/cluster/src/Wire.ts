/**
 * What passes between submitter and runner: batches of tasks one way, batches of answers the other, as octets.
 *
 * Tasks and outcomes are encoded with their kind's codecs to plain data and packed with V8's structured serialisation:
 * octets stay octets, and whatever a `Call`'s arguments may hold (maps, dates, typed arrays) arrives as it was.
 */
import type { Task } from "@handoff/core"
import { ExecutorError, isExecutorError, Unsupported } from "@handoff/core"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { deserialize, serialize } from "node:v8"

/** A task class, as `Task.make` makes it. */
export interface TaskClass extends Task.Definition {
  new (payload: any): Task.Any
}

/** A task on its way: its number at the submitter, its kind and its encoded payload. */
export type TaskFrame = readonly [id: number, kind: string, payload: unknown]

/** An answer on its way. `A` success, `E` the task's failure, `X` an executor's error, `D` a defect's message. */
export type AnswerFrame = readonly [id: number, how: "A" | "E" | "X" | "D", value: unknown]

export const pack = (frames: ReadonlyArray<TaskFrame> | ReadonlyArray<AnswerFrame>): Uint8Array => serialize(frames)

export const unpackTasks = (octets: Uint8Array): ReadonlyArray<TaskFrame> => deserialize(octets) as Array<TaskFrame>

export const unpackAnswers = (octets: Uint8Array): ReadonlyArray<AnswerFrame> =>
  deserialize(octets) as Array<AnswerFrame>

interface KindCodec {
  readonly definition: TaskClass
  readonly encodePayload: (task: any) => unknown
  readonly decodePayload: (encoded: any) => any
  readonly encodeSuccess: (value: any) => unknown
  readonly decodeSuccess: (encoded: any) => any
  readonly encodeFailure: (error: any) => unknown
  readonly decodeFailure: (encoded: any) => any
}

const encodeExecutorError = Schema.encodeSync(ExecutorError)
const decodeExecutorError = Schema.decodeUnknownSync(ExecutorError)

/** The codecs of the kinds that a cluster speaks. Both sides are given the same task classes. */
export class Codec {
  readonly kinds: ReadonlyMap<string, KindCodec>

  constructor(definitions: ReadonlyArray<TaskClass>) {
    this.kinds = new Map(
      definitions.map((definition) => [
        definition.kind,
        {
          definition,
          encodePayload: Schema.encodeSync(definition.payload),
          decodePayload: Schema.decodeUnknownSync(definition.payload),
          encodeSuccess: Schema.encodeSync(definition.success),
          decodeSuccess: Schema.decodeUnknownSync(definition.success),
          encodeFailure: Schema.encodeSync(definition.failure),
          decodeFailure: Schema.decodeUnknownSync(definition.failure)
        }
      ])
    )
  }

  /** Throws where the payload is not what its schema says: the submitter's fault, answered as a defect there. */
  encodeTask(id: number, task: Task.Any): TaskFrame {
    return [id, task._tag, this.kinds.get(task._tag)!.encodePayload(task)]
  }

  /** The task, or the answer where this side does not speak its kind. */
  decodeTask(frame: TaskFrame, runner: string): Task.Any | AnswerFrame {
    const [id, kind, payload] = frame
    const codec = this.kinds.get(kind)
    if (codec === undefined) {
      const error = new Unsupported({
        executor: runner,
        kind,
        supportedBy: [],
        detail: "the runner was started without this kind"
      })
      return [id, "X", encodeExecutorError(error)]
    }
    try {
      return new codec.definition(codec.decodePayload(payload))
    } catch (error) {
      return [id, "D", `${kind} cannot be read on the runner: ${String(error)}`]
    }
  }

  encodeAnswer(id: number, kind: string, exit: Exit.Exit<unknown, unknown>): AnswerFrame {
    const codec = this.kinds.get(kind)!
    try {
      if (Exit.isSuccess(exit)) return [id, "A", codec.encodeSuccess(exit.value)]
      const error = exit.cause.reasons.find((reason) => reason._tag === "Fail")?.error
      if (isExecutorError(error)) return [id, "X", encodeExecutorError(error)]
      if (error !== undefined) return [id, "E", codec.encodeFailure(error)]
      return [id, "D", Cause.pretty(exit.cause)]
    } catch (error) {
      return [id, "D", `the outcome of ${kind} cannot be sent: ${String(error)}`]
    }
  }

  decodeAnswer(frame: AnswerFrame, kind: string): Exit.Exit<unknown, unknown> {
    const codec = this.kinds.get(kind)!
    const [, how, value] = frame
    try {
      switch (how) {
        case "A":
          return Exit.succeed(codec.decodeSuccess(value))
        case "E":
          return Exit.fail(codec.decodeFailure(value))
        case "X":
          return Exit.fail(decodeExecutorError(value))
        case "D":
          return Exit.die(new Error(String(value)))
      }
    } catch (error) {
      return Exit.die(new Error(`the outcome of ${kind} cannot be read`, { cause: error }))
    }
  }
}
