/**
 * Finds and loads the addon: the binary that the package brings for this system and C library, otherwise what was built
 * on this machine.
 */
import * as fs from "node:fs"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import type { Backend, Constants, OnReturn } from "./Backend.ts"
import * as Libraries from "./Libraries.ts"
import * as limits from "./limits.ts"
import { Slices } from "./Slices.ts"

/** The addon's own functions; `native/source/addon.c` documents them. */
export interface Addon {
  readonly constants: Constants
  /** 1 where it can call any C function, 0 where it knows no call stub for the processor. */
  readonly stub: number
  readonly create: (
    threads: number,
    stackOctets: number,
    idleMillis: number,
    onDone: (list: ReadonlyArray<unknown>) => void
  ) => object
  readonly close: (pool: object) => void
  readonly cancel: (pool: object, id: number) => number
  readonly stats: (
    pool: object
  ) => readonly [threads: number, idle: number, running: number, abandoned: number, queued: number]
  readonly open: (path: string | null) => bigint
  readonly symbol: (library: bigint, name: string) => bigint | null
  readonly getaddrinfo: (pool: object, ...args: ReadonlyArray<unknown>) => number
  readonly getnameinfo: (pool: object, ...args: ReadonlyArray<unknown>) => number
  readonly gethostbyname: (pool: object, ...args: ReadonlyArray<unknown>) => number
  readonly gethostbyaddr: (pool: object, ...args: ReadonlyArray<unknown>) => number
  readonly call: (pool: object, ...args: ReadonlyArray<unknown>) => number
}

const binary = "handoff_libc.node"

/** The package's folder: this file is two levels below it, in `src` and in `dist` alike. */
const packageUrl = new URL("../../", import.meta.url)

/**
 * Which C library this Node runs on. The name of the dynamic loader stands at the beginning of the executable; asking
 * `process.report` would take milliseconds.
 */
const libcName = (): "glibc" | "musl" => {
  const head = Buffer.alloc(4096)
  const file = fs.openSync(process.execPath, "r")
  try {
    fs.readSync(file, head)
  } finally {
    fs.closeSync(file)
  }
  return head.includes("/ld-musl-") ? "musl" : "glibc"
}

/** The folder's name under `prebuilds`: `linux-x64-glibc`. */
export const target = (): string =>
  process.platform === "linux" ? `linux-${process.arch}-${libcName()}` : `${process.platform}-${process.arch}`

/** The files that are tried, in order. */
const candidates = (): ReadonlyArray<string> =>
  [`prebuilds/${target()}/${binary}`, `native/build/${binary}`].map((path) => fileURLToPath(new URL(path, packageUrl)))

/** The addon, or for each file that was tried why it does not load. */
export const load = (files: ReadonlyArray<string> = candidates()): Addon | ReadonlyArray<string> => {
  const require = createRequire(import.meta.url)
  const reasons: Array<string> = []
  for (const file of files) {
    if (!fs.existsSync(file)) {
      reasons.push(`${file}: not there`)
      continue
    }
    try {
      return require(file) as Addon
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error))
    }
  }
  return reasons
}

export interface Options {
  readonly threads: number
  readonly stackOctets: number
  readonly idleMillis: number
}

const noStub = {
  reason: "BadCall",
  detail: `the addon has no call stub for ${process.arch}; the backend "workers" calls any function through koffi`
} as const

/** The addon's threads. */
export const makeBackend = (addon: Addon, options: Options): Backend => {
  const waiting = new Map<number, OnReturn>()
  const returns = new Slices(limits.sliceMillis.default)
  const onDone = (list: ReadonlyArray<unknown>) => {
    for (let i = 0; i < list.length; i += 4) {
      const id = list[i] as number
      const onReturn = waiting.get(id)
      waiting.delete(id)
      if (onReturn) returns.push(() => onReturn(list[i + 1] as number, list[i + 2] as number, list[i + 3]))
    }
    returns.run()
  }
  const resolve = Libraries.make({
    open: addon.open,
    symbol: (library, name) => addon.symbol(library, name) ?? undefined
  })
  const { idleMillis, stackOctets, threads } = options
  const pool = addon.create(threads, stackOctets, idleMillis, onDone)
  return {
    name: "addon",
    constants: addon.constants,
    threads,
    start: (operation, onReturn) => {
      const [call, ...args] = operation
      const id = addon[call](pool, ...args)
      if (id >= 0) waiting.set(id, onReturn)
      return id
    },
    abandon: (id) => {
      // Only where the system gave no thread does a started call wait in the addon; then it is dropped there.
      if (addon.cancel(pool, id) === 0) return
      const onReturn = waiting.get(id)
      waiting.delete(id)
      onReturn?.(0, 0, null)
    },
    resolve: addon.stub === 1 ? resolve : () => noStub,
    figures: () => {
      const [all, idle] = addon.stats(pool)
      return { threads: all, idle }
    },
    close: () => {
      waiting.clear()
      returns.clear()
      addon.close(pool)
    }
  }
}
