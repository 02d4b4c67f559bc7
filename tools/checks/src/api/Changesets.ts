/** What the changesets that wait for the next release admit. */
import { globSync, readFileSync } from "node:fs"
import path from "node:path"

export type Bump = "patch" | "minor" | "major"

const weight: Readonly<Record<Bump, number>> = { patch: 0, minor: 1, major: 2 }

/** The bumps that a changeset's front matter asks for, by package. */
const bumps = (text: string): ReadonlyArray<readonly [name: string, bump: Bump]> =>
  [
    ...(/^---\n([\s\S]*?)^---/m.exec(text)?.[1] ?? "").matchAll(/^["']?([^"':\s]+)["']?:\s*(patch|minor|major)\s*$/gm)
  ].map(([, name, bump]) => [name!, bump as Bump])

/** The largest bump that waits for each package. */
export const pending = (folder: string): ReadonlyMap<string, Bump> => {
  const out = new Map<string, Bump>()
  for (const file of globSync("*.md", { cwd: folder })) {
    for (const [name, bump] of bumps(readFileSync(path.join(folder, file), "utf8"))) {
      const before = out.get(name)
      if (before === undefined || weight[bump] > weight[before]) out.set(name, bump)
    }
  }
  return out
}

/** Before 1.0.0 a minor version may break, afterwards only a major one (semver.org, items 4 and 8). */
export const admitsBreaking = (version: string, bump: Bump | undefined): boolean =>
  bump !== undefined && weight[bump] >= weight[version.startsWith("0.") ? "minor" : "major"]
