/**
 * Every number of this package: its default, its range, its unit, and why. A number without a source is our own
 * judgement and says so.
 */
export interface Limit {
  readonly default: number
  readonly min: number
  readonly max: number
  readonly unit: "octets" | "milliseconds" | "connections" | "tasks" | "per second"
  readonly reason: string
}

const limit = (value: number, min: number, max: number, unit: Limit["unit"], reason: string): Limit => ({
  default: value,
  min,
  max,
  unit,
  reason
})

/** The largest delay a Node timer keeps (a signed 32-bit count of milliseconds). */
const longest = 2 ** 31 - 1

export const maxOctets = limit(
  65_536,
  0,
  2 ** 31 - 1,
  "octets",
  "a reply nobody stated a size for; the task's own default"
)
export const maxFrameOctets = limit(
  1_048_576,
  1,
  2 ** 31 - 1,
  "octets",
  "our judgement: above any text protocol's line, below what hurts a heap when 1,000 peers send it"
)
export const readBufferOctets = limit(
  65_536,
  1_024,
  16_777_216,
  "octets",
  "libuv's own suggestion for one read; one buffer is shared by all sockets"
)
export const highWaterOctets = limit(
  65_536,
  1,
  2 ** 31 - 1,
  "octets",
  "unsent or unread octets above which the producer is stopped; Node's stream default since 22"
)
export const lowWaterOctets = limit(
  16_384,
  0,
  2 ** 31 - 1,
  "octets",
  "a quarter of the high mark, so that one drain is worth a wake-up"
)
export const connectTimeout = limit(
  10_000,
  1,
  longest,
  "milliseconds",
  "the task's own default; three SYN retransmissions (RFC 6298 section 2: 1+2+4 s)"
)
export const tlsTimeout = limit(
  10_000,
  1,
  longest,
  "milliseconds",
  "our judgement: two round trips and a signature, with three retransmissions"
)
export const firstByteTimeout = limit(
  longest,
  1,
  longest,
  "milliseconds",
  "off unless asked: the idle timeout bounds it already"
)
export const idleTimeout = limit(10_000, 1, longest, "milliseconds", "the task's own default")
export const attemptDelay = limit(
  250,
  10,
  2_000,
  "milliseconds",
  "RFC 8305 section 8: Connection Attempt Delay, its default, minimum and maximum"
)
export const resolutionDelay = limit(50, 0, 2_000, "milliseconds", "RFC 8305 section 8: Resolution Delay")
export const connections = limit(
  16_384,
  1,
  1_000_000,
  "connections",
  "below the 28,232 ports Linux gives one destination by default (ip_local_port_range)"
)
export const perPeer = limit(
  16_384,
  1,
  1_000_000,
  "connections",
  "as many as in all: fairness between peers is the queue's, a lower limit is the app's to know"
)
export const waiting = limit(
  1_000_000,
  0,
  16_777_216,
  "tasks",
  "our judgement: a waiting task costs about 300 octets; beyond it Overloaded is honest"
)
export const drain = limit(1_000, 0, longest, "milliseconds", "our judgement: what a person waits for at an exit")
export const scarcityPause = limit(
  20,
  1,
  60_000,
  "milliseconds",
  "our judgement: after EMFILE with nothing of ours open, how long until the next attempt"
)
export const keptPerPeer = limit(64, 1, 65_536, "connections", "our judgement; browsers take 6, load generators 1,000")
export const rate = limit(
  Number.MAX_VALUE,
  0.001,
  Number.MAX_VALUE,
  "per second",
  "off unless asked; one in a quarter of an hour is a schedule rather than a rate"
)
export const pipeline = limit(1, 1, 65_536, "tasks", "only some protocols allow more than one; which, the app knows")
export const maxUses = limit(
  Number.MAX_SAFE_INTEGER,
  1,
  Number.MAX_SAFE_INTEGER,
  "tasks",
  "off unless asked: a peer that wants fewer says so by closing"
)
export const keptIdle = limit(
  4_000,
  1,
  longest,
  "milliseconds",
  "below the 5 s after which Node's and many other servers close an idle connection"
)
export const serverConnections = limit(
  10_000,
  1,
  1_000_000,
  "connections",
  "half of a usual ulimit -n of 20,000; where that is lower, three quarters of what Node leaves of it"
)
export const serverPerPeer = limit(10_000, 1, 1_000_000, "connections", "as many as in all, unless the app states less")
export const linger = limit(
  1_000,
  0,
  longest,
  "milliseconds",
  "our judgement: how long a server's closed connection waits for the client's own end, so that its last reply is read"
)
export const slowClient = limit(
  30_000,
  1,
  longest,
  "milliseconds",
  "asyncio and nginx use 60 s for the same wait; half, because it holds a descriptor"
)
export const holdThreshold = limit(
  50,
  1,
  longest,
  "milliseconds",
  "the lag of a loop that people begin to notice (RAIL: 50 ms of work per turn)"
)

/** Checks a number given for a limit. Throws a `RangeError` that names it: options are the programmer's. */
export const check = (name: string, bounds: Limit, value: number | undefined): number => {
  if (value === undefined) return bounds.default
  if (value === Infinity && bounds.unit !== "octets") return bounds.max
  if (!(value >= bounds.min && value <= bounds.max)) {
    throw new RangeError(`${name} must be from ${bounds.min} to ${bounds.max} ${bounds.unit}, and was ${value}`)
  }
  return value
}
