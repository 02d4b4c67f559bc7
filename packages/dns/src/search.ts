/**
 * Which names a name stands for, in which order: the search list, as glibc's `res_nsearch` walks it. Pure.
 */
import type { Answer } from "./Answer.ts"
import { Failure } from "./Failure.ts"

export interface Settings {
  readonly search: ReadonlyArray<string>
  readonly ndots: number
}

/**
 * The absolute names to ask for, first to last. A final dot means the name as it is, and nothing else. With at least
 * `ndots` dots it is tried as it is first, else last.
 */
export const candidates = (name: string, settings: Settings): ReadonlyArray<string> => {
  if (name.endsWith(".")) return [name]
  const asItIs = `${name}.`
  let dots = 0
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) === 0x2e) dots++
  const searched: Array<string> = []
  for (const domain of settings.search) {
    const candidate = domain === "." || domain === "" ? asItIs : `${name}.${domain}.`
    if (candidate !== asItIs || !searched.includes(asItIs)) searched.push(candidate)
  }
  const rest = searched.filter((candidate) => candidate !== asItIs)
  if (dots >= settings.ndots) return [asItIs, ...rest]
  return searched.includes(asItIs) ? searched : [...searched, asItIs]
}

type Result = Answer | Failure

/**
 * What is said when no candidate has records: as glibc, what was found for the name as it is; then that some candidate
 * exists without such records; then a failure of a server; then that there is no such name.
 */
export class Verdict {
  private asItIs: Result | undefined
  private noRecord: Result | undefined
  private failure: Failure | undefined
  private last: Result | undefined

  /** Whether the walk goes on after this result. A server's failure for one candidate does not end it. */
  note(result: Result, isAsItIs: boolean): boolean {
    this.last = result
    if (isAsItIs) this.asItIs = result
    if (result instanceof Failure) {
      this.failure ??= result
      // Nobody answers: asking for more names only takes longer.
      return result.reason !== "Timeout" && result.code !== "ECLOSED" && result.code !== "EOVERLOADED"
    }
    if (result.kind === "no record") this.noRecord ??= result
    return true
  }

  get result(): Result {
    return this.asItIs ?? this.noRecord ?? this.failure ?? this.last!
  }
}
