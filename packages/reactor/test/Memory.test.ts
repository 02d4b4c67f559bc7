/** The network in memory ends as sockets do. */
import { Connection, Framing, Link, Memory, Server } from "@handoff/reactor"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { octets, text } from "./support/peers.ts"

const turn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

/** A client, and the far end of its link. */
const pair = Effect.gen(function* () {
  const network = new Memory.Network({ highWaterOctets: 10 })
  const far: Array<Link.Link> = []
  yield* Server.serveLinks(
    { transport: "custom", listen: network.listen("192.0.2.1:7") },
    (link) => {
      far.push(link)
      return Link.deaf
    },
    { drain: 0 }
  )
  const client = yield* Connection.connect("tcp:192.0.2.1:7", { open: network.open })
  return { client, far: far[0]! }
})

describe("a link in memory", () => {
  it.live("fails the writer whose octets the other side threw away unread", () =>
    Effect.gen(function* () {
      const { client, far } = yield* pair
      far.pause()
      const writing = yield* Effect.forkChild(Effect.flip(client.write(new Uint8Array(100))))
      yield* turn
      far.destroy()
      assert.deepInclude(yield* Fiber.join(writing), { _tag: "Broken", code: "ECONNRESET" })
    })
  )

  it.live("fails whoever writes to a link that is gone", () =>
    Effect.gen(function* () {
      const { client, far } = yield* pair
      far.destroy()
      yield* turn
      yield* client.write(octets("anybody?"))
      yield* turn
      assert.strictEqual((yield* Effect.flip(client.write(octets("no?"))))._tag, "Broken")
    })
  )

  it.live("gives the last reply of one who has closed to a client that still writes", () =>
    Effect.gen(function* () {
      const { client, far } = yield* pair
      far.pause()
      far.write(octets("in the end\n"))
      const writing = yield* Effect.forkChild(client.write(new Uint8Array(100)))
      yield* turn
      far.close()
      yield* Fiber.join(writing)
      yield* client.write(octets("more"))
      yield* turn
      assert.strictEqual(text(yield* client.read(Framing.lines())), "in the end")
    })
  )
})
