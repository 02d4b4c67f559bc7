import * as Data from "effect/Data"

/** The server cannot listen there: the port is taken or not allowed, or the address is not ours. Nothing is left open. */
export class ServerError extends Data.TaggedError("ServerError")<{
  readonly host: string
  readonly port: number
  readonly cause: unknown
}> {
  override get message(): string {
    return `cannot listen on ${this.host} port ${this.port}: ${String(this.cause)}`
  }
}
