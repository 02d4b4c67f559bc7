/**
 * A line protocol over TCP, as Twisted's tutorial has it: `set name value`, `get name`, `count`, `quit`. Lines are at most
 * 1,000 octets, clients that do not finish a line within ten seconds are cut, and no address has more than 50
 * connections.
 */
import { type Connection, Framing, Server } from "@handoff/reactor"
import * as Stream from "effect/Stream"

const line = Framing.lines({ maxOctets: 1000 })
const decoder = new TextDecoder()
const encoder = new TextEncoder()

export const serve = (port: number) => {
  const values = new Map<string, string>()

  /** The answer to a line; undefined ends the conversation. */
  const answer = (text: string): string | undefined => {
    const [verb, name = "", ...rest] = text.split(" ")
    switch (verb) {
      case "set":
        values.set(name, rest.join(" "))
        return "ok"
      case "get":
        return values.get(name) ?? "nothing"
      case "count":
        return String(values.size)
      case "quit":
        return undefined
      default:
        return `what is ${verb}?`
    }
  }

  const converse = (connection: Connection.Connection) =>
    connection.frames(line).pipe(
      Stream.map((octets) => answer(decoder.decode(octets))),
      Stream.takeWhile((reply) => reply !== undefined),
      Stream.runForEach((reply) => connection.write(encoder.encode(`${reply}\r\n`)))
    )

  return Server.serve({ host: "127.0.0.1", port }, converse, { perPeer: 50, slowClient: "10 seconds" })
}
