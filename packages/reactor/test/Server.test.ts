import { Connection, Framing, LoopWatch, Protocol, Server } from "@handoff/reactor"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { fork, spawn } from "node:child_process"
import * as net from "node:net"
import { fileURLToPath } from "node:url"
import { octets, text } from "./support/peers.ts"

const line = Framing.lines()
const echoLines = (peer: Connection.Connection) =>
  Effect.gen(function* () {
    for (;;) yield* peer.writeFrame(line, yield* peer.read(line))
  }).pipe(Effect.catchTag("PeerClosed", () => Effect.void))

const ask = (address: string, question: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const client = yield* Connection.connect(`tcp:${address}`)
      yield* client.writeFrame(line, octets(question))
      return text(yield* client.read(line))
    })
  )

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))

describe("a server", () => {
  it.live("resets connections above its limits and counts them", () =>
    Effect.gen(function* () {
      const server = yield* Server.serve({}, echoLines, { connections: 3, drain: 0 })
      const clients = yield* Effect.forEach([1, 2, 3], () => Connection.connect(`tcp:${server.address}`))
      for (const client of clients) {
        yield* client.writeFrame(line, octets("here"))
        yield* client.read(line)
      }
      const refused = yield* Effect.exit(ask(server.address, "room?"))
      assert.isTrue(Exit.isFailure(refused))
      assert.deepInclude(yield* server.stats, { open: 3, accepted: 3, refused: 1 })
      yield* clients[0]!.close
      while ((yield* server.stats).open === 3) yield* Effect.sleep(1)
      assert.strictEqual(yield* ask(server.address, "room?"), "room?")
    })
  )

  it.live("keeps a limit per peer", () =>
    Effect.gen(function* () {
      const server = yield* Server.serve({}, echoLines, { perPeer: 1, drain: 0 })
      const from = (localAddress: string) =>
        Connection.connect(`tcp:${server.address}`, { localAddress }).pipe(
          Effect.tap((client) => client.writeFrame(line, octets("hi"))),
          Effect.flatMap((client) => client.read(line)),
          Effect.exit
        )
      assert.isTrue(Exit.isSuccess(yield* from("127.0.0.1")))
      assert.isTrue(Exit.isFailure(yield* from("127.0.0.1")))
      assert.isTrue(Exit.isSuccess(yield* from("127.0.0.2")))
    })
  )

  it.live("delivers its last reply also when the client has sent more than was read", () =>
    Effect.gen(function* () {
      const done = yield* Deferred.make<void>()
      const server = yield* Server.serve({}, (peer) =>
        peer
          .read(line)
          .pipe(
            Effect.andThen(peer.write(new Uint8Array(300_000).fill(0x61))),
            Effect.ensuring(Deferred.succeed(done, undefined))
          )
      )
      const client = yield* Connection.connect(`tcp:${server.address}`)
      yield* client.write(octets(`go\n${"more than it reads ".repeat(10_000)}`))
      // The server has closed before the client reads: a reset would come before the reply.
      yield* Deferred.await(done)
      yield* Effect.yieldNow
      const reply = yield* client.read(Framing.untilClose())
      assert.strictEqual(reply.length, 300_000)
    })
  )

  it.live("cuts a client that trickles, and tells why", () =>
    Effect.gen(function* () {
      const failure = yield* Deferred.make<string>()
      const server = yield* Server.serve({}, echoLines, {
        slowClient: 60,
        onFailure: (_peer, exit) => {
          const error = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
          Effect.runFork(
            Deferred.succeed(failure, error?._tag === "Fail" ? (error.error as { _tag: string })._tag : "?")
          )
        }
      })
      const socket = net.connect(server.port, "127.0.0.1")
      socket.on("error", () => {})
      const timer = setInterval(() => socket.write("x"), 5)
      assert.strictEqual(yield* Deferred.await(failure), "FrameTimeout")
      clearInterval(timer)
      socket.destroy()
    })
  )

  it.live("drains: who is served is served to the end, nobody new is", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const begun = yield* Deferred.make<void>()
      const goOn = yield* Deferred.make<void>()
      const server = yield* Server.serve(
        {},
        (peer) =>
          Effect.gen(function* () {
            yield* peer.read(line)
            yield* Deferred.succeed(begun, undefined)
            yield* Deferred.await(goOn)
            yield* peer.writeFrame(line, octets("in the end"))
          }),
        { drain: "5 seconds" }
      ).pipe(Scope.provide(scope))
      const asking = yield* Effect.forkChild(ask(server.address, "slow"))
      yield* Deferred.await(begun)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      // The scope's first step, in the fiber's first turn, is to stop listening.
      yield* Effect.yieldNow
      const late = yield* Effect.exit(ask(server.address, "late"))
      assert.isTrue(Exit.isFailure(late))
      yield* Deferred.succeed(goOn, undefined)
      assert.strictEqual(yield* Fiber.join(asking), "in the end")
      yield* Fiber.join(closing)
    })
  )

  it.live("cuts what is left after its drain time", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const server = yield* Server.serve({}, () => Effect.never, { drain: 30 }).pipe(Scope.provide(scope))
      const client = yield* Connection.connect(`tcp:${server.address}`)
      while ((yield* server.stats).open === 0) yield* Effect.sleep(1)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Exit.isFailure(yield* Effect.exit(client.read(line))))
    })
  )

  it.live("says why it cannot listen", () =>
    Effect.gen(function* () {
      const server = yield* Server.serve({}, echoLines)
      const error = yield* Effect.flip(Server.serve({ port: server.port }, echoLines))
      assert.deepStrictEqual([error._tag, error.code], ["ListenError", "EADDRINUSE"])
    })
  )

  it.live(
    "hands its listening socket over to another process, and no connection is refused",
    () =>
      Effect.gen(function* () {
        const server = yield* Server.serve({}, (peer) =>
          Effect.andThen(peer.read(line), peer.writeFrame(line, octets("old")))
        )
        const child = yield* Effect.acquireRelease(
          Effect.sync(() =>
            fork(fixture("heir.ts"), {
              execArgv: ["--conditions=@handoff/source"],
              stdio: ["ignore", "inherit", "inherit", "ipc"]
            })
          ),
          (child) => Effect.sync(() => void child.kill())
        )
        assert.strictEqual(yield* ask(server.address, "who?"), "old")
        const ready = yield* Effect.forkChild(
          Effect.callback<void>((resume) => void child.once("message", () => resume(Effect.void)))
        )
        yield* server.handOver(child, "listen")
        yield* Fiber.join(ready)
        yield* server.stop
        for (let i = 0; i < 20; i++) assert.strictEqual(yield* ask(server.address, "who?"), "new")
      }),
    30_000
  )

  it.live(
    "leaves descriptors to its handlers when more clients come than there are descriptors",
    () =>
      Effect.gen(function* () {
        const { port } = yield* scarce()
        const control = yield* Connection.connect(`tcp:127.0.0.1:${port}`)
        const stats = Effect.gen(function* () {
          yield* control.writeFrame(line, octets("stats"))
          return JSON.parse(text(yield* control.read(line))) as Server.Stats & { readonly opens: boolean }
        })
        yield* stats
        const sockets = Array.from({ length: 200 }, () => net.connect(port, "127.0.0.1").on("error", () => {}))
        let counted = yield* stats
        while (counted.accepted + counted.refused < 201) {
          yield* Effect.sleep(1)
          counted = yield* stats
        }
        // Of 64 descriptors, 22 are Node's and 31 for clients.
        assert.deepInclude(counted, { accepted: 31, refused: 170, open: 31, opens: true })
        for (const socket of sockets) socket.destroy()
        while ((yield* stats).open > 1) yield* Effect.sleep(1)
        assert.strictEqual(yield* ask(`127.0.0.1:${port}`, "room?"), "room?")
      }),
    30_000
  )

  it.live(
    "survives the end of descriptors: it neither spins nor dies, and serves again",
    () =>
      Effect.gen(function* () {
        // As many as it has been told to take, although there are not so many descriptors.
        const { child, port } = yield* scarce(1_000)
        let ended = 0
        const sockets = Array.from({ length: 200 }, () =>
          net
            .connect(port, "127.0.0.1")
            .on("error", () => {})
            .on("close", () => ended++)
        )
        // It has descriptors for no more than sixty of them.
        while (ended < 130) yield* Effect.yieldNow
        assert.isNull(child.exitCode)
        for (const socket of sockets) socket.destroy()
        while (Exit.isFailure(yield* Effect.exit(ask(`127.0.0.1:${port}`, "alive?")))) yield* Effect.sleep(5)
        // What it took of the processor meanwhile: a server that spins takes all of it.
        const busy = Number(yield* ask(`127.0.0.1:${port}`, "cpu"))
        assert.isBelow(busy, 200)
      }),
    30_000
  )
})

/** A server in a process of 64 descriptors. */
const scarce = (connections?: number) =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(
          "sh",
          [
            "-c",
            `ulimit -n 64 && exec "$0" --conditions=@handoff/source "$@"`,
            process.execPath,
            fixture("scarce.ts"),
            ...(connections === undefined ? [] : [String(connections)])
          ],
          { stdio: ["ignore", "pipe", "inherit"] }
        )
      ),
      (child) => Effect.sync(() => void child.kill())
    )
    const port = yield* Effect.callback<number>((resume) => {
      child.stdout.once("data", (chunk: Buffer) => resume(Effect.succeed(Number(chunk.toString()))))
    })
    return { child, port }
  })

describe("a protocol", () => {
  it.live("is told what happens, and changes its framing in mid-stream as asynchat's terminator", () =>
    Effect.gen(function* () {
      const lost: Array<string> = []
      const server = yield* Protocol.serve({}, () => ({
        framing: line,
        frameReceived: (frame, transport) => {
          // A line announces how many octets follow, as in many old protocols.
          if (transport.framing === line) transport.framing = Framing.fixed(Number(text(frame)))
          else {
            transport.framing = line
            transport.writeFrame(octets(text(frame).toUpperCase()))
          }
        },
        connectionLost: (reason) => void lost.push(reason?._tag ?? "in order")
      }))
      const got: Array<string> = []
      const done = yield* Deferred.make<void>()
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Protocol.connect(`tcp:${server.address}`, {
            framing: line,
            connectionMade: (transport) => void transport.write(octets("5\r\nhel l11\r\nhello again")),
            frameReceived: (frame) => {
              got.push(text(frame))
              if (got.length === 2) Effect.runFork(Deferred.succeed(done, undefined))
            }
          })
          yield* Deferred.await(done)
        })
      )
      assert.deepStrictEqual(got, ["HEL L", "HELLO AGAIN"])
      while (lost.length === 0) yield* Effect.sleep(1)
      assert.deepStrictEqual(lost, ["in order"])
    })
  )

  it.live("that throws loses its connection, and nothing else", () =>
    Effect.gen(function* () {
      const lost: Array<string> = []
      const server = yield* Protocol.serve({}, () => ({
        framing: line,
        frameReceived: (frame, transport) => {
          if (text(frame) === "throw") throw new RangeError("a bug")
          transport.writeFrame(frame)
        },
        connectionLost: (reason) => void lost.push(reason?._tag === "Broken" ? reason.detail! : "?")
      }))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(ask(server.address, "throw"))))
      assert.deepStrictEqual(lost, ["its protocol threw RangeError: a bug"])
      assert.strictEqual(yield* ask(server.address, "still here"), "still here")
    })
  )

  it.live("gives a flooding peer its share of the loop and not more", () =>
    Effect.gen(function* () {
      const order: Array<string> = []
      const server = yield* Protocol.serve(
        {},
        (peer) => ({
          framing: line,
          frameReceived: (frame, transport) => {
            order.push(text(frame)[0]!)
            if (text(frame) === "quick") transport.writeFrame(octets("done"))
          },
          name: peer
        }),
        { share: 100 }
      )
      const flood = net.connect(server.port, "127.0.0.1")
      flood.write("flood\n".repeat(10_000))
      while (order.length === 0) yield* Effect.sleep(0)
      yield* ask(server.address, "quick")
      const before = order.indexOf("q")
      assert.isAbove(before, 0)
      while (order.length < 10_001) yield* Effect.sleep(1)
      flood.destroy()
      assert.strictEqual(order.filter((one) => one === "f").length, 10_000)
    })
  )

  it.live("is named when it holds the loop", () =>
    Effect.gen(function* () {
      const watch = new LoopWatch({ threshold: 20 })
      const server = yield* Protocol.serve(
        {},
        () => ({
          name: "slow one",
          framing: line,
          frameReceived: (_frame, transport) => {
            const end = performance.now() + 40
            while (performance.now() < end);
            transport.writeFrame(octets("done"))
          }
        }),
        { watch }
      )
      yield* ask(server.address, "go")
      assert.strictEqual(watch.holders[0]?.name, "protocol slow one")
      assert.isAtLeast(watch.holders[0]!.longestMillis, 40)
    })
  )
})
