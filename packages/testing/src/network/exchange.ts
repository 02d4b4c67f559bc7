/** An `Exchange` over a fake link, as a strategy does it over a real one. */
import { type Exchange, ExchangeError, type Reply } from "@handoff/core"
import * as Effect from "effect/Effect"
import type { Link } from "./Link.ts"

type Stage = ExchangeError["stage"]

/** Gathers until the task's stated end. Times are virtual under `TestClock`. */
export const converse = (task: Exchange, peer: string, connect: Effect.Effect<Link, ExchangeError>) => {
  const { connectTimeout = 10_000, idleTimeout = 10_000, maxOctets = 65_536, request, totalTimeout, until } = task
  let received = 0
  const fail = (stage: Stage, reason: ExchangeError["reason"]) =>
    Effect.suspend(() => Effect.fail(new ExchangeError({ peer, stage, reason, received })))
  const within = <A>(effect: Effect.Effect<A, ExchangeError>, millis: number, stage: Stage) =>
    Effect.timeoutOrElse(effect, { duration: millis, orElse: () => fail(stage, "Timeout") })

  const gather = Effect.fnUntraced(function* (link: Link) {
    let octets: Uint8Array = new Uint8Array(0)
    while (true) {
      const arrival = yield* within(link.receive, idleTimeout, "receive")
      if (arrival._tag === "Reset") return yield* fail("receive", task.transport === "udp" ? "Refused" : "Reset")
      if (arrival._tag === "Closed") {
        if (until._tag !== "Close" && received === 0) return yield* fail("receive", "Closed")
        return { octets, peer, end: until._tag === "Close" ? "complete" : "closed" } satisfies Reply
      }
      octets = concat(octets, arrival.octets)
      received = octets.length
      const end = endOf(octets, until)
      if ((end ?? received) > maxOctets) return yield* fail("receive", "TooLong")
      if (end !== undefined) return { octets: octets.slice(0, end), peer, end: "complete" } satisfies Reply
    }
  })
  const whole = Effect.gen(function* () {
    const link = yield* within(connect, connectTimeout, "connect")
    if (request.length > 0 || task.transport === "udp") yield* link.send(request)
    return yield* gather(link)
  })
  return totalTimeout === undefined ? whole : within(whole, totalTimeout, "receive")
}

/** How many octets the reply has, if its end has come. */
const endOf = (octets: Uint8Array, until: Exchange["until"]): number | undefined => {
  switch (until._tag) {
    case "Octets":
      return octets.length >= until.octets ? until.octets : undefined
    case "Delimiter": {
      const at = indexOf(octets, until.delimiter)
      return at < 0 ? undefined : at + until.delimiter.length
    }
    case "Datagram":
      return octets.length
    case "Close":
      return undefined
    default:
      return until satisfies never
  }
}

const concat = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

const indexOf = (octets: Uint8Array, part: Uint8Array): number => {
  for (let at = 0; at + part.length <= octets.length; at++) {
    if (part.every((octet, i) => octets[at + i] === octet)) return at
  }
  return -1
}
