/** A peer as one string, as in Twisted: `tcp:example.org:80`, `tls:[::1]:443`, `unix:/run/app.sock`. */
import * as Data from "effect/Data"
import * as Host from "effect/net/Host"
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"
import type { Peer } from "./Dial.ts"

export type { Peer }

export interface Endpoint {
  readonly transport: "tcp" | "tls"
  readonly peer: Peer
}

/** The text is not an endpoint: the caller's fault. */
export class EndpointError extends Data.TaggedError("EndpointError")<{
  readonly input: string
  readonly detail: string
}> {
  override get message(): string {
    return `${JSON.stringify(this.input)} is no endpoint: ${this.detail}`
  }
}

/** An endpoint from its text, or what is wrong with the text. */
export const parse = (input: string): Result.Result<Endpoint, EndpointError> => {
  const bad = (detail: string) => Result.fail(new EndpointError({ input, detail }))
  const colon = input.indexOf(":")
  const transport = input.slice(0, Math.max(0, colon))
  const rest = input.slice(colon + 1)
  if (transport === "unix") {
    return rest.length === 0
      ? bad("a path must follow unix:")
      : Result.succeed({ transport: "tcp", peer: NetAddress.unixPathAddress(rest) })
  }
  if (transport !== "tcp" && transport !== "tls") return bad("it must begin with tcp:, tls: or unix:")
  const peer = Host.hostPortFromString(rest)
  return Result.isFailure(peer) ? bad(peer.failure.message) : Result.succeed({ transport, peer: peer.success })
}

/** As `parse`, for endpoints written in a program; throws. */
export const parseUnsafe = (input: string): Endpoint => Result.getOrThrow(parse(input))
