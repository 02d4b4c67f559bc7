/** The hosts that were surveyed last, and the lines that were no hosts. */
import type { State } from "../shared/Event.ts"
import { byId, h, table } from "./dom.ts"

let shown: State["rows"] | undefined
let shownRejects: State["rejects"] | undefined

export const show = ({ rejects, rows }: State): void => {
  if (rows === shown && rejects === shownRejects) return
  shown = rows
  shownRejects = rejects
  const place = byId("rows")
  const hadFocus = place.contains(document.activeElement)
  if (rows.length === 0 && rejects.length === 0) {
    place.replaceChildren(h("p", { class: "hint" }, "Hosts, as they are surveyed."))
    return
  }
  const hosts = table(
    "The hosts surveyed last",
    [{ title: "host" }, { title: "state" }, { title: "what it says" }],
    rows
      .slice(0, 50)
      .map(({ host, says, state }) => [host, h("span", { class: "tag", "data-how": state }, state), says]),
    "rows"
  )
  const wrong =
    rejects.length === 0
      ? []
      : [
          h("h4", {}, "Lines that are no hosts"),
          table(
            "Lines that are no hosts",
            [{ title: "line" }, { title: "what is wrong" }, { title: "text" }],
            rejects.map(({ excerpt, line, reason }) => [String(line), reason, excerpt]),
            "rows"
          )
        ]
  const scrolled = place.querySelector(".rows")?.scrollTop ?? 0
  place.replaceChildren(hosts, ...wrong)
  hosts.scrollTop = scrolled
  if (hadFocus) hosts.focus({ preventScroll: true })
}
