/** How many descriptors this process may have open. */
import * as fs from "node:fs"

let found: number | undefined | null = null

/** The soft limit (`ulimit -n`; Node raises it to the hard one at its start); undefined where the system does not say. */
export const limit = (): number | undefined => {
  if (found === null) found = read()
  return found
}

const read = (): number | undefined => {
  try {
    // proc_pid_limits(5); elsewhere there is no such file.
    const line = /^Max open files\s+(\d+)/m.exec(fs.readFileSync("/proc/self/limits", "latin1"))
    return line === null ? undefined : Number(line[1])
  } catch {
    return undefined
  }
}

/** Node's own: standard streams, epoll, wake-ups, signals; 17 to 22 were counted. */
const ownOfNode = 22

/**
 * How many of them a server may take for its clients: three quarters of what Node leaves, so that handlers can open
 * files and connections of their own, and accepting never finds the last one gone: libuv would then close every
 * connection that waits.
 */
export const forClients = (open: number | undefined): number =>
  open === undefined ? Infinity : Math.max(1, Math.floor((open - ownOfNode) * 0.75))
