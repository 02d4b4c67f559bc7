/** Questions that leave in one burst, on real sockets. */
import * as dgram from "node:dgram"
import { assert, describe, it } from "@effect/vitest"
import { Transport, Wheel } from "#internal"
import { Endpoint } from "@handoff/dns"
import * as Effect from "effect/Effect"

/** A port of the loopback address where nobody listens any more. */
const closedPort = Effect.promise(
  () =>
    new Promise<number>((resolve) => {
      const socket = dgram.createSocket("udp4")
      socket.bind(0, "127.0.0.1", () => {
        const { port } = socket.address()
        socket.close(() => resolve(port))
      })
    })
)

describe("a burst of questions over UDP", () => {
  // The system tells an ICMP error once: to the send after the one that met it, or to who listens.
  for (const count of [1, 2, 3, 4, 7, 50]) {
    it.live(`all ${count} of one hear that nobody listens, and are waited for`, () =>
      Effect.gen(function* () {
        const wheel = yield* Wheel.make
        const port = yield* closedPort
        const channel = Transport.node(wheel, { udpSocketsPerServer: 1 }).datagrams(
          Endpoint.makeUnsafe(`127.0.0.1:${port}`)
        )
        yield* Effect.addFinalizer(() => Effect.sync(() => channel.close()))
        const heard = new Map<number, string>()
        yield* Effect.callback<void>((resume) => {
          for (let i = 0; i < count; i++) {
            channel.ask({
              octets: Buffer.alloc(17),
              questionEnd: 17,
              place: undefined,
              id: 0,
              onReply: () => false,
              onOtherCase: () => {},
              onUnreachable: (code, final) => {
                heard.set(i, `${code} ${final}`)
                if (heard.size === count) resume(Effect.void)
              }
            })
          }
        }).pipe(Effect.timeout("2 seconds"), Effect.ignore)
        assert.deepStrictEqual(
          Array.from({ length: count }, (_, i) => heard.get(i)),
          Array.from({ length: count }, () => "ECONNREFUSED false")
        )
        channel.close()
        assert.strictEqual(channel.counters.sockets, 0)
      })
    )
  }
})
