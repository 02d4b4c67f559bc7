import { readFileSync } from "node:fs"
import type { RecordTypes } from "@handoff/dns/wire"

/** A line of `vectors.txt`. */
export interface Vector {
  readonly type: RecordTypes.KnownType
  /** Rdata as we print it. */
  readonly text: string
  readonly octets: Uint8Array
  readonly source: string
}

export const vectors: ReadonlyArray<Vector> = readFileSync(new URL("vectors.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => {
    const cells = line.split(" | ")
    const [type, source] = [cells[0]!, cells.at(-1)!]
    return {
      type: type as RecordTypes.KnownType,
      text: cells.slice(1, -2).join(" | "),
      octets: new Uint8Array(Buffer.from(cells.at(-2)!, "hex")),
      source
    }
  })
