/** The same HTTP/1.1 exchange on kept connections: our pool with a framing of the known reply, and undici. */
import type { Bench } from "@handoff/bench"
import { Framing, Pool } from "@handoff/reactor"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import * as net from "node:net"
import { Pool as UndiciPool } from "undici"
import { warmUp } from "./warmUp.ts"

const body = "x".repeat(64)
const response = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 64\r\n\r\n${body}`
const request = Buffer.from("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: keep-alive\r\n\r\n")

/** A server that answers each request with the same octets, in a process of its own. */
export const server = async (): Promise<{ readonly port: string; readonly stop: () => void }> => {
  const source = `
    const response = Buffer.from(${JSON.stringify(response)})
    require("node:net").createServer({ noDelay: true }, (socket) => {
      socket.on("error", () => {})
      let held = ""
      socket.on("data", (chunk) => {
        held += chunk.toString("latin1")
        for (let end = held.indexOf("\\r\\n\\r\\n"); end >= 0; end = held.indexOf("\\r\\n\\r\\n")) {
          held = held.slice(end + 4)
          socket.write(response)
        }
      })
    }).listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, function () { console.log(this.address().port) })
    process.stdin.resume().on("end", () => process.exit())`
  const child = spawn(process.execPath, ["-e", source], { stdio: ["pipe", "pipe", "inherit"] })
  const port = await new Promise<string>((resolve) => child.stdout.once("data", (line) => resolve(String(line).trim())))
  return { port, stop: () => child.stdin.end() }
}

/** `worker` makes exchanges one after the other until told to stop, and counts them. */
const measured = async (
  ctx: Bench.Context,
  atOnce: number,
  worker: (exchanged: (isRight: boolean) => void) => void
): Promise<Bench.Figures> => {
  let done = 0
  let wrong = 0
  for (let i = 0; i < atOnce; i++) {
    worker((isRight) => {
      done++
      if (!isRight) wrong++
    })
  }
  await new Promise((resolve) => setTimeout(resolve, warmUp(ctx)))
  ctx.check(done > 0 && wrong === 0, "each response has its 64 octets")
  done = 0
  const started = performance.now()
  const cpu = process.cpuUsage()
  await new Promise((resolve) => setTimeout(resolve, Math.max(500, ctx.seconds * 1_000)))
  const { system, user } = process.cpuUsage(cpu)
  const seconds = (performance.now() - started) / 1_000
  ctx.check(wrong === 0, "each response has its 64 octets")
  return { "requests/s": done / seconds, "per request, us of processor": (system + user) / done }
}

export const pool =
  (atOnce: number): Bench.Run =>
  (ctx) => {
    const framing = Framing.fixed(response.length)
    const endpoint = `tcp:127.0.0.1:${ctx.environment["httpPort"]}`
    const kept = Effect.runSync(Scope.provide(Pool.make({ perPeer: atOnce }), Effect.runSync(Scope.make())))
    return measured(ctx, atOnce, (exchanged) => {
      Effect.runFork(
        Effect.gen(function* () {
          for (;;) {
            const reply = yield* kept.exchange(endpoint, request, framing)
            exchanged(reply.length === response.length && reply[response.length - 1] === 0x78)
          }
        })
      )
    })
  }

export const undiciRequest =
  (atOnce: number): Bench.Run =>
  (ctx) => {
    const kept = new UndiciPool(`http://127.0.0.1:${ctx.environment["httpPort"]}`, { connections: atOnce })
    return measured(ctx, atOnce, (exchanged) => {
      const next = async (): Promise<void> => {
        for (;;) {
          const { body } = await kept.request({ path: "/", method: "GET" })
          exchanged((await body.text()).length === 64)
        }
      }
      void next()
    })
  }

/** undici's fastest way: callbacks, no streams. */
export const undiciDispatch =
  (atOnce: number): Bench.Run =>
  (ctx) => {
    const kept = new UndiciPool(`http://127.0.0.1:${ctx.environment["httpPort"]}`, { connections: atOnce })
    return measured(ctx, atOnce, (exchanged) => {
      const next = (): void => {
        let octets = 0
        kept.dispatch(
          { path: "/", method: "GET" },
          {
            onRequestStart: () => {},
            onResponseStart: () => {},
            onResponseData: (_controller, chunk) => {
              octets += chunk.length
            },
            onResponseEnd: () => {
              exchanged(octets === 64)
              next()
            },
            onResponseError: (_controller, error) => {
              throw error
            }
          }
        )
      }
      next()
    })
  }

/** The octets of an HTTP exchange by `node:net` alone. */
export const raw =
  (atOnce: number): Bench.Run =>
  (ctx) =>
    measured(ctx, atOnce, (exchanged) => {
      let received = 0
      const socket = net.connect({ host: "127.0.0.1", port: Number(ctx.environment["httpPort"]), noDelay: true })
      socket.on("connect", () => socket.write(request))
      socket.on("data", (chunk) => {
        received += chunk.length
        if (received < response.length) return
        received = 0
        exchanged(chunk[chunk.length - 1] === 0x78)
        socket.write(request)
      })
    })
