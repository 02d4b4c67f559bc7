/** The survey that the server runs: at most one at a time, in a process of its own, and what it says. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as ChildProcess from "node:child_process"
import type * as strategies from "../strategies.ts"
import { Feed } from "./Feed.ts"
import * as limits from "./limits.ts"
import type { Order } from "./Order.ts"
import type { Command } from "./Session.ts"
import type { Event, Message, State } from "./shared/Event.ts"
import * as States from "./shared/State.ts"

export interface Surveyor {
  readonly feed: Feed
  readonly state: () => State
  readonly start: (order: Order) => Effect.Effect<void, Busy>
  readonly change: (choice: strategies.Choice) => Effect.Effect<void, Idle>
  readonly stop: Effect.Effect<void, Idle>
}

/** A survey runs already. */
export class Busy extends Schema.TaggedError<Busy>()("Busy", { title: Schema.String }) {
  override get message(): string {
    return `a survey runs already (${this.title}): stop it first, or wait for its end`
  }
}

/** No survey runs. */
export class Idle extends Schema.TaggedError<Idle>()("Idle", {}) {
  override get message(): string {
    return "no survey runs: it may have ended just now"
  }
}

export interface Options {
  readonly store: string
  /** The private namespaces that a lab gets, at most. */
  readonly private: "network" | "files" | "off"
}

/** Closing the scope stops the survey that runs. */
export const make = Effect.fnUntraced(function* (options: Options): Effect.fn.Return<Surveyor, never, Scope.Scope> {
  const feed = new Feed(limits.messagesKept)
  let state = States.idle
  let child: ChildProcess.ChildProcess | undefined
  let surveys = 0

  const tell = (message: Message): void => {
    state = States.step(state, message)
    feed.publish(message)
  }

  const send = (command: Command): void => void child?.stdin?.write(`${JSON.stringify(command)}\n`)

  const start = Effect.fnUntraced(function* (order: Order) {
    if (child !== undefined) return yield* new Busy({ title: state.survey?.title ?? "" })
    const began = yield* Clock.currentTimeMillis
    const { call, exchange, executor, lookup } = order.choice
    tell({
      _tag: "Started",
      survey: { id: ++surveys, title: order.title, began, choice: { executor, lookup, exchange, call } }
    })
    const lab = order.source._tag === "Lab" ? order.source.plan : undefined
    const session = JSON.stringify({ lab, private: options.private })
    child = ChildProcess.spawn(
      process.execPath,
      [...process.execArgv, process.argv[1]!, "serve", "--session", session],
      // Ctrl-C at a terminal is for the server; the session goes when the server has gone.
      { stdio: ["pipe", "pipe", "pipe"], detached: true }
    )
    listen(child)
    send({ _tag: "Order", order, store: options.store })
  })

  const listen = (session: ChildProcess.ChildProcess): void => {
    let pending = ""
    let complaint = ""
    let hasEnded = false
    session.stdin!.on("error", () => {})
    session.stdout!.setEncoding("utf8").on("data", (piece: string) => {
      const lines = (pending + piece).split("\n")
      pending = lines.pop()!
      for (const line of lines) {
        const event = JSON.parse(line) as Event
        if (event._tag === "Ended") {
          hasEnded = true
          // It has nothing more to do than to go; the next one need not wait for that.
          if (child === session) child = undefined
          setTimeout(() => kill(session), limits.stopMilliseconds).unref()
        }
        tell(event)
      }
    })
    session.stderr!.setEncoding("utf8").on("data", (piece: string) => (complaint = (complaint + piece).slice(-4_096)))
    let isGone = false
    const gone = (problem: string) => {
      if (isGone) return
      isGone = true
      if (child === session) child = undefined
      if (!hasEnded) tell({ _tag: "Ended", end: { how: "failed", problem } })
    }
    session.on("error", (cause) => gone(`the survey's process could not be started: ${cause.message}`))
    session.on("close", (code, signal) => {
      const said = complaint.trim().replace(/^handoff: /, "")
      gone(
        said === ""
          ? `the survey's process ended unexpectedly (${signal ?? `exit code ${code}`}); start it again`
          : said
      )
    })
  }

  const stop = Effect.suspend(() => {
    const session = child
    if (session === undefined) return Effect.fail(new Idle())
    if (state.status !== "stopping") tell({ _tag: "Stopping" })
    send({ _tag: "Stop" })
    setTimeout(() => kill(session), limits.stopMilliseconds).unref()
    return Effect.void
  })

  yield* Effect.addFinalizer(() =>
    Effect.callback<void>((resume) => {
      const session = child
      if (session === undefined) return resume(Effect.void)
      session.on("close", () => resume(Effect.void))
      session.stdin!.end()
      const timer = setTimeout(() => kill(session), limits.stopMilliseconds)
      session.on("close", () => clearTimeout(timer))
    })
  )

  return {
    feed,
    state: () => state,
    start,
    change: (choice) =>
      Effect.suspend(() => {
        if (child === undefined || state.status !== "running") return Effect.fail(new Idle())
        send({ _tag: "Choice", choice })
        return Effect.void
      }),
    stop
  }
})

/** The whole group: between us and the session there may be the process that made its namespaces. */
const kill = (session: ChildProcess.ChildProcess): void => {
  if (session.exitCode !== null || session.signalCode !== null || session.pid === undefined) return
  try {
    process.kill(-session.pid, "SIGKILL")
  } catch {
    session.kill("SIGKILL")
  }
}
