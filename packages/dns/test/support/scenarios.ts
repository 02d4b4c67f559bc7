/** The scenarios of `../scenarios`, as their files tell them; see `../scenarios.test.ts`. */
import * as fs from "node:fs"
import { assert } from "@effect/vitest"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export interface Scenario {
  /** A section of an RFC, or a feature. */
  readonly folder: string
  readonly file: string
  readonly sentence: string
  readonly effect: Effect.Effect<unknown, unknown, Scope.Scope>
}

const root = new URL("../scenarios/", import.meta.url)

export const folders = fs.readdirSync(root)

export const read = async (folder: string): Promise<ReadonlyArray<Scenario>> => {
  const scenarios: Array<Scenario> = []
  for (const file of fs.readdirSync(new URL(`${folder}/`, root))) {
    if (file === "support.ts") continue
    const place = new URL(`${folder}/${file}`, root)
    const [first = ""] = fs.readFileSync(place, "utf8").split("\n")
    assert.match(first, /^\/\/ \S/, `${place.pathname} must begin with its sentence`)
    const sentence = first.slice(3)
    const told: { readonly default: Scenario["effect"] | ReadonlyArray<readonly [string, Scenario["effect"]]> } =
      await import(place.href)
    if (Array.isArray(told.default)) {
      for (const [name, effect] of told.default) {
        scenarios.push({ folder, file, sentence: `${sentence}: ${name}`, effect })
      }
    } else scenarios.push({ folder, file, sentence, effect: told.default as Scenario["effect"] })
  }
  return scenarios
}

/** The zones that real servers need to play them: text by name. Folders that share one add to it. */
export const zones = async (): Promise<Readonly<Record<string, string>>> => {
  const lines = new Map<string, Set<string>>()
  for (const folder of folders) {
    const support = new URL(`${folder}/support.ts`, root)
    if (!fs.existsSync(support)) continue
    const { zones }: { readonly zones?: Readonly<Record<string, string>> } = await import(support.href)
    for (const [name, text] of Object.entries(zones ?? {})) {
      const all = lines.get(name) ?? new Set()
      lines.set(name, all)
      for (const line of text.split("\n")) all.add(line)
    }
  }
  return Object.fromEntries([...lines].map(([name, all]) => [name, [...all].join("\n")]))
}
