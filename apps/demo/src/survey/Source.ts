/** Where a survey's hosts come from: a file, standard input, or the lab's plan. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import type { Readable } from "node:stream"
import type * as Plan from "../lab/Plan.ts"
import { Trouble } from "../program/Trouble.ts"
import * as HostsFile from "./HostsFile.ts"
import { octets } from "./octets.ts"
import type { Port } from "./Target.ts"

export interface Source {
  /** Shown in front of line numbers. */
  readonly name: string
  readonly entries: Stream.Stream<HostsFile.Entry, Trouble>
  /** Lines that there are, where that can be told before reading: for the progress bar. */
  readonly lines: number | undefined
}

/** A file, or standard input for `-`. */
export const fromFile = Effect.fnUntraced(function* (name: string): Effect.fn.Return<Source, Trouble> {
  if (name === "-") {
    return { name: "stdin", entries: HostsFile.decode(read("standard input", () => process.stdin)), lines: undefined }
  }
  const stat = yield* Effect.tryPromise({
    try: () => Fs.promises.stat(name),
    catch: (cause) => unreadable(name, cause)
  })
  if (stat.isDirectory())
    return yield* new Trouble({ what: `${name} is a directory`, hint: "name a file with a host per line" })
  const open = () => Fs.createReadStream(name)
  const lines = stat.isFile() ? yield* countLines(read(name, open)) : undefined
  return { name, entries: HostsFile.decode(read(name, open)), lines }
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
  lines: plan.hosts.length
})

/** The ports of a lab. */
export const portsOf = (plan: Plan.Plan): ReadonlyArray<Port> =>
  [
    ...new Map(
      plan.hosts.flatMap((host) => host.services).map(({ port, protocol }) => [port, { port, protocol }] as const)
    ).values()
  ].toSorted((a, b) => a.port - b.port)

const read = (name: string, open: () => Readable) => octets(open, (cause) => unreadable(name, cause))

const countLines = (file: Stream.Stream<Uint8Array, Trouble>): Effect.Effect<number, Trouble> =>
  Stream.runFold(
    file,
    () => 0,
    (count, chunk) => {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) count++
      return count
    }
  )

const unreadable = (name: string, cause: unknown): Trouble => {
  const { code } = cause as NodeJS.ErrnoException
  return new Trouble({
    what: `cannot read ${name} (${code ?? String(cause)})`,
    ...(code === "ENOENT" ? { hint: "name a file with a host per line, or - for standard input" } : {}),
    cause
  })
}
