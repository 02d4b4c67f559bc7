/** The workspace as the checks see it: its packages, their files and what they import. */
import { globSync, readFileSync } from "node:fs"
import path from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("../../../", import.meta.url))

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly bin?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, unknown>>
  readonly imports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, unknown>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

export interface Package {
  readonly name: string
  /** Relative to the root: `packages/core`. */
  readonly folder: string
  readonly manifest: Manifest
}

export const read = (file: string): string => readFileSync(path.join(root, file), "utf8")

export const packages: ReadonlyArray<Package> = globSync(["packages/*/package.json", "apps/*/package.json"], {
  cwd: root
})
  .toSorted()
  .map((file) => {
    const manifest = JSON.parse(read(file)) as Manifest
    return { name: manifest.name, folder: path.dirname(file), manifest }
  })

/** The packages of this repository that one needs beside it. */
export const needed = (name: string): ReadonlyArray<string> => {
  const { manifest } = packages.find((one) => one.name === name)!
  const own = Object.keys(manifest.dependencies ?? {}).filter((dependency) => dependency.startsWith("@handoff/"))
  return [...new Set([...own, ...own.flatMap(needed)])]
}

export const files = (pattern: string | Array<string>): ReadonlyArray<string> =>
  globSync(pattern, {
    cwd: root,
    exclude: (file) => /(^|\/)(node_modules|dist|\.tsbuild|\.readme|coverage|fixtures|reference)(\/|$)/.test(file)
  }).toSorted()

/** The specifiers that a TypeScript file imports, exports from or resolves, comments left out. */
export const specifiers = (source: string): ReadonlyArray<string> => {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "")
  const found = code.matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^"';]*?from\s*"([^"]+)"|(?:^|\n)\s*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"|import\.meta\.resolve\(\s*"([^"]+)"/g
  )
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? match[4]!)
}

export interface Import {
  readonly file: string
  readonly specifier: string
}

export const imports = (folder: string, room: "src" | "test" | "bench"): ReadonlyArray<Import> =>
  files(`${folder}/${room}/**/*.ts`).flatMap((file) => specifiers(read(file)).map((specifier) => ({ file, specifier })))
