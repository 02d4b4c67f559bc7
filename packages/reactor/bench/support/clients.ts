/** The same exchanges by every Node client: 64 octets out, 64 back, from so many workers at once. */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import type { Bench } from "@handoff/bench"
import type { Executor } from "@handoff/core"
import { Exchange } from "@handoff/core"
import { Framing, Pool, Reactor } from "@handoff/reactor"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import type * as Scope from "effect/Scope"
import * as fs from "node:fs"
import * as net from "node:net"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { warmUp } from "./warmUp.ts"

export type Mode = "churn" | "kept"

const request = new Uint8Array(64).fill(0x78)
/**
 * Many addresses of one server. Each connection that was closed keeps its pair of ports for a minute (TIME_WAIT), and the
 * more of them one address has, the longer the kernel looks for a free pair: who is measured later would pay for those
 * before.
 */
const hostOf = (slot: number): string => `127.0.0.${1 + (slot % 200)}`

/** Counts exchanges while `start` makes them, and samples the loop's delay meanwhile. */
const counted = async (
  ctx: Bench.Context,
  start: (exchanged: (reply: Uint8Array) => void) => void | Promise<void>
): Promise<Bench.Figures> => {
  let done = 0
  let wrong = 0
  await start((reply) => {
    done++
    if (reply.length !== 64 || reply[0] !== 0x78 || reply[63] !== 0x78) wrong++
  })
  // Threads take a while to start; the warm-up begins with the first reply.
  for (let waited = 0; done === 0 && waited < 10_000; waited += 50)
    await new Promise((resolve) => setTimeout(resolve, 50))
  await new Promise((resolve) => setTimeout(resolve, warmUp(ctx)))
  ctx.check(done > 0 && wrong === 0, `each of ${done} replies is the request`)
  const delay = monitorEventLoopDelay({ resolution: 2 })
  delay.enable()
  done = 0
  const started = performance.now()
  const cpu = process.cpuUsage()
  await new Promise((resolve) => setTimeout(resolve, Math.max(500, ctx.seconds * 1_000)))
  const seconds = (performance.now() - started) / 1_000
  const { system, user } = process.cpuUsage(cpu)
  const exchanges = done
  delay.disable()
  ctx.check(wrong === 0, "each reply is the request")
  return {
    "exchanges/s": exchanges / seconds,
    // What a loaded machine does not blur: the processor time of this process.
    "per exchange, us of processor": (system + user) / exchanges,
    "loop delay p99, ms": delay.percentile(99) / 1e6
  }
}

/** `node:net` as a careful user would: no library, no stream beyond the socket's own. */
export const raw =
  (mode: Mode, atOnce: number): Bench.Run =>
  (ctx) =>
    counted(ctx, (exchanged) => {
      const port = Number(ctx.environment["port"])
      const connect = (slot: number): void => {
        const socket = net.connect({ host: hostOf(slot), port, noDelay: true })
        const parts: Array<Buffer> = []
        let received = 0
        socket.on("connect", () => socket.write(request))
        socket.on("data", (chunk) => {
          parts.push(chunk)
          received += chunk.length
          if (received < 64) return
          exchanged(parts.length === 1 ? chunk : Buffer.concat(parts))
          parts.length = 0
          received = 0
          if (mode === "kept") socket.write(request)
          else {
            socket.destroy()
            connect(slot)
          }
        })
        socket.on("error", (error) => {
          throw error
        })
      }
      for (let slot = 0; slot < atOnce; slot++) connect(slot)
    })

/** As `raw`, reading with `onread` into a buffer of its own per socket. */
export const rawOnread =
  (mode: Mode, atOnce: number): Bench.Run =>
  (ctx) =>
    counted(ctx, (exchanged) => {
      const port = Number(ctx.environment["port"])
      const connect = (slot: number): void => {
        const reply = Buffer.allocUnsafe(64)
        let received = 0
        const socket = net.connect({
          host: hostOf(slot),
          port,
          noDelay: true,
          onread: {
            buffer: Buffer.allocUnsafe(4_096),
            callback: (octets: number, buffer: Uint8Array) => {
              reply.set(buffer.subarray(0, octets), received)
              received += octets
              if (received < 64) return true
              exchanged(reply)
              received = 0
              if (mode === "kept") socket.write(request)
              else {
                socket.destroy()
                connect(slot)
              }
              return true
            }
          }
        } as net.NetConnectOpts)
        socket.on("connect", () => socket.write(request))
        socket.on("error", (error) => {
          throw error
        })
      }
      for (let slot = 0; slot < atOnce; slot++) connect(slot)
    })

const exchangeOf = (ctx: Bench.Context, slot: number): Exchange =>
  new Exchange({
    transport: "tcp",
    peer: NetAddress.inetAddressFromIpStringUnsafe(hostOf(slot), Number(ctx.environment["port"])),
    request,
    until: { _tag: "Octets", octets: 64 }
  })

/** Our executor, by its effect: a fiber per worker, each `run` in turn. */
export const reactor =
  (mode: Mode, atOnce: number): Bench.Run =>
  (ctx) =>
    counted(ctx, (exchanged) => {
      Effect.runFork(
        Effect.scoped(
          Effect.gen(function* () {
            const executor = yield* Reactor.make(mode === "kept" ? { keep: { perPeer: atOnce } } : {})
            for (let slot = 0; slot < atOnce; slot++) {
              const task = exchangeOf(ctx, slot)
              yield* Effect.forkChild(
                Effect.gen(function* () {
                  for (;;) exchanged((yield* executor.run(task)).octets)
                })
              )
            }
            yield* Effect.never
          })
        )
      )
    })

/** Our executor, by its callback: what `CompletionQueue` and hot loops use. */
export const reactorCallback =
  (mode: Mode, atOnce: number): Bench.Run =>
  (ctx) =>
    counted(ctx, (exchanged) => {
      Effect.runFork(
        Effect.scoped(
          Effect.gen(function* () {
            const executor = yield* Reactor.make(mode === "kept" ? { keep: { perPeer: atOnce } } : {})
            for (let slot = 0; slot < atOnce; slot++) {
              const task = exchangeOf(ctx, slot)
              const next = (): void => {
                executor.submitUnsafe(task, (exit) => {
                  if (exit._tag === "Failure") throw new Error(String(exit.cause))
                  exchanged(exit.value.octets)
                  next()
                })
              }
              next()
            }
            yield* Effect.never
          })
        )
      )
    })

/**
 * The same executor interface on threads, one blocking conversation per thread: overkill, in figures. It is found where
 * the workspace has it: this package neither depends on that one nor knows it.
 */
export const threads = (atOnce: number): Bench.SubjectOptions => {
  const found = new URL("../../../threads/src/index.ts", import.meta.url)
  return {
    absent: () => (fs.existsSync(found) ? undefined : "the threads strategy is not in this workspace"),
    run: async (ctx) => {
      const { Threads } = (await import(found.href)) as {
        readonly Threads: {
          readonly make: (options: object) => Effect.Effect<Executor.Executor<Exchange>, never, Scope.Scope>
        }
      }
      return counted(ctx, (exchanged) => {
        Effect.runFork(
          Effect.scoped(
            Effect.gen(function* () {
              const executor = yield* Threads.make({ minThreads: 32, maxThreads: 32 })
              for (let slot = 0; slot < atOnce; slot++) {
                const task = exchangeOf(ctx, slot)
                yield* Effect.forkChild(
                  Effect.gen(function* () {
                    for (;;) exchanged((yield* executor.run(task)).octets)
                  })
                )
              }
              yield* Effect.never
            })
          )
        )
      })
    }
  }
}

/** Our pool of connections, by its effect. */
export const pool =
  (atOnce: number): Bench.Run =>
  (ctx) =>
    counted(ctx, (exchanged) => {
      const framing = Framing.fixed(64)
      Effect.runFork(
        Effect.scoped(
          Effect.gen(function* () {
            const pool = yield* Pool.make({ perPeer: atOnce })
            for (let slot = 0; slot < atOnce; slot++) {
              const endpoint = `tcp:${hostOf(slot)}:${ctx.environment["port"]}`
              yield* Effect.forkChild(
                Effect.gen(function* () {
                  for (;;) exchanged(yield* pool.exchange(endpoint, request, framing))
                })
              )
            }
            yield* Effect.never
          })
        )
      )
    })

/** Effect's own socket. */
export const effectSocket =
  (mode: Mode, atOnce: number): Bench.Run =>
  (ctx) =>
    counted(ctx, (exchanged) => {
      const port = Number(ctx.environment["port"])
      const worker = (slot: number) => {
        const session = Effect.scoped(
          Effect.gen(function* () {
            const socket = yield* NodeSocket.makeNet({ host: hostOf(slot), port, noDelay: true })
            const reader = yield* socket.reader
            const writer = yield* socket.writer
            do {
              yield* writer.write(request)
              let reply: Uint8Array | undefined
              do {
                for (const chunk of yield* reader.pull) {
                  reply = reply === undefined ? (chunk as Uint8Array) : Buffer.concat([reply, chunk as Uint8Array])
                }
              } while (reply!.length < 64)
              exchanged(reply!)
            } while (mode === "kept")
          })
        )
        return Effect.forever(session)
      }
      for (let slot = 0; slot < atOnce; slot++) Effect.runFork(worker(slot))
    })
