/**
 * What passes between submitter and runner: batches of tasks one way, batches of answers the other, as octets.
 *
 * Tasks and outcomes are encoded with their kind's codecs to plain data and packed with V8's structured serialisation:
 * octets stay octets, and whatever a `Call`'s arguments may hold (maps, dates, typed arrays) arrives as it was.
 */
import type { Task } from "@handoff/core"
import { ExecutorError, isExecutorError, Unsupported } from "@handoff/core"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { deserialize, serialize } from "node:v8"
import * as Columns from "./Columns.ts"

/** A task class, as `Task.make` makes it. */
export interface TaskClass extends Task.Definition {
  new (payload: any): Task.Any
}

/** A task on its way: its number at the submitter, its kind and its encoded payload. */
export type TaskFrame = readonly [id: number, kind: string, payload: unknown]

/** An answer on its way. `A` success, `E` the task's failure, `X` an executor's error, `D` a defect's message. */
export type AnswerFrame = readonly [id: number, how: "A" | "E" | "X" | "D", value: unknown]

/** Frames as they are packed: their columns, so that what they have in common is written once. */
type Packed = readonly [ids: ReadonlyArray<number>, words: string | ReadonlyArray<string>, values: Columns.Columns]

export const pack = (frames: ReadonlyArray<TaskFrame> | ReadonlyArray<AnswerFrame>): Uint8Array => {
  const words = frames.map(([, word]): string => word)
  const isOneWord = words.length > 0 && words.every((word) => word === words[0])
  const packed: Packed = [
    frames.map(([id]) => id),
    isOneWord ? words[0]! : words,
    Columns.of(frames.map(([, , value]) => value))
  ]
  return serialize(packed)
}

const unpack = (octets: Uint8Array): ReadonlyArray<readonly [number, string, unknown]> => {
  const [ids, words, packed] = deserialize(octets) as Packed
  const values = Columns.toArray(packed)
  return ids.map((id, i) => [id, typeof words === "string" ? words : words[i]!, values[i]])
}

/**
 * Answers as messages of at most so many octets each. An answer that cannot be packed, or that is too large by itself,
 * is sent as a defect instead: the others must not suffer for it.
 */
export const packAnswers = (frames: ReadonlyArray<AnswerFrame>, limit: number): ReadonlyArray<Uint8Array> => {
  let why: string
  try {
    const octets = pack(frames)
    if (octets.length <= limit) return [octets]
    why = `${octets.length} octets, of at most ${limit}; leave what is large where both sides can read it`
  } catch (error) {
    why = `${messageOf(error)}; let its success schema encode it to plain data`
  }
  if (frames.length > 1) {
    const middle = frames.length >> 1
    return [...packAnswers(frames.slice(0, middle), limit), ...packAnswers(frames.slice(middle), limit)]
  }
  return [pack([[frames[0]![0], "D", `its outcome cannot be sent: ${why}`]])]
}

/** Answers as one message of at most so many octets: where it would be larger, the largest answers become defects. */
export const packWhole = (frames: ReadonlyArray<AnswerFrame>, limit: number): Uint8Array => {
  const parts = packAnswers(frames, limit)
  if (parts.length === 1) return parts[0]!
  const sized = frames.map((frame) => packAnswers([frame], limit)[0]!).toSorted((a, b) => a.length - b.length)
  const kept: Array<AnswerFrame> = []
  let octets = 0
  for (const one of sized) {
    octets += one.length
    const [frame] = unpackAnswers(one)
    const detail = `its outcome cannot be sent: with its neighbours' it is over ${limit} octets; leave what is large where both sides can read it`
    kept.push(octets <= limit ? frame! : [frame![0], "D", detail])
  }
  return pack(kept)
}

export const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\.$/, "")

/**
 * What a task died of on its runner, as a defect here: the task's own defect, or an outcome that cannot be sent or read.
 * It ran, and running it again would end the same.
 */
export class RemoteDefect extends Data.TaggedError("RemoteDefect")<{
  readonly kind: string
  readonly detail: string
  readonly cause?: unknown
}> {
  override get message(): string {
    return `${this.kind} died on its runner: ${this.detail}`
  }
}

export const unpackTasks = (octets: Uint8Array): ReadonlyArray<TaskFrame> => unpack(octets)

export const unpackAnswers = (octets: Uint8Array): ReadonlyArray<AnswerFrame> =>
  unpack(octets) as ReadonlyArray<AnswerFrame>

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
        detail: "the runner was started without this kind; start runners and submitters from the same code"
      })
      return [id, "X", encodeExecutorError(error)]
    }
    try {
      return new codec.definition(codec.decodePayload(payload))
    } catch (error) {
      // Nothing started, and this runner never will: what other code sends, other runners may read.
      const detail = `the runner cannot read it: ${messageOf(error)}; start runners and submitters from the same code`
      return [id, "X", encodeExecutorError(new Unsupported({ executor: runner, kind, supportedBy: [], detail }))]
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
      return [id, "D", `its outcome is not what its schema says: ${messageOf(error)}`]
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
          return Exit.die(new RemoteDefect({ kind, detail: String(value) }))
      }
    } catch (error) {
      const detail = `its outcome cannot be read here: ${messageOf(error)}; start runners and submitters from the same code`
      return Exit.die(new RemoteDefect({ kind, detail, cause: error }))
    }
  }
}
