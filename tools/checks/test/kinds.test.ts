/** The table of kinds in ARCHITECTURE.md, cell by cell: who says that it runs a kind, and who refuses it. */
import { assert, describe, it } from "@effect/vitest"
import { type Executor, type Task } from "@handoff/core"
import { Dns } from "@handoff/dns"
import { Reactor } from "@handoff/reactor"
import { Threads } from "@handoff/threads"
import { Libc } from "@handoff/threads/libc"
import * as Effect from "effect/Effect"
import { files, read } from "../src/Workspace.ts"

type Cell = readonly [strategy: string, kind: string, words: string]

/** The cells of the table, without its last row: an app's own kinds are as many as apps. */
const cells: ReadonlyArray<Cell> = (() => {
  const lines = read("ARCHITECTURE.md").split("## Kinds, and who runs them")[1]!.split("\n")
  const table = lines.filter((line) => line.startsWith("| ")).map((line) => line.split("|").slice(1, -1))
  const [head, , ...rows] = table
  const strategies = head!.slice(1).map((cell) => /`(\w+)`/.exec(cell)![1]!)
  return rows.flatMap(([first, ...rest]) => {
    const kind = /^ `(\w+)`/.exec(first!)?.[1]
    return kind === undefined ? [] : rest.map((cell, i): Cell => [strategies[i]!, kind, cell.trim()])
  })
})()

/** What a column is about: `threads` has its second entry for names. */
const members = {
  threads: Effect.all([Threads.make({ maxThreads: 1 }), Libc.make({ threads: 1 })]),
  reactor: Effect.map(Reactor.make(), (reactor) => [reactor]),
  dns: Effect.map(Dns.make({ servers: ["127.0.0.1:9"], resolvConf: false }), (dns) => [dns])
} as const

const supports = (all: ReadonlyArray<Executor.Executor<any>>, kind: Task.Kind): boolean =>
  all.some((one) => one.supports(kind))

describe("the table of kinds in ARCHITECTURE.md", () => {
  it("has a row for every kind that strategies share, and a column for each that does work itself", () => {
    const shared = files("packages/core/src/tasks/*.ts").filter((file) => /Task\.make\(/.test(read(file)))
    assert.sameMembers(
      [...new Set(cells.map(([, kind]) => kind))],
      shared.map((file) => /(\w+)\.ts$/.exec(file)![1]!)
    )
    assert.sameMembers([...new Set(cells.map(([strategy]) => strategy))], Object.keys(members))
  })

  for (const [strategy, make] of Object.entries(members)) {
    it.live(`says truly what ${strategy} runs, and what it refuses`, () =>
      Effect.gen(function* () {
        const all = yield* make
        for (const [, kind, words] of cells.filter(([one]) => one === strategy)) {
          assert.strictEqual(supports(all, kind), words !== "Unsupported", `${kind}: ${words}`)
        }
      })
    )
  }
})
