/** The last runs, from the store, and where their reports are. */
import type { Run } from "../shared/Api.ts"
import * as words from "../shared/words.ts"
import { get } from "./Api.ts"
import { byId, h, table } from "./dom.ts"

export const load = async (): Promise<void> => {
  const place = byId("run-list")
  let runs: ReadonlyArray<Run>
  try {
    runs = await get<ReadonlyArray<Run>>("/api/runs")
  } catch (error) {
    place.replaceChildren(h("p", { class: "problem" }, (error as Error).message))
    return
  }
  if (runs.length === 0) {
    place.replaceChildren(h("p", { class: "hint" }, "None yet: what surveys find is kept here."))
    return
  }
  place.replaceChildren(
    table(
      "The last runs",
      [
        { title: "run", isNumber: true },
        { title: "report" },
        { title: "of" },
        { title: "began" },
        { title: "end" },
        { title: "done", isNumber: true },
        { title: "failed", isNumber: true },
        { title: "time", isNumber: true },
        { title: "loop delay p99", isNumber: true },
        { title: "by" }
      ],
      runs.map(row)
    )
  )
}

const row = ({ findings, id, summary }: Run): ReadonlyArray<Node | string> => {
  const links = h(
    "span",
    { class: "links" },
    ...(
      [
        ["Report", "report.html"],
        ["CSV", "report.csv"],
        ["NDJSON", "report.ndjson"]
      ] as const
    ).map(([name, file]) =>
      h(
        "a",
        {
          href: `/runs/${id}/${file}`,
          "aria-label": `${name} of run ${id}`,
          ...(file === "report.html" && { target: "_blank", rel: "noopener" })
        },
        name
      )
    )
  )
  if (summary === undefined) {
    return [String(id), links, "a survey of the command line", "", "", findings.toLocaleString("en"), "", "", "", ""]
  }
  const { began, choice, cost, done, failed, how, switches = 0, title } = summary
  return [
    String(id),
    links,
    title,
    new Date(began).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }),
    h("span", { class: "tag", "data-how": how }, (words.ends[how] ?? how).toLowerCase()),
    done.toLocaleString("en"),
    failed.toLocaleString("en"),
    words.duration(cost.seconds),
    `${words.number(cost.loopDelay.p99)} ms`,
    switches === 0
      ? words.choice(choice)
      : `${words.choice(choice)} in the end; switched ${switches === 1 ? "once" : `${switches} times`}`
  ]
}
