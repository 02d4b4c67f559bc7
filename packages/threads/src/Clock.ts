/**
 * The system's clock, as workers read it. `performance` would do, and would first load sixteen modules of Node's: 0.2 MB a
 * thread. No import of Effect.
 */

/** Milliseconds since some moment that is the same for all threads of a process. */
export const now = (): number => {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}
