/** What changed between two surfaces of a package, and whether an importer of the first may break on the second. */

export interface Change {
  readonly name: string
  readonly kind: "added" | "removed" | "extended" | "changed"
  readonly before: string
  readonly after: string
}

/** Extended: every line is still there, and what was added need not be given by anybody. */
const isExtended = (before: string, after: string): boolean => {
  const old = before.split("\n")
  let at = 0
  for (const line of after.split("\n")) {
    if (line === old[at]) at++
    else if (!/^\s*(?:readonly )?\w+\?(?:\(|:)/.test(line)) return false
  }
  return at === old.length
}

const between = (name: string, before: string | undefined, after: string | undefined): ReadonlyArray<Change> => {
  if (before === after) return []
  const kind =
    before === undefined
      ? "added"
      : after === undefined
        ? "removed"
        : isExtended(before, after)
          ? "extended"
          : "changed"
  return [{ name, kind, before: before ?? "", after: after ?? "" }]
}

export const compare = (
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>
): ReadonlyArray<Change> =>
  [...new Set([...before.keys(), ...after.keys()])]
    .toSorted()
    .flatMap((name) => between(name, before.get(name), after.get(name)))

/**
 * Whether it may break who imports the package. A changed declaration counts although it may only have become wider:
 * that is for a person to say, in a changeset.
 */
export const isBreaking = ({ kind }: Change): boolean => kind === "removed" || kind === "changed"

export const format = (changes: ReadonlyArray<Change>): string =>
  changes
    .map(({ after, before, kind, name }) => {
      const lines = [
        ...(kind === "added" ? [] : before.split("\n").filter((line) => !after.split("\n").includes(line))).map(
          (line) => `  - ${line}`
        ),
        ...(kind === "removed" ? [] : after.split("\n").filter((line) => !before.split("\n").includes(line))).map(
          (line) => `  + ${line}`
        )
      ]
      return [`${kind}: ${name}`, ...(kind === "added" || kind === "removed" ? [] : lines)].join("\n")
    })
    .join("\n")
