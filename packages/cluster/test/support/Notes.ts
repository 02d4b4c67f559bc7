/** A file in which runner processes note what tasks do, and a gate that those tasks wait for: how a test sees and steers them. */
import type { Cluster } from "@handoff/cluster"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { readFileSync, writeFileSync } from "node:fs"
import path from "node:path"
import { Wait, WaitOnce } from "./kinds.ts"

export class Notes {
  /** Where a `WaitOnce` notes that it begins: its number and the process. */
  readonly file: string
  /** The file that tasks are to wait for. */
  readonly gate: string

  constructor(folder: string, name: string) {
    this.file = path.join(folder, name)
    this.gate = path.join(folder, `gate of ${name}`)
    writeFileSync(this.file, "")
  }

  /** Lets go what waits at the gate. */
  open(): void {
    writeFileSync(this.gate, "")
  }

  get lines(): ReadonlyArray<string> {
    return readFileSync(this.file, "utf8").split("\n").slice(0, -1)
  }

  /** The lines of tasks that began. */
  get beginnings(): ReadonlyArray<string> {
    return this.lines.filter((line) => /^\d/.test(line))
  }

  /** Once the lines are as asked for. */
  until(isThere: (lines: ReadonlyArray<string>) => boolean): Effect.Effect<ReadonlyArray<string>> {
    return Effect.repeat(
      Effect.sync(() => this.lines),
      { until: isThere, schedule: Schedule.spaced("20 millis") }
    )
  }

  /** Runs a task that waits at the gate: a `Wait` of an even number, a `WaitOnce` of an odd one. */
  run(executor: Cluster.Cluster<Wait | WaitOnce>, n: number) {
    const { file, gate } = this
    return Effect.exit(
      n % 2 === 0
        ? executor.run(new Wait({ n, milliseconds: 1, until: gate }))
        : executor.run(new WaitOnce({ n, milliseconds: 1, file, until: gate }))
    )
  }
}
