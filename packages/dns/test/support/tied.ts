/** Programs that end when this process does, however it ends: one that lived on would keep its port from the next. */
import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process"
import { accessSync, constants } from "node:fs"

/** Where util-linux has it; without it, a program is stopped by whoever started it only. */
const setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
})

/** As `spawn`; the kernel ends the program when its parent is gone. By SIGTERM, since name servers have children of their own. */
export const spawnTied = (program: string, args: ReadonlyArray<string>, options: SpawnOptions): ChildProcess =>
  setpriv === undefined
    ? spawn(program, args, options)
    : spawn(setpriv, ["--pdeathsig", "TERM", "--", program, ...args], options)
