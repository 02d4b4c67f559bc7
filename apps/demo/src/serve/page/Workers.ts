/**
 * What strategies say of themselves: a row for each worker (or runner, or whatever a strategy has many of) and every
 * other figure. Nothing here knows a strategy; see `Figures.ts` of the server for how one gets its figures here.
 */
import type { Member, Sample, State, Strategy } from "../shared/Event.ts"
import * as Series from "../shared/Series.ts"
import { number, percent } from "../shared/words.ts"
import { colourOf } from "./Charts.ts"
import { byId, h, table } from "./dom.ts"

export const show = (state: State): void => {
  const last = state.samples.at(-1)
  // When it is over no sample comes any more: who worked last stays.
  const samples = state.status === "over" ? Series.withMembers(state.samples) : state.samples
  const groups = (samples.at(-1)?.strategies ?? []).flatMap((strategy) => groupsOf(strategy))
  keepingFocus(
    "workers",
    groups.length === 0
      ? [
          h(
            "p",
            { class: "hint" },
            last === undefined ? "Who works, once something runs." : "No strategy in use has workers of its own."
          )
        ]
      : groups.map(({ kind, members, strategy }) => group(samples, strategy, kind, members))
  )
  keepingFocus(
    "counts",
    last === undefined
      ? [h("p", { class: "hint" }, "Their counters, once something runs.")]
      : [counts(last), ...last.strategies.map(figures)]
  )
}

interface Group {
  readonly strategy: string
  readonly kind: string
  readonly members: ReadonlyArray<Member>
}

const groupsOf = ({ members, name }: Strategy): ReadonlyArray<Group> =>
  [...new Set(members.map(({ kind }) => kind))].map((kind) => ({
    strategy: name,
    kind,
    members: members.filter((member) => member.kind === kind)
  }))

const group = (
  samples: ReadonlyArray<Sample>,
  strategy: string,
  kind: string,
  members: ReadonlyArray<Member>
): HTMLElement => {
  const names = [...new Set(members.flatMap((member) => Object.keys(member.figures)))].filter(
    (name) => name !== "busy" && name !== "utilisation"
  )
  const uses = members.map(({ id }) => Series.use(samples, strategy, kind, id))
  const hasUse = uses.some((use) => use !== undefined)
  return h(
    "div",
    { class: "group" },
    h("h4", {}, `${strategy}: ${members.length} ${kind}${members.length === 1 ? "" : "s"}`),
    table(
      `Each ${kind} of ${strategy}`,
      [
        { title: kind },
        ...(hasUse ? [{ title: "in use" }] : []),
        ...names.map((name) => ({ title: titleOf(name), isNumber: true }))
      ],
      members.map(({ figures, id }, index) => [
        id,
        ...(hasUse ? [bar(uses[index], strategy)] : []),
        ...names.map((name) => valueOf(name, figures[name]))
      ])
    )
  )
}

const bar = (use: number | undefined, strategy: string): HTMLElement => {
  if (use === undefined) return h("span", {}, "\u2013")
  const inside = h("span")
  inside.style.width = percent(use).replace(" ", "")
  inside.style.background = `var(${colourOf(strategy)})`
  return h(
    "span",
    { class: "use" },
    h("span", { class: "bar", "aria-hidden": "true" }, inside),
    h("span", { class: "number" }, percent(use))
  )
}

/** Octets are shown in MiB; everything else as it comes. */
const isOctets = (name: string): boolean => /heap|octets/i.test(name)
const isTime = (name: string): boolean => / p\d\d$|Millis$/.test(name)
const titleOf = (name: string): string =>
  `${name.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase()}${isOctets(name) ? ", MiB" : isTime(name) ? ", ms" : ""}`
const valueOf = (name: string, value: number | undefined): string =>
  number(value !== undefined && isOctets(name) ? value / 2 ** 20 : value)

const counts = (sample: Sample): HTMLElement =>
  table(
    "Counters of each strategy",
    [
      { title: "strategy" },
      ...["running", "queued", "done", "failed", "lost", "cancelled"].map((title) => ({ title, isNumber: true }))
    ],
    sample.strategies.map((strategy) => {
      const swatch = h("span", { class: "swatch" })
      swatch.style.background = `var(${colourOf(strategy.name)})`
      const { cancelled, done, failed, lost, name, queued, running } = strategy
      return [
        h("span", {}, swatch, name),
        ...[running, queued, done, failed, lost, cancelled].map((value) => value.toLocaleString("en"))
      ]
    })
  )

const figures = ({ figures, name }: Strategy): HTMLElement => {
  const entries = Object.entries(figures)
  if (entries.length === 0) return h("div")
  return h(
    "details",
    { "data-keep": name },
    h("summary", { class: "hint" }, `All figures of ${name}`),
    h(
      "dl",
      { class: "figures" },
      ...entries.map(([figure, value]) =>
        h("div", {}, h("dt", {}, titleOf(figure)), h("dd", {}, valueOf(figure, value)))
      )
    )
  )
}

/** Draws anew, and leaves what was opened open, what was scrolled scrolled, and the focus where it was. */
const keepingFocus = (id: string, children: ReadonlyArray<HTMLElement>): void => {
  const place = byId(id)
  const focusable = () => [...place.querySelectorAll<HTMLElement>("[tabindex], summary")]
  const focused = focusable().indexOf(document.activeElement as HTMLElement)
  const scrolled = [...place.querySelectorAll(".scroll")].map(({ scrollLeft, scrollTop }) => ({
    scrollLeft,
    scrollTop
  }))
  const open = new Set([...place.querySelectorAll<HTMLElement>("details[open]")].map(({ dataset }) => dataset["keep"]))
  place.replaceChildren(...children)
  for (const details of place.querySelectorAll<HTMLDetailsElement>("details"))
    details.open = open.has(details.dataset["keep"])
  place.querySelectorAll(".scroll").forEach((box, index) => Object.assign(box, scrolled[index]))
  if (focused >= 0) focusable()[focused]?.focus({ preventScroll: true })
}
