/**
 * Shared libraries by name, and the addresses of their functions. Both are found once, on the event loop. A library is
 * never unloaded: a thread may be inside.
 */

export interface NotFound {
  readonly reason: "NoLibrary" | "NoSymbol" | "BadCall"
  readonly detail: string
}

/** A function's address in this process, or why there is none. The library `""` is what is loaded already. */
export type Resolve = (library: string, symbol: string) => bigint | NotFound

export interface Loader<Handle> {
  /** Throws if the file cannot be loaded; null is the process itself. */
  readonly open: (file: string | null) => Handle
  readonly symbol: (library: Handle, name: string) => bigint | undefined
}

export const make = <Handle>(loader: Loader<Handle>): Resolve => {
  const handles = new Map<string, Handle>()
  const addresses = new Map<string, bigint>()
  return (library, symbol) => {
    const key = `${library}\0${symbol}`
    const known = addresses.get(key)
    if (known !== undefined) return known
    let handle = handles.get(library)
    if (handle === undefined) {
      const opened = open(loader, library)
      if ("reason" in opened) return opened
      handle = opened.handle
      handles.set(library, handle)
    }
    const address = loader.symbol(handle, symbol)
    if (address === undefined) {
      return { reason: "NoSymbol", detail: `${library === "" ? "the process" : library} has no ${symbol}` }
    }
    addresses.set(key, address)
    return address
  }
}

/** The name itself, or as systems name libraries: with a suffix, and on Linux with the version of its interface. */
const fileNames = (library: string): ReadonlyArray<string> => {
  if (library.includes("/") || library.includes(".")) return [library]
  if (process.platform === "darwin") return [`${library}.dylib`]
  if (process.platform === "win32") return [`${library}.dll`]
  return [`${library}.so`, ...[6, 1, 2, 3, 0, 4, 5, 7, 8, 9].map((version) => `${library}.so.${version}`)]
}

const open = <Handle>(loader: Loader<Handle>, library: string): { readonly handle: Handle } | NotFound => {
  if (library === "") return { handle: loader.open(null) }
  const reasons: Array<string> = []
  for (const file of fileNames(library)) {
    try {
      return { handle: loader.open(file) }
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error))
    }
  }
  // Most are names that were only guessed; one that was there and did not load has more to say.
  const detail = reasons.find((reason) => !reason.includes("No such file")) ?? reasons[0]!
  return { reason: "NoLibrary", detail }
}
