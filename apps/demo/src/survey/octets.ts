import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Readable } from "node:stream"
import { createGunzip } from "node:zlib"

/**
 * What a Node stream gives, chunk by chunk, read only as fast as it is wanted. Interrupting it destroys the stream at
 * once, also while it waits: an async iterator would first wait for the next chunk, and a terminal may never send one.
 */
export const octets = <E>(open: () => Readable, onError: (cause: unknown) => E): Stream.Stream<Uint8Array, E> =>
  Stream.unwrap(Effect.map(acquire(open), (readable) => ofReadable(readable, onError)))

/** As `octets`, and what begins as gzip does (RFC 1952 section 2.3.1) is unpacked. */
export const unpacked = <E>(open: () => Readable, onError: (cause: unknown) => E): Stream.Stream<Uint8Array, E> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const packed = yield* acquire(open)
      const [first] = yield* Effect.catchIf(pull(packed, onError), Cause.isDone, () => Effect.succeed([undefined]))
      if (first === undefined) return Stream.empty
      packed.unshift(first)
      if (first[0] !== 0x1f || first[1] !== 0x8b) return ofReadable(packed, onError)
      const gunzip = yield* acquire(() => createGunzip({ chunkSize: 262_144 }))
      packed.on("error", (cause) => gunzip.destroy(cause))
      packed.pipe(gunzip)
      return ofReadable(gunzip, onError)
    })
  )

const acquire = <R extends Readable>(open: () => R) =>
  Effect.acquireRelease(Effect.sync(open), (readable) => Effect.sync(() => void readable.destroy()))

const ofReadable = <E>(readable: Readable, onError: (cause: unknown) => E) =>
  Stream.fromPull(Effect.succeed(pull(readable, onError))) as Stream.Stream<Uint8Array, E>

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
