import type { Finding } from "./Finding.ts"

/** Words of a host with a star for each of its own names and addresses: hosts of one make and setting say the same. */
export const withoutOwnNames = (words: string, { addresses, host }: Pick<Finding, "addresses" | "host">): string => {
  const own = new Set([host, ...addresses.flatMap(({ address, names = [] }) => [address, ...names])])
  const escaped = [...own]
    // A name of one label may be any word.
    .filter((name) => /[.:]/.test(name))
    // The longest first: one may be a part of another.
    .toSorted((a, b) => b.length - a.length)
    .map((name) => name.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"))
  return escaped.length === 0
    ? words
    : words.replaceAll(new RegExp(`(?<![\\w.-])(?:${escaped.join("|")})(?!\\.?[\\w-])`, "gi"), "*")
}
