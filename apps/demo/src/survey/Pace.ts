/**
 * Starts hosts only as fast as the event loop bears it. A thousand that begin at once would each be quick, and together
 * hold everything else up for as long as they all take: their answers come at once, too, and their memory is all in use.
 *
 * What a host costs is measured: the time that the loop was busy, divided by the hosts that ended. One begins each time
 * that the loop has had the time for one. A host that mostly waits costs the loop next to nothing, so that as many of
 * those are in work at once as is wanted; of hosts that mean work, as many as the loop can serve. Tasks of hosts that
 * have begun stand in a line as well, before every host, and each turn of the loop takes from it what fits beside what
 * the turn had to do anyway.
 */
import * as Effect from "effect/Effect"
import { performance } from "node:perf_hooks"
import * as limits from "./limits.ts"

export interface Pace {
  /** Surveys a host once it may begin; interrupting it leaves the line. */
  readonly host: <A, E, R>(survey: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Waits until a task of a host that has begun may start. */
  readonly task: Effect.Effect<void>
}

/** What drives a pace: the event loop, or a test's. */
export interface Loop {
  /** Calls back once, in the next turn. */
  readonly next: (act: () => void) => void
  /** Calls back once, after so many milliseconds. */
  readonly after: (milliseconds: number, act: () => void) => void
  /** Milliseconds since some moment. */
  readonly now: () => number
  /** Of these, those for which something ran, instead of waiting for events. */
  readonly active: () => number
}

const node: Loop = {
  next: (act) => void setImmediate(act),
  after: (milliseconds, act) => void setTimeout(act, milliseconds),
  now: () => performance.now(),
  active: () => performance.eventLoopUtilization().active
}

type Line = Set<() => void>

export const make = (loop: Loop = node): Pace => {
  const { hostMilliseconds, measured, share, turn } = limits.pace
  const hosts: Line = new Set()
  const tasks: Line = new Set()
  let isComing = false
  /** Time that the loop had been active when this turn was asked for. */
  let before = 0
  /** Milliseconds that a host costs the loop, as far as is known. */
  let cost: number = hostMilliseconds
  /** When the next host may begin. */
  let due = 0
  let ended = 0
  let since = loop.active()

  const come = (): void => {
    isComing = true
    before = loop.active()
    const wait = tasks.size > 0 ? 0 : due - loop.now()
    if (wait > 0) loop.after(wait, go)
    else loop.next(go)
  }
  const go = (): void => {
    const began = loop.active()
    const now = loop.now()
    // A loop that was held up does not make up for it by many at once.
    due = Math.max(due, now - turn.starting)
    const room = began - before < turn.busy ? turn.starting : 0
    // One at least: whatever else keeps the loop busy does not stop the survey.
    do {
      const line = tasks.size > 0 ? tasks : due <= now ? hosts : nobody
      const [start] = line
      if (start === undefined) break
      if (line === hosts) due += cost / share
      line.delete(start)
      start()
    } while (loop.active() - began < room)
    isComing = false
    if (tasks.size + hosts.size > 0) come()
  }
  const wait = (line: Line): Effect.Effect<void> =>
    Effect.callback<void>((resume) => {
      const start = () => resume(Effect.void)
      line.add(start)
      if (!isComing) come()
      return Effect.sync(() => void line.delete(start))
    })
  const end = Effect.sync(() => {
    if (++ended < measured) return
    const active = loop.active()
    cost = (cost + (active - since) / ended) / 2
    since = active
    ended = 0
  })
  return { host: (survey) => Effect.andThen(wait(hosts), Effect.ensuring(survey, end)), task: wait(tasks) }
}

const nobody: Line = new Set()

/** No pace at all: whoever comes begins at once. */
export const none: Pace = { host: (survey) => survey, task: Effect.void }
