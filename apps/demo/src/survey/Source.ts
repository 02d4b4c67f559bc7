/** Where a survey's hosts come from: a file, standard input, or the lab's plan. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import type { Readable } from "node:stream"
import type * as Plan from "../lab/Plan.ts"
import { Trouble } from "../program/Trouble.ts"
import * as HostsFile from "./HostsFile.ts"
import { octets } from "./octets.ts"
import * as limits from "./limits.ts"
import type { Port } from "./Target.ts"
import * as ZoneSource from "./ZoneSource.ts"

export interface Source {
  /** Shown in front of line numbers. */
  readonly name: string
  readonly entries: Stream.Stream<HostsFile.Entry, Trouble>
  /**
   * Hosts that there are, as far as can be told: for the progress bar. A line that has not been read is taken for one
   * host; undefined where nobody knows how many lines will come.
   */
  readonly hosts: () => number | undefined
}

/** A file, or standard input for `-`. */
export const fromFile = Effect.fnUntraced(function* (name: string): Effect.fn.Return<Source, Trouble> {
  if (name === "-") {
    return {
      name: "stdin",
      entries: HostsFile.decode(read("standard input", () => process.stdin)),
      hosts: () => undefined
    }
  }
  const stat = yield* Effect.tryPromise({
    try: () => Fs.promises.stat(name),
    catch: (cause) => unreadable(name, cause)
  })
  if (stat.isDirectory())
    return yield* new Trouble({ what: `${name} is a directory`, hint: "name a file with a host per line" })
  const open = () => Fs.createReadStream(name)
  const lines = stat.isFile() ? yield* countLines(read(name, open)) : undefined
  const seen: HostsFile.Count = { lines: 0, hosts: 0 }
  return {
    name,
    entries: HostsFile.decode(read(name, open), seen),
    hosts: () => (lines === undefined ? undefined : Math.max(0, lines - seen.lines) + seen.hosts)
  }
})

/** A zone file, or one from standard input for `-`; `origin` is what its relative names are relative to where it does not say. */
export const fromZone = Effect.fnUntraced(function* (
  name: string,
  origin: string | undefined
): Effect.fn.Return<Source, Trouble> {
  const text = yield* name === "-"
    ? readWhole(
        read("standard input", () => process.stdin),
        limits.zoneOctets
      )
    : Effect.tryPromise({
        try: async () => {
          const { size } = await Fs.promises.stat(name)
          return size > limits.zoneOctets ? undefined : Fs.promises.readFile(name, "latin1")
        },
        catch: (cause) => unreadable(name, cause)
      })
  if (text === undefined) return yield* new Trouble({ what: `${name} has more than ${limits.zoneOctets} octets` })
  const targets = ZoneSource.targets(name === "-" ? "stdin" : name, text, origin)
  if (targets instanceof Trouble) return yield* targets
  return { name, entries: Stream.fromIterable(targets), hosts: () => targets.length }
})

/** All that a stream gives, an octet a character; undefined where that is more than `most`. */
const readWhole = (
  octets: Stream.Stream<Uint8Array, Trouble>,
  most: number
): Effect.Effect<string | undefined, Trouble> =>
  Effect.suspend(() => {
    const pieces: Array<Uint8Array> = []
    let size = 0
    const take = (piece: Uint8Array) => {
      pieces.push(piece)
      size += piece.length
      return size <= most
    }
    return Effect.map(Stream.runDrain(Stream.takeWhile(octets, take)), () =>
      size > most ? undefined : Buffer.concat(pieces).toString("latin1")
    )
  })

/** The hosts of a lab, as if from a file. */
export const fromPlan = (plan: Plan.Plan): Source => ({
  name: "lab",
  entries: Stream.fromIterable(
    plan.hosts.map((host, index) => ({
      _tag: "Target" as const,
      line: index + 1,
      host: host.name,
      isAddress: false,
      ports: []
    }))
  ),
  hosts: () => plan.hosts.length
})

/** The ports of a lab. */
export const portsOf = (plan: Plan.Plan): ReadonlyArray<Port> =>
  [
    ...new Map(
      plan.hosts.flatMap((host) => host.services).map(({ port, protocol }) => [port, { port, protocol }] as const)
    ).values()
  ].toSorted((a, b) => a.port - b.port)

/** The lab's ports that speak what these speak: a preset is about protocols, and the lab has them on ports of its own. */
export const portsFor = (plan: Plan.Plan, wanted: ReadonlyArray<Port>): ReadonlyArray<Port> =>
  portsOf(plan).flatMap(({ port, protocol }) => {
    if (wanted.some((other) => other.protocol === protocol)) return [{ port, protocol }]
    return protocol === "https" && wanted.some((other) => other.protocol === "tls") ? [{ port, protocol: "tls" }] : []
  })

const read = (name: string, open: () => Readable) => octets(open, (cause) => unreadable(name, cause))

/** The last one may have no newline. */
const countLines = (file: Stream.Stream<Uint8Array, Trouble>): Effect.Effect<number, Trouble> =>
  Effect.map(
    Stream.runFold(
      file,
      () => ({ newlines: 0, last: 10 }),
      (count, chunk) => {
        for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) count.newlines++
        count.last = chunk.at(-1) ?? count.last
        return count
      }
    ),
    ({ last, newlines }) => (last === 10 ? newlines : newlines + 1)
  )

const unreadable = (name: string, cause: unknown): Trouble => {
  const { code } = cause as NodeJS.ErrnoException
  return new Trouble({
    what: `cannot read ${name} (${code ?? String(cause)})`,
    ...(code === "ENOENT" ? { hint: "name a file with a host per line, or - for standard input" } : {}),
    cause
  })
}
