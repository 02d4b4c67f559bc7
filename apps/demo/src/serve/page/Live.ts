/** The survey that runs, in a headline, a bar and a few numbers. */
import type { State } from "../shared/Event.ts"
import * as Series from "../shared/Series.ts"
import * as words from "../shared/words.ts"
import { byId, h, setProblem, setText } from "./dom.ts"

export const show = (state: State): void => {
  const { samples, status, survey } = state
  const last = samples.at(-1)
  setText(byId("live-title"), survey?.title ?? "No survey yet")
  setText(byId("live-status"), statusOf(state))
  byId("live-status").dataset["status"] = status
  const stop = byId<HTMLButtonElement>("stop")
  const isOver = status === "over"
  // When the button goes, whoever has pressed it by keyboard would be nowhere.
  if (document.activeElement === stop && (isOver || status === "stopping")) byId("live").focus({ preventScroll: true })
  stop.hidden = isOver || status === "idle"
  stop.disabled = status === "stopping"
  byId<HTMLButtonElement>("start").disabled = !stop.hidden
  const progress = byId<HTMLProgressElement>("progress")
  progress.hidden = status === "idle"
  if (last?.total === undefined) progress.removeAttribute("value")
  else {
    progress.max = Math.max(1, last.total)
    progress.value = last.done + last.failed
  }
  if (status === "over" && last === undefined) progress.value = 0
  setProblem("note", state.note)
  const changes = byId("switches")
  if (changes.children.length !== state.switches.length) {
    changes.replaceChildren(
      ...state.switches.map(({ at, choice }) =>
        h("li", {}, `after ${words.duration(at / 1_000)}: ${words.choice(choice)}`)
      )
    )
  }
  setText(
    byId("who-hint"),
    status === "running"
      ? `Now: ${words.choice(state.choice!)}. A change holds at once.`
      : status === "starting"
        ? "A change holds from the beginning of this survey."
        : "For the next survey; while one runs, a change holds at once."
  )
  if (last === undefined) return byId("tiles").replaceChildren()
  const cache = Series.cacheHits(samples.slice(-6)).lines[0]?.values.findLast((value) => value !== null)
  const tasks = Series.tasks(samples.slice(-6)).lines.reduce((sum, { values }) => sum + (values.at(-1) ?? 0), 0)
  tiles([
    [
      "Hosts",
      (last.done + last.failed).toLocaleString("en"),
      last.total === undefined ? "" : `of ${last.total.toLocaleString("en")}`
    ],
    ["Failed", last.failed.toLocaleString("en"), last.rejected === 0 ? "" : `and ${last.rejected} lines rejected`],
    isOver
      ? ["Hosts a second", words.number((1_000 * (last.done + last.failed)) / Math.max(1, last.at)), "over all"]
      : ["Hosts a second", words.number(Series.hosts(samples).at(-1)), ""],
    isOver ? ["Time", words.duration(last.at / 1_000), ""] : ["Completions a second", words.number(tasks), ""],
    isOver
      ? ["Loop delay, worst", words.number(Math.max(...samples.map(({ loopDelay }) => loopDelay.max))), "ms"]
      : ["Loop delay, p99", words.number(last.loopDelay.p99), "ms"],
    ["Cache hits", cache === undefined || cache === null ? "\u2013" : `${words.number(cache)} %`, ""],
    isOver
      ? ["Processor", words.number(last.cpuSeconds), "s"]
      : ["Processors in use", words.number(Series.processors(samples)), ""],
    ["Memory", words.number(last.memoryMiB), "MiB"]
  ])
}

const statusOf = ({ end, phase, samples, status, survey, switches }: State): string => {
  const last = samples.at(-1)
  switch (status) {
    case "idle":
      return "Start one, and watch it here."
    case "starting":
      return `${phase}\u2026`
    case "stopping":
      return "Stopping\u2026"
    case "running": {
      const left = last === undefined ? undefined : Series.remaining(last)
      return `Running for ${words.duration((last?.at ?? 0) / 1_000)}${left === undefined ? "" : `, about ${words.duration(left)} left`}`
    }
    case "over": {
      const how = words.ends[end!.how]!
      return end!.problem === undefined
        ? `${how} after ${words.duration((last?.at ?? 0) / 1_000)}, ${words.choice(survey!.choice)}${switches.length === 0 ? "" : " at first"}`
        : `${how}: ${end!.problem}`
    }
  }
}

const tiles = (all: ReadonlyArray<readonly [title: string, value: string, unit: string]>): void => {
  const list = byId("tiles")
  if (list.children.length !== all.length) {
    list.replaceChildren(
      ...all.map(() => h("div", { class: "tile" }, h("dt"), h("dd", {}, h("span"), " ", h("small"))))
    )
  }
  all.forEach(([title, value, unit], index) => {
    const tile = list.children[index]!
    setText(tile.querySelector("dt")!, title)
    setText(tile.querySelector("span")!, value)
    setText(tile.querySelector("small")!, unit)
  })
}
