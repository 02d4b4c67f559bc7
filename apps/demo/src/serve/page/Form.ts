/** The form for a new survey: filled with what the server offers, sent, and corrected where the server says so. */
import type { Options } from "../shared/Api.ts"
import { post, Refused } from "./Api.ts"
import { byId, h, setProblem } from "./dom.ts"

export const make = (
  options: Options,
  strategies: () => Record<string, string>,
  announce: (words: string) => void
): void => {
  const form = byId<HTMLFormElement>("form")
  for (const [name, { about, default: usual, maximum, minimum }] of Object.entries(options.numbers)) {
    const input = byId<HTMLInputElement>(name)
    if (usual === undefined) input.placeholder = name === "threads" ? "as wanted" : "none"
    else input.value = String(usual)
    input.title = `${about}; ${minimum.toLocaleString("en")} to ${maximum.toLocaleString("en")}`
  }
  byId("preset").append(...options.presets.map((name) => h("option", { value: name }, name)))
  const ports = byId<HTMLInputElement>("ports")
  const sources = [...form.querySelectorAll<HTMLInputElement>('input[name="source"]')]
  const source = () => sources.find(({ checked }) => checked)!.value
  const choose = (): void => {
    byId("lab-fields").hidden = source() !== "lab"
    byId("list-fields").hidden = source() !== "list"
    ports.placeholder = source() === "lab" ? "the lab's" : options.ports
  }
  for (const radio of sources) radio.addEventListener("change", choose)
  choose()

  const send = async (words: Record<string, string>): Promise<void> => {
    try {
      await post("/api/survey", words)
      announce("The survey starts.")
      // The button is of no use now, and whoever has pressed it by keyboard would be nowhere.
      byId("live").focus({ preventScroll: true })
      // Where the form fills the screen, what it started is further down.
      if (matchMedia("(max-width: 71.99rem)").matches) byId("live").scrollIntoView()
    } catch (error) {
      showProblems(form, error instanceof Refused ? error.fields : {})
      setProblem("form-problem", (error as Error).message)
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault()
    const entries = [...new FormData(form)].filter((entry): entry is [string, string] => typeof entry[1] === "string")
    const words = { ...Object.fromEntries(entries), ...strategies() } as Record<string, string>
    // What is not shown is not meant.
    for (const name of source() === "lab" ? ["list", "nameServer"] : ["hosts", "seed", "broken"]) words[name] = ""
    showProblems(form, {})
    setProblem("form-problem", undefined)
    void send(words)
  })
}

/** Each problem stands below its field, and the first such field has the focus. */
const showProblems = (form: HTMLFormElement, problems: Readonly<Record<string, string>>): void => {
  for (const old of form.querySelectorAll(".field .problem")) old.remove()
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid")
    field.removeAttribute("aria-describedby")
  }
  let first: HTMLElement | undefined
  for (const [name, problem] of Object.entries(problems)) {
    const field = form.querySelector<HTMLElement>(`.field [name="${name}"]`)
    if (field === null) continue
    const id = `${name}-problem`
    field.setAttribute("aria-invalid", "true")
    field.setAttribute("aria-describedby", id)
    field.after(h("p", { class: "problem", id }, problem))
    field.closest("details")?.setAttribute("open", "")
    first ??= field
  }
  first?.focus()
}
