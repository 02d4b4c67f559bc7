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
import * as Entity from "effect/cluster/Entity"
import type * as Sharding from "effect/cluster/Sharding"
import { Feed } from "./Feed.ts"
import { Journal } from "./Journal.ts"
import { limits } from "./limits.ts"
import { keyOf, TaskEntity } from "./TaskEntity.ts"
import { Underway } from "./Underway.ts"
import { type AnswerFrame, Codec, packAnswers, packWhole, type TaskClass, type TaskFrame, unpackTasks } from "./Wire.ts"

/** What a runner needs: the kinds that it takes, the local executor that runs them, and its bounds. */
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

  const isOnce = ([, kind]: TaskFrame): boolean => codec.kinds.get(kind)?.definition.repeatable === false

  return TaskEntity.toLayer(
    Effect.gen(function* () {
      const journal = yield* Journal
      const address = yield* Entity.CurrentAddress
      const underway = new Underway()
      /** Batches that wait for permission to start, by token. */
      const waiting = new Map<string, (tasks: ReadonlySet<number>) => void>()
      /** Batches that came and have not begun, by key: what is given up of them meanwhile. */
      const opening = new Map<string, Set<number>>()
      /** What was given up of durable batches, until the journal has it: the batch itself may come later than that. */
      const early = new Map<string, Set<number>>()

      /** A batch has come; returns what is given up of it until it begins. */
      const open = (key: string): ReadonlySet<number> => {
        const givenUp = new Set(early.get(key))
        opening.set(key, givenUp)
        return givenUp
      }

      /** Runs one task and answers with its frame; `underway` knows it meanwhile. */
      const runOne = (submitter: string, frame: TaskFrame, answer: (frame: AnswerFrame | undefined) => void): void => {
        const [id, kind] = frame
        const task = codec.decodeTask(frame, name)
        if (Array.isArray(task)) return answer(task as unknown as AnswerFrame)
        let isOver = false
        const cancel = feed.submit(task as never, (exit) => {
          isOver = true
          underway.ended(submitter, id)
          answer(codec.encodeAnswer(id, kind, exit))
        })
        if (isOver) return
        underway.began(submitter, id, () => {
          cancel()
          answer(undefined)
        })
      }

      const giveUp = (submitter: string, frames: ReadonlyArray<TaskFrame>) => {
        for (const [id] of frames) underway.giveUp(submitter, id)
      }

      return TaskEntity.of({
        Run: ({ payload }) => {
          const { submitter } = payload
          const key = keyOf(address, payload)
          const givenUp = open(key)
          return Stream.callback<Chunk>((queue) =>
            Effect.gen(function* () {
              opening.delete(key)
              const frames = unpackTasks(payload.tasks.octets())
              const wanted = frames.filter(([id]) => !givenUp.has(id))
              let left = wanted.length
              let finished: Array<AnswerFrame> = []
              let timer: NodeJS.Timeout | undefined
              const flush = () => {
                clearTimeout(timer)
                timer = undefined
                if (finished.length > 0) {
                  for (const octets of packAnswers(finished, limits.messageOctets.max)) {
                    Queue.offerUnsafe(queue, { octets })
                  }
                }
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
              if (left === 0) flush()
              const once = wanted.filter(isOnce)
              for (const frame of wanted) if (!isOnce(frame)) runOne(submitter, frame, answer)
              let token: string | undefined
              if (once.length > 0) {
                token = crypto.randomUUID()
                const pending = new Map(once.map((frame) => [frame[0], frame]))
                // Until permission comes they can be cancelled like all others.
                for (const [id] of once) {
                  underway.began(submitter, id, () => {
                    pending.delete(id)
                    answer(undefined)
                  })
                }
                waiting.set(token, (tasks) => {
                  for (const [id, frame] of pending) {
                    if (!tasks.has(id)) underway.giveUp(submitter, id)
                    else {
                      underway.ended(submitter, id)
                      runOne(submitter, frame, answer)
                    }
                  }
                })
                Queue.offerUnsafe(queue, { octets: nothing, ready: token })
              }
              yield* Effect.addFinalizer(() =>
                Effect.sync(() => {
                  clearTimeout(timer)
                  if (token !== undefined) waiting.delete(token)
                  giveUp(submitter, frames)
                })
              )
            })
          )
        },

        Start: ({ payload }) =>
          Effect.sync(() => {
            const start = waiting.get(payload.token)
            waiting.delete(payload.token)
            start?.(new Set(payload.tasks))
            return start !== undefined
          }),

        RunDurable: ({ payload }) => {
          const { submitter } = payload
          const key = keyOf(address, payload)
          const givenUp = open(key)
          return Effect.gen(function* () {
            const frames = unpackTasks(payload.tasks.octets())
            const before = yield* journal.enter(
              key,
              frames.filter(isOnce).map(([id]) => id)
            )
            return yield* Effect.callback<{ readonly octets: Uint8Array }>((resume) => {
              opening.delete(key)
              const answers: Array<AnswerFrame> = []
              let left = frames.length
              const answer = (frame: AnswerFrame | undefined) => {
                left--
                if (frame !== undefined) answers.push(frame)
                if (left === 0) resume(Effect.succeed({ octets: packWhole(answers, limits.messageOctets.max) }))
              }
              for (const frame of frames) {
                const [id, kind] = frame
                if (givenUp.has(id) || before.givenUp.has(id)) answer(undefined)
                else if (before.begun.has(id)) {
                  const lost = new Lost({ executor: name, kind, how: "peer", detail: "its runner died in the middle" })
                  answer(codec.encodeAnswer(id, kind, Exit.fail(lost)))
                } else runOne(submitter, frame, answer)
              }
              return Effect.sync(() => giveUp(submitter, frames))
            })
          }).pipe(Effect.ensuring(Effect.sync(() => opening.delete(key))))
        },

        Cancel: ({ payload }) => {
          const { isDurable, submitter, tasks } = payload
          const key = keyOf(address, payload)
          for (const id of tasks) {
            underway.giveUp(submitter, id)
            opening.get(key)?.add(id)
          }
          if (!isDurable) return Effect.void
          const known = early.get(key) ?? new Set()
          early.set(key, known)
          for (const id of tasks) known.add(id)
          const entered = Effect.sync(() => {
            for (const id of tasks) known.delete(id)
            if (known.size === 0) early.delete(key)
          })
          return Effect.ensuring(journal.giveUp(key, tasks), entered)
        },

        Forget: ({ payload }) => journal.forget(keyOf(address, payload))
      })
    }),
    {
      // Requests of one partition run side by side; what must be in order is the local executor's business (keys).
      concurrency: "unbounded",
      disableFatalDefects: true
    }
  )
}
