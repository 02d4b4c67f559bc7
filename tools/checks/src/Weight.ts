/**
 * What a package weighs for those who install and import it, and the page that states it: its table is both the statement
 * and the limit, so that neither can go stale without the other.
 */
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, realpathSync, statSync, writeFileSync } from "node:fs"
import path from "node:path"
import { read, root } from "./Workspace.ts"

export const page = "docs/explanation/weight.md"

/** How far a figure may be over or under what the page says before one of the two must change. */
const room = { files: 1.1, kib: 1.1, time: 1.5 }

/** Differences below this are no differences: of modules, KiB, MiB, or imports of the yardstick. */
const least = { files: 1, own: 5, all: 0.5, time: 0.1 }

export interface Size {
  /** KiB on disk of the package itself. */
  readonly own: number
  /** KiB of all that its install brings, Effect and the package itself included. */
  readonly all: number
}

/** Octets of the files in a folder; what is only linked there is counted where it stands. */
const octets = (folder: string): number =>
  readdirSync(folder, { withFileTypes: true })
    .map((entry) => {
      const one = path.join(folder, entry.name)
      return entry.isDirectory() ? octets(one) : entry.isFile() ? statSync(one).size : 0
    })
    .reduce((sum, size) => sum + size, 0)

const kib = (folder: string): number => (existsSync(folder) ? octets(realpathSync(folder)) / 1024 : 0)

/** Of a project that has installed nothing else, `besides` left out. */
export const size = (project: string, name: string, besides: ReadonlyArray<string>): Size => {
  const modules = path.join(project, "node_modules")
  const left = besides.map((one) => path.join(modules, one)).reduce((sum, folder) => sum + kib(folder), 0)
  return { own: kib(path.join(modules, name)), all: kib(modules) - left }
}

export interface Start {
  /** Modules that an import loads, Effect's included: the same on every machine. */
  readonly files: number
  /** Milliseconds of it, at best. */
  readonly milliseconds: number
  /** Processor time of it, in that of importing `effect/Effect` alone: nearly the same on every machine. */
  readonly time: number
}

/** The entry to whose import all others are compared. */
const yardstick = "effect/Effect"

const evaluate = (project: string, script: string): string =>
  execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: project, encoding: "utf8" })

const once = (project: string, specifier: string) =>
  JSON.parse(
    evaluate(
      project,
      `const start = performance.now(), before = process.cpuUsage()
       await import(${JSON.stringify(specifier)})
       const { user, system } = process.cpuUsage(before)
       console.log(JSON.stringify({ wall: performance.now() - start, processor: (user + system) / 1000 }))
       process.exit(0)`
    )
  ) as { readonly wall: number; readonly processor: number }

const loaded = (project: string, specifier: string): number =>
  Number(
    evaluate(
      project,
      `import { registerHooks } from "node:module"
       let files = 0
       registerHooks({ load: (url, context, next) => { if (url.startsWith("file:")) files++; return next(url, context) } })
       await import(${JSON.stringify(specifier)})
       console.log(files)
       process.exit(0)`
    )
  )

/** Imports in fresh processes, in turn with the yardstick; the best of each, since all else is noise. */
export const start = (project: string, specifier: string): Start => {
  const ours: Array<{ readonly wall: number; readonly processor: number }> = []
  const theirs: Array<number> = []
  for (let round = 0; round < 5; round++) {
    ours.push(once(project, specifier))
    theirs.push(once(project, yardstick).processor)
  }
  return {
    files: loaded(project, specifier),
    milliseconds: Math.min(...ours.map(({ wall }) => wall)),
    time: Math.min(...ours.map(({ processor }) => processor)) / Math.min(...theirs)
  }
}

/** A line of the page's tables: a package's size, or an entry's start. */
const sizeLine = (name: string, { all, own }: Size): string =>
  `| \`${name}\` | ${Math.round(own)} KiB | ${(all / 1024).toFixed(1)} MiB |`
const startLine = (specifier: string, { files, milliseconds, time }: Start): string =>
  `| \`${specifier}\` | ${files} | ${Math.round(milliseconds)} ms | ${time.toFixed(2)} |`

/** The cells of the page's line for this package or entry, as numbers. */
const stated = (text: string, table: "sizes" | "starts", key: string): ReadonlyArray<number> | undefined => {
  const part = text.split(`<!-- ${table} -->`)[1]?.split("<!-- end -->")[0]
  const line = part?.split("\n").find((one) => one.startsWith(`| \`${key}\` `))
  return line
    ?.split("|")
    .slice(2, -1)
    .map((cell) => Number.parseFloat(cell))
}

const differs = (what: string, measured: number, said: number, room: number, least: number): ReadonlyArray<string> =>
  Math.abs(measured - said) <= least
    ? []
    : measured > said * room
      ? [`${what} is ${measured.toFixed(2)}, and ${page} says ${said}: make it lighter, or state it with the reason`]
      : measured * room < said
        ? [`${what} is only ${measured.toFixed(2)}, and ${page} says ${said}: state what is true now`]
        : []

/** What is wrong about the page's statement of a package's size; nothing if it holds. */
export const judgeSize = (name: string, { all, own }: Size, text = read(page)): ReadonlyArray<string> => {
  const said = stated(text, "sizes", name)
  if (said === undefined) return [`${page} does not say how large ${name} is: ${sizeLine(name, { all, own })}`]
  return [
    ...differs(`KiB of ${name}`, own, said[0]!, room.kib, least.own),
    ...differs(`MiB of an install of ${name}`, all / 1024, said[1]!, room.kib, least.all)
  ]
}

/** What is wrong about the page's statement of an entry's start; its milliseconds are of one machine and bind nobody. */
export const judgeStart = (specifier: string, start: Start, text = read(page)): ReadonlyArray<string> => {
  const said = stated(text, "starts", specifier)
  if (said === undefined) return [`${page} does not say what ${specifier} loads: ${startLine(specifier, start)}`]
  return [
    ...differs(`the number of modules that ${specifier} loads`, start.files, said[0]!, room.files, least.files),
    ...differs(
      `the time to import ${specifier}, in imports of ${yardstick},`,
      start.time,
      said[2]!,
      room.time,
      least.time
    )
  ]
}

/** Writes what was measured into the page, and leaves its other lines: `STATE=1 npm run packed`. */
export const state = (sizes: ReadonlyMap<string, Size>, starts: ReadonlyMap<string, Start>): void => {
  const fill = (text: string, table: string, lines: ReadonlyMap<string, string>): string => {
    const [before, rest] = text.split(`<!-- ${table} -->`)
    const [old, ...after] = rest!.split("<!-- end -->")
    const [head, rule, ...kept] = old!.trim().split("\n")
    const all = new Map([...kept.map((line) => [/`(.+?)`/.exec(line)![1]!, line] as const), ...lines])
    return `${before}<!-- ${table} -->\n\n${[head, rule, ...[...all].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line)].join("\n")}\n\n<!-- end -->${after.join("<!-- end -->")}`
  }
  let text = read(page)
  text = fill(text, "sizes", new Map([...sizes].map(([name, size]) => [name, sizeLine(name, size)])))
  text = fill(text, "starts", new Map([...starts].map(([one, start]) => [one, startLine(one, start)])))
  writeFileSync(path.join(root, page), text)
}
