/** Drives a dialogue over the reactor's connections: many on one thread. */
import { ExchangeError } from "@handoff/core"
import { Connection, type ConnectionError } from "@handoff/reactor"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Dialogue from "./Dialogue.ts"
import * as dialogues from "./dialogues.ts"
import type { Inspected, Request } from "./Inspected.ts"
import * as limits from "./limits.ts"
import * as Trust from "./trust.ts"

/** Holds the conversation; interrupting it closes the connection at once. */
export const inspect = (request: Request): Effect.Effect<Inspected, ExchangeError> =>
  Effect.scoped(Effect.mapError(converse(request), (broken) => errorOf(request, broken)))

const converse = Effect.fnUntraced(function* (
  request: Request
): Effect.fn.Return<Inspected, Dialogue.Broken, Scope.Scope> {
  const { address, port, timeout } = request
  const connection = yield* Effect.mapError(
    Connection.connect(
      { transport: "tcp", peer: NetAddress.inetAddressUnsafe(NetAddress.ipFromStringUnsafe(address), port) },
      { connectTimeout: timeout, tlsTimeout: timeout, idleTimeout: timeout, totalTimeout: limits.waits * timeout }
    ),
    brokenBy
  )
  const dialogue = dialogues.start(request)
  let next = dialogue.next()
  while (next.done !== true) {
    const answer: Effect.Effect<unknown, Dialogue.Broken> = Effect.mapError(
      step(connection, next.value, request),
      brokenBy
    )
    next = yield* Effect.matchEffect(answer, {
      onSuccess: (answer) => Effect.sync(() => dialogue.next(answer)),
      // The dialogue may tell what it knows; else the error is its own.
      onFailure: (broken) =>
        Effect.try({ try: () => dialogue.throw(broken), catch: (error) => error as Dialogue.Broken })
    }).pipe(Effect.catchDefect(unlessBroken))
  }
  return next.value
})

/** A dialogue that gives up by itself throws `Broken` too; anything else is a fault of ours. */
const unlessBroken = (defect: unknown): Effect.Effect<never, Dialogue.Broken> =>
  defect instanceof Dialogue.Broken ? Effect.fail(defect) : Effect.die(defect)

const step = (
  connection: Connection.Connection,
  step: Dialogue.Step,
  request: Request
): Effect.Effect<unknown, ConnectionError.ConnectionError> => {
  switch (step._tag) {
    case "Say":
      return connection.write(step.octets)
    case "Hear":
      return Effect.map(connection.readSome, Option.getOrUndefined)
    case "Secure":
      return Effect.map(
        connection.startTls({
          serverName: request.serverName,
          verify: "capture",
          secureContext: Trust.contextFor(request.ca)
        }),
        ({ authorizationError, certificates, cipher, version }): Dialogue.Secured => ({
          version,
          cipher,
          distrust: authorizationError,
          certificates
        })
      )
  }
}

const brokenBy = (error: ConnectionError.ConnectionError): Dialogue.Broken => {
  const stage = error.stage === "resolve" ? "connect" : error.stage
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined
  if (error._tag.endsWith("Timeout")) return new Dialogue.Broken(stage, "Timeout", code)
  return Dialogue.brokenByCode(stage, code, error._tag === "PeerClosed")
}

const errorOf = (request: Request, { code, reason, stage }: Dialogue.Broken): ExchangeError =>
  new ExchangeError({
    peer: `${request.address}:${request.port}`,
    stage,
    reason,
    received: 0,
    ...(code !== undefined && { code })
  })
