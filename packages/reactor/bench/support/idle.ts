/** Ten thousand connections at once, each having made one exchange and then waiting: do all stand, and what does each cost? */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import type { Bench } from "@handoff/bench"
import { Exchange } from "@handoff/core"
import { Connection, Framing, Reactor } from "@handoff/reactor"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Scope from "effect/Scope"
import * as net from "node:net"

const request = new Uint8Array(64).fill(0x78)
const hostOf = (slot: number): string => `127.0.0.${1 + (slot % 8)}`

/** Opens all at once; `open` resolves once its exchange is made. */
const measured = async (
  ctx: Bench.Context,
  open: (slot: number, port: number) => Promise<unknown>
): Promise<Bench.Figures> => {
  const count = ctx.quick ? 2_000 : 10_000
  const port = Number(ctx.environment["port"])
  // What is loaded and compiled once is not a connection's cost.
  const kept: Array<unknown> = [await Promise.all(Array.from({ length: 50 }, (_, slot) => open(slot, port)))]
  const collected = async (options?: object): Promise<NodeJS.MemoryUsage> => {
    for (let i = 0; i < 5; i++) {
      globalThis.gc!(options as never)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return process.memoryUsage()
  }
  /**
   * Octets held after a usual collection, which leaves the young generation as large as the opening made it, and after
   * one that gives back what is free, as V8 makes it when memory is short or the process is idle.
   */
  const settle = async () => {
    const { rss: asLeft } = await collected()
    const { external, heapUsed, rss } = await collected({ type: "major", execution: "sync", flavor: "last-resort" })
    return { heap: heapUsed + external, resident: rss, asLeft }
  }
  const before = await settle()
  const delays: Array<number> = []
  let last = performance.now()
  const sampler = setInterval(() => {
    const time = performance.now()
    delays.push(time - last)
    last = time
  }, 2)
  const started = performance.now()
  let done = 0
  kept.push(
    await Promise.all(Array.from({ length: count }, (_, slot) => open(slot, port).then((one) => (done++, one))))
  )
  const seconds = (performance.now() - started) / 1_000
  clearInterval(sampler)
  ctx.check(done === count, `${done} of ${count} connections stand`)
  const after = await settle()
  ctx.check(kept.length > 1, "the connections are held")
  return {
    connections: done,
    "heap and external per connection, octets": (after.heap - before.heap) / count,
    "resident per connection, octets": (after.resident - before.resident) / count,
    "resident as the opening left it, octets": (after.asLeft - before.asLeft) / count,
    "opened/s": count / seconds,
    "loop delay p99, ms": delays.toSorted((a, b) => a - b)[Math.floor(delays.length * 0.99)] ?? 0
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

/** Our executor: all exchanges at once, and their connections kept afterwards. */
export const kept: Bench.Run = (ctx) => {
  const scope = Effect.runSync(Scope.make())
  const executor = Effect.runSync(
    Scope.provide(Reactor.make({ keep: { perPeer: 10_100, idle: "1 hour" }, idleTimeout: "1 minute" }), scope)
  )
  const peers = Array.from({ length: 8 }, (_, slot) =>
    NetAddress.inetAddressFromIpStringUnsafe(hostOf(slot), Number(ctx.environment["port"]))
  )
  return measured(ctx, (slot) => {
    const task = new Exchange({
      transport: "tcp",
      peer: peers[slot % 8]!,
      request,
      until: { _tag: "Octets", octets: 64 }
    })
    // The executor holds the connection; the reply is nobody's.
    return Effect.runPromise(Effect.asVoid(executor.run(task)))
  })
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
