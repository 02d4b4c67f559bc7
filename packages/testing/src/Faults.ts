/**
 * Executors that break their promises, each in one way. They show that the contract catches what it is there to catch,
 * and what an app does when a strategy goes wrong.
 *
 * Every fault is a function from executor to executor. Where it strikes at random, the seed decides.
 */
import type { Executor, Task } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "./Random.ts"

/** Breaks one promise of an executor. */
export type Fault = <T extends Task.Any>(inner: Executor.Executor<T>) => Executor.Executor<T>

type Submit = Executor.Executor<any>["submitUnsafe"]

const change =
  (submit: (inner: Executor.Executor<any>) => Submit): Fault =>
  (inner) => {
    const submitUnsafe = submit(inner)
    return {
      ...inner,
      submitUnsafe,
      run: (task) =>
        Effect.callback<any, any>((resume) => {
          const cancel = submitUnsafe(task, resume)
          return Effect.sync(cancel)
        })
    }
  }

/** Dies after so many tasks: nothing is answered any more, not even what it had. */
export const dies = (options: { readonly after: number }): Fault =>
  change((inner) => {
    let taken = 0
    return (task, onExit, context, watch) => {
      taken++
      return inner.submitUnsafe(task, (exit) => (taken <= options.after ? onExit(exit) : undefined), context, watch)
    }
  })

/** Forgets one answer in `every`. */
export const stalls = (options: { readonly every: number; readonly seed: number }): Fault =>
  change((inner) => {
    const random = Random.make(options.seed)
    return (task, onExit, context, watch) => {
      const forgets = random.below(options.every) === 0
      return inner.submitUnsafe(task, (exit) => (forgets ? undefined : onExit(exit)), context, watch)
    }
  })

/** Answers what was cancelled, a little later. */
export const answersAfterCancel: Fault = change((inner) => (task, onExit, context, watch) => {
  const cancel = inner.submitUnsafe(task, onExit, context, watch)
  return () => {
    cancel()
    queueMicrotask(() => onExit(Exit.die("an answer after the cancel")))
  }
})

/** Answers one task in `every` twice. */
export const answersTwice = (options: { readonly every: number; readonly seed: number }): Fault =>
  change((inner) => {
    const random = Random.make(options.seed)
    return (task, onExit, context, watch) => {
      const again = random.below(options.every) === 0
      return inner.submitUnsafe(
        task,
        (exit) => {
          onExit(exit)
          if (again) queueMicrotask(() => onExit(exit))
        },
        context,
        watch
      )
    }
  })

/** Gives a task the answer of the one before. */
export const mixesUp: Fault = change((inner) => {
  let last: Exit.Exit<any, any> | undefined
  return (task, onExit, context, watch) =>
    inner.submitUnsafe(
      task,
      (exit) => {
        const answer = last ?? exit
        last = exit
        onExit(answer)
      },
      context,
      watch
    )
})

/** Runs everything it is given one after the other, although it says nothing of it. */
export const blocksBehindTheFirst: Fault = change((inner) => {
  let last: Promise<void> = Promise.resolve()
  return (task, onExit, context, watch) => {
    let cancel: Executor.Cancel | undefined
    let isCancelled = false
    const before = last
    last = before.then(
      () =>
        new Promise((resolve) => {
          if (isCancelled) return resolve()
          const inside = inner.submitUnsafe(
            task,
            (exit) => {
              onExit(exit)
              resolve()
            },
            context,
            watch
          )
          cancel = () => {
            inside()
            resolve()
          }
        })
    )
    return () => {
      isCancelled = true
      cancel?.()
    }
  }
})

/** Turns its own failures into defects. */
export const losesTypes: Fault = change(
  (inner) => (task, onExit, context, watch) =>
    inner.submitUnsafe(
      task,
      (exit) => onExit(exit._tag === "Failure" ? Exit.die(new Error(String(exit.cause))) : exit),
      context,
      watch
    )
)

/** Says that it supports every kind. */
export const claimsEverything: Fault = (inner) => ({ ...inner, supports: () => true })

/** Throws instead of answering one task in `every`. */
export const throws = (options: { readonly every: number; readonly seed: number }): Fault =>
  change((inner) => {
    const random = Random.make(options.seed)
    return (task, onExit, context, watch) => {
      if (random.below(options.every) === 0) throw new Error("submitUnsafe never throws")
      return inner.submitUnsafe(task, onExit, context, watch)
    }
  })

/** Never counts a task as ended. */
export const countsUp: Fault = (inner) => {
  let taken = 0
  const counting = change((inner) => (task, onExit, context, watch) => {
    taken++
    return inner.submitUnsafe(task, onExit, context, watch)
  })(inner)
  return { ...counting, stats: Effect.map(inner.stats, (stats) => ({ ...stats, running: taken })) }
}

/** Cancels nothing: what was given up runs on, silently. */
export const ignoresCancel: Fault = change((inner) => (task, onExit, context, watch) => {
  let isCancelled = false
  inner.submitUnsafe(task, (exit) => (isCancelled ? undefined : onExit(exit)), context, watch)
  return () => {
    isCancelled = true
  }
})

/** Keeps quiet when it is closed: who waits, waits for ever. */
export const closesSilently: Fault = change(
  (inner) => (task, onExit, context, watch) =>
    inner.submitUnsafe(
      task,
      (exit) => {
        if (!isClosed(exit)) onExit(exit)
      },
      context,
      watch
    )
)

const isClosed = (exit: Exit.Exit<any, any>): boolean =>
  exit._tag === "Failure" &&
  exit.cause.reasons.some(
    (reason) => reason._tag === "Fail" && (reason.error?.how === "closed" || reason.error?.reason === "closed")
  )
