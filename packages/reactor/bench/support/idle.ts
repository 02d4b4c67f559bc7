/** Ten thousand connections at once, each having made one exchange and then waiting: do all stand, and what does each cost? */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import type { Bench } from "@handoff/bench"
import { Connection, Framing } from "@handoff/reactor"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as net from "node:net"

const request = new Uint8Array(64).fill(0x78)
const hostOf = (slot: number): string => `127.0.0.${1 + (slot % 8)}`

/** Opens all, 500 at a time; `open` resolves once its exchange is made. */
const measured = async (
  ctx: Bench.Context,
  open: (slot: number, port: number) => Promise<unknown>
): Promise<Bench.Figures> => {
  const count = ctx.quick ? 2_000 : 10_000
  const port = Number(ctx.environment["port"])
  // What is loaded and compiled once is not a connection's cost.
  const kept: Array<unknown> = [await Promise.all(Array.from({ length: 50 }, (_, slot) => open(slot, port)))]
  const settle = async (): Promise<number> => {
    for (let i = 0; i < 4; i++) {
      globalThis.gc!()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const { arrayBuffers, external, heapUsed } = process.memoryUsage()
    return heapUsed + external + arrayBuffers * 0
  }
  const before = await settle()
  const started = performance.now()
  let done = 0
  for (let from = 0; from < count; from += 500) {
    const some = await Promise.all(
      Array.from({ length: Math.min(500, count - from) }, (_, i) => open(from + i, port).then((one) => (done++, one)))
    )
    kept.push(some)
  }
  const seconds = (performance.now() - started) / 1_000
  ctx.check(done === count, `${done} of ${count} connections stand`)
  const after = await settle()
  ctx.check(kept.length > 1, "the connections are held")
  return {
    connections: done,
    "per idle connection, octets": (after - before) / count,
    "opened/s": count / seconds
  }
}

export const raw: Bench.Run = (ctx) =>
  measured(
    ctx,
    (slot, port) =>
      new Promise((resolve, reject) => {
        let received = 0
        const socket = net.connect({ host: hostOf(slot), port, noDelay: true })
        socket.on("connect", () => socket.write(request))
        socket.on("error", reject)
        socket.on("data", (chunk) => {
          received += chunk.length
          if (received === 64) resolve(socket)
        })
      })
  )

export const rawOnread: Bench.Run = (ctx) => {
  const shared = Buffer.allocUnsafe(65_536)
  return measured(
    ctx,
    (slot, port) =>
      new Promise((resolve, reject) => {
        let received = 0
        const socket = net.connect({
          host: hostOf(slot),
          port,
          noDelay: true,
          onread: {
            buffer: shared,
            callback: (octets: number) => {
              received += octets
              if (received === 64) resolve(socket)
              return true
            }
          }
        } as net.NetConnectOpts)
        socket.on("connect", () => socket.write(request))
        socket.on("error", reject)
      })
  )
}

/** A `Connection` each, with its reader, timeouts and scope. */
export const connection: Bench.Run = (ctx) => {
  const scope = Effect.runSync(Scope.make())
  const framing = Framing.fixed(64)
  const open = (slot: number, port: number) =>
    Effect.gen(function* () {
      const made = yield* Connection.connect(`tcp:${hostOf(slot)}:${port}`)
      yield* made.write(request)
      yield* made.read(framing)
      return made
    }).pipe(Scope.provide(scope))
  return measured(ctx, (slot, port) => Effect.runPromise(open(slot, port)))
}

export const effectSocket: Bench.Run = (ctx) => {
  const scope = Effect.runSync(Scope.make())
  const open = (slot: number, port: number) =>
    Effect.gen(function* () {
      const socket = yield* NodeSocket.makeNet({ host: hostOf(slot), port, noDelay: true })
      const reader = yield* socket.reader
      const writer = yield* socket.writer
      yield* writer.write(request)
      let received = 0
      while (received < 64) for (const chunk of yield* reader.pull) received += chunk.length
      return { socket, reader, writer }
    }).pipe(Scope.provide(scope))
  return measured(ctx, (slot, port) => Effect.runPromise(open(slot, port)))
}
