import { Udp } from "@handoff/reactor"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { closedPort, octets, text } from "./support/peers.ts"
import { until } from "./support/turns.ts"

/** Opens a socket and collects what it tells. */
const open = (options: Udp.Options, onDatagram?: (octets: Uint8Array, from: Udp.Address, port: Udp.Port) => void) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly port: Udp.Port; readonly log: Array<string> }>((resume) => {
      const log: Array<string> = []
      Udp.open(options, {
        onOpen: (port) => resume(Effect.succeed({ port, log })),
        onDatagram: (datagram, from, port) => {
          log.push(text(datagram))
          onDatagram?.(datagram, from, port)
        },
        onError: (cause) => void log.push(cause.code ?? "error"),
        onClose: (cause) => void log.push(`closed ${cause?.code ?? "in order"}`)
      })
    }),
    ({ port }) => Effect.sync(() => port.destroy())
  )

const portOf = (port: Udp.Port): number => Number(/:(\d+)$/.exec(port.local!)![1])

describe("UDP", () => {
  it.live("serves any peer from a socket that is not connected", () =>
    Effect.gen(function* () {
      const server = yield* open({ bind: { host: "127.0.0.1", port: 0 } }, (datagram, from, port) =>
        port.send(octets(`${text(datagram)} to you`), from)
      )
      const to = { host: "127.0.0.1", port: portOf(server.port) }
      const one = yield* open({ connect: to })
      const two = yield* open({ connect: to, bind: { host: "127.0.0.1", port: 0 } })
      const free = yield* open({})
      one.port.send(octets("one"))
      two.port.send(octets("two"))
      free.port.send(octets("free"), to)
      yield* until(() => one.log.length + two.log.length + free.log.length === 3)
      assert.deepStrictEqual([one.log, two.log, free.log], [["one to you"], ["two to you"], ["free to you"]])
      assert.strictEqual(one.port.peer, `127.0.0.1:${to.port}`)
      assert.strictEqual(server.port.unsent, 0)
    })
  )

  it.live("hears only its peer when connected, and of its refusal", () =>
    Effect.gen(function* () {
      const closed = yield* closedPort
      const { log, port } = yield* open({ connect: { host: "127.0.0.1", port: closed } })
      const stranger = yield* open({})
      stranger.port.send(octets("not from the peer"), { host: "127.0.0.1", port: portOf(port) })
      port.send(octets("anybody there?"))
      yield* until(() => log.length > 0)
      assert.deepStrictEqual(log, ["ECONNREFUSED"])
      port.close()
      yield* until(() => log.length > 1)
      assert.strictEqual(log[1], "closed in order")
    })
  )

  it.live("speaks IPv6", () =>
    Effect.gen(function* () {
      const server = yield* open({ bind: { host: "::1", port: 0 } }, (datagram, from, port) =>
        port.send(datagram, from)
      )
      const client = yield* open({ connect: { host: "::1", port: portOf(server.port) } })
      client.port.send(octets("six"))
      yield* until(() => client.log.length > 0)
      assert.deepStrictEqual(client.log, ["six"])
      assert.match(client.port.local!, /^\[::1\]:\d+$/)
    })
  )
})
