/** Numbers and times as people read them. */
import type { Choice } from "./Event.ts"

export const number = (value: number | null | undefined): string =>
  value === undefined || value === null
    ? "\u2013"
    : Math.abs(value) >= 100
      ? Math.round(value).toLocaleString("en")
      : value.toLocaleString("en", { maximumFractionDigits: 1 })

export const duration = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`

/** What a setting of a choice is called on the page. */
export const settings = { lookup: "Names", exchange: "Conversations", call: "Compute" } as const

export type Setting = keyof typeof settings

/** `names dns, conversations reactor, compute threads`, or the preference where no kind is named. */
export const choice = (choice: Choice): string => {
  const named = (Object.keys(settings) as ReadonlyArray<Setting>).flatMap((setting) =>
    choice[setting] === undefined ? [] : [`${settings[setting].toLowerCase()} by ${choice[setting]}`]
  )
  return named.length === 0 ? choice.executor.join(", ") : named.join(", ")
}

export const ends: Readonly<Record<string, string>> = {
  finished: "Finished",
  stopped: "Stopped",
  deadline: "Ended by its deadline",
  failed: "Failed",
  running: "Running",
  "cut off": "Cut off"
}
