/** The page: asks what there is, listens to what happens, and shows it. */
import type { Options } from "../shared/Api.ts"
import type { Message, State } from "../shared/Event.ts"
import * as States from "../shared/State.ts"
import * as words from "../shared/words.ts"
import { get, post } from "./Api.ts"
import * as Charts from "./Charts.ts"
import * as Connection from "./Connection.ts"
import { byId, setProblem, setText } from "./dom.ts"
import * as Form from "./Form.ts"
import * as Live from "./Live.ts"
import * as Rows from "./Rows.ts"
import * as Runs from "./Runs.ts"
import * as Strategies from "./Strategies.ts"
import * as Workers from "./Workers.ts"

let state: State = States.idle
let isDrawn = true

/** Said to who listens to the page: what starts, changes and ends, and not every number in between. */
const announce = (text: string): void => setText(byId("announce"), text)

const options = await get<Options>("/api/options")

/** Whether a choice was made while the survey was starting: it holds from its beginning. */
let isChosen = false

const strategies = Strategies.make(options, () => {
  setProblem("switch-problem", undefined)
  if (state.status === "running") change()
  else isChosen = state.status === "starting"
})

const change = (): void => {
  post("/api/strategies", strategies.words()).catch((error: unknown) => {
    setProblem("switch-problem", (error as Error).message)
    if (state.choice !== undefined) strategies.show(state.choice)
  })
}
Form.make(options, strategies.words, announce)
const charts = Charts.make()

byId("stop").addEventListener("click", () => {
  post("/api/stop").catch((error: unknown) => setProblem("switch-problem", (error as Error).message))
})

const draw = (): void => {
  isDrawn = true
  Live.show(state)
  charts.show(state)
  Workers.show(state)
  Rows.show(state)
}

const take = (message: Message): void => {
  state = States.step(state, message)
  switch (message._tag) {
    case "State":
    case "Began":
    case "NotSwitched":
    case "Switched":
      if (isChosen && state.status === "running") change()
      else if (!isChosen && state.choice !== undefined && state.status !== "idle") strategies.show(state.choice)
  }
  if (state.status !== "starting") isChosen = false
  if (message._tag === "Began") announce("The survey runs.")
  if (message._tag === "Switched") announce(`Switched to ${words.choice(message.switched.choice)}.`)
  if (message._tag === "NotSwitched") setProblem("switch-problem", message.problem)
  if (message._tag === "Ended") {
    const last = state.samples.at(-1)
    const found =
      last === undefined ? "" : `, ${last.done} ${last.done === 1 ? "host" : "hosts"} done, ${last.failed} failed`
    announce(`${words.ends[message.end.how]}${found}. ${message.end.problem ?? ""}`)
  }
  if (message._tag === "State" || message._tag === "Began" || message._tag === "Ended") void Runs.load()
  if (!isDrawn) return
  isDrawn = false
  requestAnimationFrame(draw)
}

const connections = {
  connected: ["Connected", undefined],
  gone: ["No server", "The server does not answer. Start handoff serve again: this page goes on by itself."],
  refused: ["Not let in", "The server has another token now. Open the address that handoff serve printed."]
} as const

Connection.open({
  message: take,
  state: (connection) => {
    const [label, trouble] = connections[connection]
    const place = byId("connection")
    place.dataset["state"] = connection
    setText(place, label)
    const box = byId("trouble")
    // A fault of the page's own stays.
    if (box.dataset["kind"] === "fault") return
    setProblem("trouble", trouble)
  }
})
draw()
document.documentElement.dataset["ready"] = "yes"
