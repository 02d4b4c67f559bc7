/**
 * Who works on a run of a store: a process, so that two never go on with the same run. On this machine the system says
 * whether it still lives, also after a crash; of another machine only that it was heard of lately can be known.
 */
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as limits from "./limits.ts"

export interface Holder {
  readonly pid: number
  readonly machine: string
  /** When the process began, in the system's words, so that another one of the same number is not taken for it. */
  readonly began: string | undefined
  /** When it was last heard of; milliseconds since 1970. */
  readonly seen: number
}

/** This process. */
export const self = (now: number): Holder => ({
  pid: process.pid,
  machine: Os.hostname(),
  began: beganOf(process.pid),
  seen: now
})

/** Whether it may still be at work. */
export const isThere = ({ began, machine, pid, seen }: Holder, now: number): boolean => {
  if (machine !== Os.hostname()) return now - seen < limits.holderSilent
  try {
    process.kill(pid, 0)
  } catch (error) {
    // Another user's process lives, too.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false
  }
  return began === undefined || began === (beganOf(pid) ?? began)
}

export const describe = ({ machine, pid }: Holder): string =>
  machine === Os.hostname() ? `process ${pid}` : `process ${pid} on ${machine}`

/** Field 22 of `proc_pid_stat(5)`, counted from behind the name, which may have blanks; undefined where there is none. */
const beganOf = (pid: number): string | undefined => {
  try {
    const stat = Fs.readFileSync(`/proc/${pid}/stat`, "latin1")
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]
  } catch {
    return undefined
  }
}
