/** Elements, made and found. Text is always text: nothing here takes markup. */

type Child = Node | string | undefined

/** `h("td", { class: "number" }, "7")`. A property that is undefined is left out. */
export const h = <K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: ReadonlyArray<Child>
): HTMLElementTagNameMap[K] => {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(key, value)
  element.append(...children.filter((child) => child !== undefined))
  return element
}

/** An element that the markup has, of the kind that it has there. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export const byId = <E extends HTMLElement = HTMLElement>(id: string): E => {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no #${id}`)
  return element as E
}

/** Sets text only where it differs, so that nothing is read out twice. */
export const setText = (element: HTMLElement, text: string): void => {
  if (element.textContent !== text) element.textContent = text
}

/** Shows a problem, or takes it away. */
export const setProblem = (id: string, text: string | undefined): void => {
  const element = byId(id)
  element.hidden = text === undefined
  setText(element, text ?? "")
}

/** A table in a box that scrolls by itself; it can be reached and scrolled by keyboard. */
export const table = (
  caption: string,
  columns: ReadonlyArray<{ readonly title: string; readonly isNumber?: boolean }>,
  rows: ReadonlyArray<ReadonlyArray<Node | string>>,
  className = ""
): HTMLElement =>
  h(
    "div",
    { class: `scroll ${className}`, tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      {},
      h("caption", { class: "visually-hidden" }, caption),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ...columns.map(({ isNumber, title }) =>
            h("th", { scope: "col", class: isNumber === true ? "number" : undefined }, title)
          )
        )
      ),
      h(
        "tbody",
        {},
        ...rows.map((cells) =>
          h(
            "tr",
            {},
            ...cells.map((cell, index) =>
              index === 0
                ? h("th", { scope: "row" }, cell)
                : h("td", { class: columns[index]?.isNumber === true ? "number" : undefined }, cell)
            )
          )
        )
      )
    )
  )
