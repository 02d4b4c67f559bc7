/**
 * The runner's side: the entity's handlers, which feed a local executor and send answers back as they come, what finishes
 * close together in one chunk.
 *
 * Interrupting a request (its submitter gave up, or went away) cancels its tasks on the local executor.
 */
import type { Executor } from "@handoff/core"
import { Lost } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type * as Sharding from "effect/cluster/Sharding"
import { Feed } from "./Feed.ts"
import { Journal } from "./Journal.ts"
import { limits } from "./limits.ts"
import { TaskEntity } from "./TaskEntity.ts"
import { type AnswerFrame, Codec, pack, type TaskClass, type TaskFrame, unpackTasks } from "./Wire.ts"

export interface Options {
  /** The kinds this runner runs; each must be supported by the executor. */
  readonly kinds: ReadonlyArray<TaskClass>
  /** The local executor: threads, reactor, dns, a router of them, or `Direct` handlers. */
  readonly executor: Executor.Executor<any>
  /** Tasks handed to it at once; see `limits.runnerConcurrency`. */
  readonly concurrency?: number
}

interface Chunk {
  readonly octets: Uint8Array
  readonly ready?: string
}

const nothing = new Uint8Array(0)

/** Registers the entity on this runner. */
export const layer = (options: Options): Layer.Layer<never, never, Sharding.Sharding | Journal> => {
  const codec = new Codec(options.kinds)
  const feed = new Feed(options.executor, options.concurrency ?? limits.runnerConcurrency.default)
  const name = options.executor.name

  return TaskEntity.toLayer(
    Effect.gen(function* () {
      const journal = yield* Journal
      /** What is under way here, by `submitter/task`. */
      const cancels = new Map<string, () => void>()
      /** Batches that wait for permission to start, by token. */
      const waiting = new Map<string, () => void>()

      /** Runs one task and answers with its frame; `cancels` knows it meanwhile. */
      const runOne = (submitter: string, frame: TaskFrame, answer: (frame: AnswerFrame | undefined) => void): void => {
        const key = `${submitter}/${frame[0]}`
        const task = codec.decodeTask(frame, name)
        if (Array.isArray(task)) return answer(task as unknown as AnswerFrame)
        let isOver = false
        const cancel = feed.submit(task as never, (exit) => {
          isOver = true
          cancels.delete(key)
          answer(codec.encodeAnswer(frame[0], frame[1], exit))
        })
        if (isOver) return
        cancels.set(key, () => {
          cancels.delete(key)
          cancel()
          answer(undefined)
        })
      }

      const giveUp = (submitter: string, frames: ReadonlyArray<TaskFrame>) => {
        for (const [id] of frames) cancels.get(`${submitter}/${id}`)?.()
      }

      return TaskEntity.of({
        Run: ({ payload }) =>
          Stream.callback<Chunk>((queue) =>
            Effect.gen(function* () {
              const frames = unpackTasks(payload.octets)
              let left = frames.length
              let finished: Array<AnswerFrame> = []
              let timer: NodeJS.Timeout | undefined
              const flush = () => {
                clearTimeout(timer)
                timer = undefined
                if (finished.length > 0) Queue.offerUnsafe(queue, { octets: pack(finished) })
                finished = []
                if (left === 0) Queue.endUnsafe(queue)
              }
              const answer = (frame: AnswerFrame | undefined) => {
                left--
                if (frame !== undefined) finished.push(frame)
                // The engine has every chunk acknowledged; answers that come close together share one.
                if (left === 0) flush()
                else timer ??= setTimeout(flush, limits.answerPause.default)
              }
              const once = frames.filter(([, kind]) => codec.kinds.get(kind)?.definition.repeatable === false)
              for (const frame of frames) if (!once.includes(frame)) runOne(payload.submitter, frame, answer)
              let token: string | undefined
              if (once.length > 0) {
                token = crypto.randomUUID()
                let pending = once
                // Until permission comes they can be cancelled like all others.
                for (const frame of once) {
                  const key = `${payload.submitter}/${frame[0]}`
                  cancels.set(key, () => {
                    cancels.delete(key)
                    pending = pending.filter((one) => one !== frame)
                    answer(undefined)
                  })
                }
                waiting.set(token, () => {
                  for (const frame of pending) {
                    cancels.delete(`${payload.submitter}/${frame[0]}`)
                    runOne(payload.submitter, frame, answer)
                  }
                })
                Queue.offerUnsafe(queue, { octets: nothing, ready: token })
              }
              yield* Effect.addFinalizer(() =>
                Effect.sync(() => {
                  clearTimeout(timer)
                  if (token !== undefined) waiting.delete(token)
                  giveUp(payload.submitter, frames)
                })
              )
            })
          ),

        Start: ({ payload }) =>
          Effect.sync(() => {
            const start = waiting.get(payload.token)
            waiting.delete(payload.token)
            start?.()
            return start !== undefined
          }),

        RunDurable: ({ payload }) =>
          Effect.gen(function* () {
            const frames = unpackTasks(payload.octets)
            const once = frames.filter(([, kind]) => codec.kinds.get(kind)?.definition.repeatable === false)
            const before =
              once.length === 0
                ? new Set<number>()
                : yield* journal.enter(
                    `${payload.submitter}/${payload.batch}`,
                    once.map(([id]) => id)
                  )
            return yield* Effect.callback<{ readonly octets: Uint8Array }>((resume) => {
              const answers: Array<AnswerFrame> = []
              let left = frames.length
              const answer = (frame: AnswerFrame | undefined) => {
                left--
                if (frame !== undefined) answers.push(frame)
                if (left === 0) resume(Effect.succeed({ octets: pack(answers) }))
              }
              for (const frame of frames) {
                const [id, kind] = frame
                if (before.has(id)) {
                  const lost = new Lost({ executor: name, kind, how: "peer", detail: "its runner died in the middle" })
                  answer(codec.encodeAnswer(id, kind, Exit.fail(lost)))
                } else runOne(payload.submitter, frame, answer)
              }
              return Effect.sync(() => giveUp(payload.submitter, frames))
            })
          }),

        Cancel: ({ payload }) =>
          Effect.sync(() => {
            for (const id of payload.tasks) cancels.get(`${payload.submitter}/${id}`)?.()
          }),

        Forget: ({ payload }) => journal.forget(`${payload.submitter}/${payload.batch}`)
      })
    }),
    {
      // Requests of one partition run side by side; what must be in order is the local executor's business (keys).
      concurrency: "unbounded",
      disableFatalDefects: true
    }
  )
}
