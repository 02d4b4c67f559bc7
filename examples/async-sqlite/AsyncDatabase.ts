/** An SQLite database as Effects and Streams: readers on all threads, one writer at a time. */
import { Threads } from "@handoff/threads"
import * as Effect from "effect/Effect"

export const open = (file: string) =>
  Effect.gen(function* () {
    const url = new URL("./database.ts", import.meta.url)
    const threads = yield* Threads.make({ maxThreads: 2, hooks: { module: url.href }, data: file })
    const { execute, query, run } = threads.module<typeof import("./database.ts")>(url)
    return {
      execute,
      /** Rows as a `Stream`, with back-pressure into the thread. */
      query: query.stream,
      /** SQLite has one writer; calls of one key run one after the other, so none waits inside SQLite. */
      write: run.with({ key: "writer" })
    }
  })
