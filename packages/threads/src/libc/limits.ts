/** Every number of the platform's name service and of blocking calls: default, range, unit, reason. */

export interface Limit {
  readonly default: number
  readonly minimum: number
  readonly maximum: number
}

/**
 * Calls that block at once; threads are started as calls need them. 64 waiting threads cost about 1.5 MB together
 * (measured), so the default is far above libuv's four; 1,000 is where a process' usual limits on threads begin.
 */
export const threads: Limit = { default: 64, minimum: 1, maximum: 1_000 }

/**
 * The same for workers, where no addon loads: each costs about 13 MB and 22 ms to start (measured).
 */
export const workers: Limit = { default: 8, minimum: 1, maximum: 64 }

/** Calls waiting for a thread beyond those that block; a call more is answered with `Overloaded`. */
export const queue: Limit = { default: 100_000, minimum: 0, maximum: 10_000_000 }

/** Milliseconds after which an idle thread ends: longer than the pauses of a busy program, shorter than a person's. */
export const idleMillis: Limit = { default: 10_000, minimum: 0, maximum: 3_600_000 }

/**
 * Octets of stack for each thread, reserved as addresses and used only as far as touched. Name service modules need up
 * to some 100 KB (glibc's own `getaddrinfo` uses under 10 KB); 512 KB leave room for functions of any library.
 */
export const stackOctets: Limit = { default: 524_288, minimum: 65_536, maximum: 67_108_864 }

/** Milliseconds of answers in one turn of the event loop; the rest of a wave waits for the next turn. */
export const sliceMillis: Limit = { default: 1, minimum: 0, maximum: 1_000 }

/** Arguments of a C function: what the call stub of the addon has room for. */
export const functionArguments: Limit = { default: 16, minimum: 0, maximum: 16 }

/** The nearest value in the range; the default for undefined and NaN. */
export const clamp = (limit: Limit, value: number | undefined): number =>
  value === undefined || Number.isNaN(value)
    ? limit.default
    : Math.min(limit.maximum, Math.max(limit.minimum, Math.floor(value)))
