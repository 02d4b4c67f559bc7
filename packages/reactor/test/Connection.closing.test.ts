/** How long closing may take, on a clock of the test's. */
import { Connection, limits, Server } from "@handoff/reactor"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { vi } from "vitest"
import { tcp } from "./support/peers.ts"
import { moveClock, sockets, turns, until } from "./support/turns.ts"

moveClock()

describe("closing", () => {
  it.live("ends although the peer takes nothing more of what was written", () =>
    Effect.gen(function* () {
      const peer = yield* tcp((socket) => socket.pause())
      const before = sockets()
      const clients: Array<Connection.Connection> = []
      const scope = yield* Scope.make()
      for (const how of ["scope", "close"] as const) {
        const client = yield* Connection.connect(`tcp:127.0.0.1:${peer.port}`, {}).pipe(Scope.provide(scope))
        clients.push(client)
        yield* Effect.forkChild(Effect.exit(client.write(new Uint8Array(30_000_000))))
        yield* until(() => client.sent > 0 && peer.open() === clients.length)
        if (how === "close") yield* client.close
      }
      yield* Scope.close(scope, Exit.void)
      // Not yet: a slow peer gets its time.
      vi.advanceTimersByTime(limits.idleTimeout.default - 100)
      assert.isAbove(sockets(), before + 2)
      vi.advanceTimersByTime(200)
      // The peer's own are left.
      yield* until(() => sockets() <= before + 2)
    })
  )
  it.live("of a server ends although a handler's finalizer never does", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      let over = false
      const server = yield* Server.serve({}, () => Effect.ensuring(Effect.never, Effect.never), { drain: 0 }).pipe(
        Scope.provide(scope)
      )
      yield* Connection.connect(`tcp:${server.address}`)
      yield* until(() => Effect.runSync(server.stats).open === 1)
      const before = vi.getTimerCount()
      Effect.runFork(
        Effect.ensuring(
          Scope.close(scope, Exit.void),
          Effect.sync(() => void (over = true))
        )
      )
      yield* until(() => vi.getTimerCount() > before)
      // The handlers' time, which is none, and then that of their finalizers.
      vi.advanceTimersByTime(10)
      yield* until(turns(20))
      assert.isFalse(over)
      vi.advanceTimersByTime(limits.drain.default)
      yield* until(() => over)
    })
  )
})
