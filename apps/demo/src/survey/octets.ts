import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Readable } from "node:stream"

/**
 * What a Node stream gives, chunk by chunk, read only as fast as it is wanted. Interrupting it destroys the stream at
 * once, also while it waits: an async iterator would first wait for the next chunk, and a terminal may never send one.
 */
export const octets = <E>(open: () => Readable, onError: (cause: unknown) => E): Stream.Stream<Uint8Array, E> =>
  Stream.unwrap(
    Effect.map(
      Effect.acquireRelease(Effect.sync(open), (readable) => Effect.sync(() => void readable.destroy())),
      (readable) => Stream.fromPull(Effect.succeed(pull(readable, onError))) as Stream.Stream<Uint8Array, E>
    )
  )

const pull = <E>(
  readable: Readable,
  onError: (cause: unknown) => E
): Effect.Effect<readonly [Uint8Array, ...Array<Uint8Array>], E | Cause.Done> =>
  Effect.callback((resume) => {
    const settle = (effect: Effect.Effect<readonly [Uint8Array], E | Cause.Done>) => {
      release()
      resume(effect)
    }
    const look = (): void => {
      if (readable.errored !== null) return settle(Effect.fail(onError(readable.errored)))
      const chunk = readable.read() as Buffer | null
      if (chunk !== null) return settle(Effect.succeed([chunk]))
      if (readable.readableEnded || readable.destroyed) settle(Cause.done())
    }
    const release = () => {
      for (const event of events) readable.off(event, look)
    }
    for (const event of events) readable.on(event, look)
    look()
    return Effect.sync(release)
  })

const events = ["readable", "end", "error", "close"] as const
