/** The charts: uPlot draws, the legend and the table beside each say the same in words. */
// By the address that the server has it at; `tsconfig.page.json` says where its types are.
// oxlint-disable-next-line import/default, import/no-absolute-path
import uPlot from "/lib/uPlot.js"
import type { State } from "../shared/Event.ts"
import * as Series from "../shared/Series.ts"
import { number } from "../shared/words.ts"
import { byId, h, setText, table } from "./dom.ts"

interface Kind {
  readonly title: string
  readonly unit: string
  readonly of: (samples: State["samples"]) => Series.Chart
  /** The top of the scale at least. */
  readonly atLeast: number
}

const kinds: ReadonlyArray<Kind> = [
  { title: "Completions a second", unit: "tasks/s", of: Series.tasks, atLeast: 10 },
  { title: "Queue depth", unit: "tasks", of: Series.depths, atLeast: 10 },
  { title: "Event-loop delay", unit: "ms", of: Series.delays, atLeast: 5 },
  { title: "Cache hits", unit: "%", of: Series.cacheHits, atLeast: 100 }
]

/** Lines of one strategy have one colour and one dash everywhere: colour is not all that tells them apart. */
const looks: Readonly<Record<string, { readonly colour: string; readonly dash: ReadonlyArray<number> }>> = {
  dns: { colour: "--dns", dash: [] },
  reactor: { colour: "--reactor", dash: [8, 4] },
  threads: { colour: "--threads", dash: [2, 3] },
  cluster: { colour: "--cluster", dash: [10, 3, 2, 3] },
  p50: { colour: "--dns", dash: [] },
  p99: { colour: "--threads", dash: [8, 4] },
  max: { colour: "--bad", dash: [2, 3] }
}
const unknown = { colour: "--other", dash: [4, 4] }

/** What a strategy looks like, as a custom property of the styles. */
export const colourOf = (name: string): string => (looks[name] ?? unknown).colour

const style = (property: string): string => {
  // `light-dark()` is resolved only in a property that is a colour.
  const probe = byId("announce")
  probe.style.color = `var(${property})`
  const colour = getComputedStyle(probe).color
  probe.style.color = ""
  return colour
}

export interface Charts {
  readonly show: (state: State) => void
}

export const make = (): Charts => {
  const views = kinds.map((kind) => new View(kind))
  byId("charts").append(...views.map(({ figure }) => figure))
  const redraw = () => views.forEach((view) => view.rebuild())
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw)
  return { show: (state) => views.forEach((view) => view.show(state)) }
}

class View {
  readonly figure: HTMLElement
  private readonly kind: Kind
  private readonly plot = h("div", { class: "plot", "aria-hidden": "true" })
  private readonly legend = h("ul", { class: "legend" })
  private readonly details = h("details", {}, h("summary", {}, "As a table"))
  private chart: uPlot | undefined
  private shown: Series.Chart = { times: [], lines: [] }
  private state: State | undefined
  /** The sample under the pointer; the last one otherwise. */
  private at: number | undefined

  constructor(kind: Kind) {
    this.kind = kind
    this.figure = h(
      "figure",
      { class: "panel chart", "aria-label": `${kind.title}, ${kind.unit}` },
      h("figcaption", {}, h("h3", {}, kind.title, h("small", { class: "hint" }, ` ${kind.unit}`)), this.legend),
      this.plot,
      this.details
    )
    this.details.addEventListener("toggle", () => this.fillTable())
    new ResizeObserver(([entry]) => {
      const width = Math.floor(entry!.contentRect.width)
      if (width > 0) this.chart?.setSize({ width, height: height })
    }).observe(this.plot)
  }

  show(state: State): void {
    const names = this.shown.lines.map(({ name }) => name).join()
    this.state = state
    this.shown = this.kind.of(state.samples)
    if (this.chart === undefined || names !== this.shown.lines.map(({ name }) => name).join()) return this.rebuild()
    this.chart.setData(this.data())
    this.describe()
  }

  rebuild(): void {
    this.chart?.destroy()
    this.chart = new uPlot(this.options(), this.data(), this.plot)
    this.describe()
  }

  private data(): uPlot.AlignedData {
    const { lines, times } = this.shown
    return [times as Array<number>, ...lines.map(({ values }) => values as Array<number | null>)]
  }

  private describe(): void {
    const { lines, times } = this.shown
    const at = this.at !== undefined && this.at < times.length ? this.at : times.length - 1
    const items = [...this.legend.children] as Array<HTMLElement>
    if (items.map((item) => item.dataset["name"]).join() !== lines.map(({ name }) => name).join()) {
      this.legend.replaceChildren(
        ...lines.map(({ name }) => h("li", { "data-name": name }, swatch(name), h("span", {}, name), h("b", {})))
      )
    }
    lines.forEach(({ values }, index) =>
      setText(this.legend.children[index]!.lastElementChild as HTMLElement, number(values[at]))
    )
    if (this.details.open) this.fillTable()
  }

  private fillTable(): void {
    if (!this.details.open) return this.details.querySelector(".scroll")?.remove()
    const { lines, times } = this.shown
    const rows = times
      .map((time, index) => [`${time.toFixed(1)} s`].concat(lines.map(({ values }) => number(values[index]))))
      .slice(-12)
      .toReversed()
    const filled = table(
      `${this.kind.title}, ${this.kind.unit}, the last ${rows.length} samples`,
      [{ title: "after" }, ...lines.map(({ name }) => ({ title: name, isNumber: true }))],
      rows
    )
    const old = this.details.querySelector(".scroll")
    if (old === null) this.details.append(filled)
    // The box that scrolls stays, and with it the focus.
    else old.replaceChildren(...filled.childNodes)
  }

  private options(): uPlot.Options {
    const [muted, line] = [style("--muted"), style("--line")]
    const axis = {
      stroke: muted,
      font: "12px system-ui, sans-serif",
      grid: { stroke: line, width: 1 },
      ticks: { stroke: line, width: 1, size: 4 }
    }
    return {
      width: Math.max(200, this.plot.clientWidth),
      height,
      padding: [14, 18, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: "survey" }, points: { size: 7 }, drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: (_, least, most) => [least ?? 0, Math.max(most ?? 0, (least ?? 0) + 10)] },
        y: {
          range: (_, __, most) => [0, this.kind.unit === "%" ? 100 : Math.max(this.kind.atLeast, (most ?? 0) * 1.1)]
        }
      },
      axes: [
        { ...axis, size: 26, values: (_, values) => values.map((value) => `${value} s`) },
        { ...axis, size: 48, values: (_, values) => values.map((value) => number(value)) }
      ],
      series: [
        {},
        ...this.shown.lines.map(({ name }): uPlot.Series => {
          const { colour, dash } = looks[name] ?? unknown
          const stroke = style(colour)
          return {
            label: name,
            stroke,
            width: 2,
            dash: [...dash],
            spanGaps: this.kind.unit !== "%",
            points: { show: false }
          }
        })
      ],
      hooks: {
        setCursor: [
          (chart) => {
            this.at = chart.cursor.idx ?? undefined
            this.describe()
          }
        ],
        draw: [(chart) => this.drawSwitches(chart, style("--text"))]
      }
    }
  }

  /** A line where the strategies were changed, so that the curves' answer is seen beside its cause. */
  private drawSwitches(chart: uPlot, colour: string): void {
    const { ctx } = chart
    const scale = devicePixelRatio
    const { height, left, top, width } = chart.bbox
    ctx.save()
    ctx.strokeStyle = ctx.fillStyle = colour
    ctx.lineWidth = scale
    ctx.setLineDash([4 * scale, 3 * scale])
    ctx.font = `600 ${11 * scale}px system-ui, sans-serif`
    this.state?.switches.forEach(({ at }, index) => {
      const x = chart.valToPos(at / 1_000, "x", true)
      if (x < left || x > left + width) return
      ctx.beginPath()
      ctx.moveTo(x, top)
      ctx.lineTo(x, top + height)
      ctx.stroke()
      ctx.fillText(String(index + 1), x + 3 * scale, top - 3 * scale)
    })
    ctx.restore()
  }
}

const height = 190

/** A short line as the chart draws it. */
const swatch = (name: string): SVGElement => {
  const { colour, dash } = looks[name] ?? unknown
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  svg.setAttribute("width", "24")
  svg.setAttribute("height", "8")
  svg.setAttribute("aria-hidden", "true")
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path")
  path.setAttribute("d", "M0 4h24")
  path.setAttribute("stroke-width", "3")
  path.setAttribute("stroke-dasharray", dash.join(" "))
  path.style.stroke = `var(${colour})`
  svg.append(path)
  return svg
}
