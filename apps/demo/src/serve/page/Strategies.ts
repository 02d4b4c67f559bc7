/** Who does the work: a choice for each kind, for the next survey or, while one runs, for it. */
import type { Options } from "../shared/Api.ts"
import type { Choice } from "../shared/Event.ts"
import { type Setting, settings } from "../shared/words.ts"
import { byId, h } from "./dom.ts"

export interface Strategies {
  /** As the form sends it. */
  readonly words: () => Record<string, string>
  /** Shows what holds, wherever it was chosen. */
  readonly show: (choice: Choice) => void
}

const names = Object.keys(settings) as ReadonlyArray<Setting>

export const make = (options: Options, changed: () => void): Strategies => {
  const usual = (setting: Setting): string =>
    // Whoever computes inline makes everything else wait, so it is never the first to be asked.
    [...options.executor]
      .toSorted((a, b) => Number(isInline(setting, a)) - Number(isInline(setting, b)))
      .find((name) => options.supports[setting]!.includes(name))!
  const radios = (setting: Setting) => [...document.querySelectorAll<HTMLInputElement>(`input[name="${setting}"]`)]
  const words = (): Record<string, string> => {
    const chosen = Object.fromEntries(
      names.map((setting) => [setting, radios(setting).find(({ checked }) => checked)!.value])
    )
    return { ...chosen, executor: [...new Set(Object.values(chosen))].join(",") }
  }
  const set = (setting: Setting, name: string | undefined): void => {
    for (const radio of radios(setting)) radio.checked = radio.value === name
  }
  byId("strategies").append(
    ...names.map((setting) =>
      h(
        "fieldset",
        {},
        h("legend", {}, settings[setting]),
        h(
          "div",
          { class: "segments" },
          ...options.supports[setting]!.map((name) => {
            const radio = h("input", { type: "radio", name: setting, value: name })
            radio.checked = name === usual(setting)
            radio.addEventListener("change", changed)
            return h("label", {}, radio, h("span", {}, name))
          })
        )
      )
    )
  )
  const shortcuts: ReadonlyArray<readonly [string, (setting: Setting) => string]> = [
    ["Each at home", usual],
    ...options.strategies
      .filter((name) => names.every((setting) => options.supports[setting]!.includes(name)))
      .map((name) => [`All by ${name}`, () => name] as const)
  ]
  byId("shortcuts").append(
    ...shortcuts.map(([label, of]) => {
      const button = h("button", { type: "button" }, label)
      button.addEventListener("click", () => {
        for (const setting of names) set(setting, of(setting))
        changed()
      })
      return button
    })
  )
  return {
    words,
    show: (choice) => {
      for (const setting of names) {
        const name = choice[setting] ?? choice.executor.find((one) => options.supports[setting]!.includes(one))
        if (name !== undefined) set(setting, name)
      }
    }
  }
}

const isInline = (setting: Setting, name: string): boolean => setting === "call" && name === "reactor"
