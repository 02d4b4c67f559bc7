import { writeFileSync } from "node:fs"
import { scope } from "@handoff/threads/worker"

let opened: unknown
let calls = 0
const perKey = new Map<string, number>()

export const start = async (info: { readonly worker: number; readonly data: unknown }): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, 1))
  opened = info.data
}
export const stop = (): void => {
  const { data } = scope()
  void data
  if (typeof opened === "object" && opened !== null && "file" in opened) {
    writeFileSync(String(opened.file), `stopped after ${calls}`)
  }
}
export const startThrows = (): never => {
  throw new RangeError("no database")
}
export const whatIsOpen = (): unknown => {
  calls++
  return opened
}
export const count = (key: string): number => {
  const next = (perKey.get(key) ?? 0) + 1
  perKey.set(key, next)
  return next
}
