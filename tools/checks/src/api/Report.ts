/** The surface of every published package against that of its last release. */
import { existsSync, readFileSync } from "node:fs"
import path from "node:path"
import { packages, root } from "../Workspace.ts"
import * as Changesets from "./Changesets.ts"
import * as Difference from "./Difference.ts"
import * as Surface from "./Surface.ts"

export interface Report {
  readonly name: string
  readonly version: string
  readonly surface: Surface.Surface
  /** Undefined before the first release. */
  readonly changes: ReadonlyArray<Difference.Change> | undefined
  readonly bump: Changesets.Bump | undefined
}

/** Where the surface of the last release stands. */
export const file = (name: string): string => path.join(root, "api", `${name.replace("@handoff/", "")}.md`)

export const all = (): ReadonlyArray<Report> => {
  const pending = Changesets.pending(path.join(root, ".changeset"))
  return packages
    .filter(({ manifest }) => manifest.private !== true && manifest.exports?.["."] !== undefined)
    .map((one) => {
      const surface = Surface.ofPackage(one)
      return {
        name: one.name,
        version: one.manifest.version,
        surface,
        changes: existsSync(file(one.name))
          ? Difference.compare(Surface.parse(readFileSync(file(one.name), "utf8")), Surface.texts(surface))
          : undefined,
        bump: pending.get(one.name)
      }
    })
}

/** What may break importers although no changeset says so. */
export const unadmitted = ({ bump, changes = [], name, version }: Report): ReadonlyArray<string> => {
  const breaking = changes.filter(Difference.isBreaking)
  if (breaking.length === 0 || Changesets.admitsBreaking(version, bump)) return []
  const needed = version.startsWith("0.") ? "minor" : "major"
  return [
    `${name} may break those who import it: ${breaking.map((change) => `${change.name} ${change.kind}`).join(", ")}. ` +
      `Keep the old name or shape, or admit it: npx changeset, ${needed}, and say what to do instead.`
  ]
}

export const undocumented = ({ surface }: Report): ReadonlyArray<string> =>
  surface.filter(({ documented, exported }) => exported && !documented).map(({ file, name }) => `${name} (${file})`)

/** Types that public declarations mention and that nobody who imports the package can name. */
export const unnameable = ({ surface }: Report): ReadonlyArray<string> =>
  surface.filter(({ exported, type }) => type && !exported).map(({ name }) => name)

export const format = ({ changes, name, surface, version }: Report): string => {
  const names = surface.filter(({ exported }) => exported).length
  if (changes === undefined) return `${name}: first release, ${names} public names`
  if (changes.length === 0) return `${name}: ${names} public names, as in ${version}`
  return `${name}: ${names} public names; since ${version}:\n${Difference.format(changes)}`
}
