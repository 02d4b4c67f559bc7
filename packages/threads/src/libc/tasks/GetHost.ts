/** gethostbyname(3) and gethostbyaddr(3), for what getaddrinfo has no place for: the aliases. */
import { Task } from "@handoff/core"
import * as Exit from "effect/Exit"
import * as NetAddress from "effect/net/NetAddress"
import * as Schema from "effect/Schema"
import type { Kind } from "../BlockingPool.ts"
import * as EaiError from "../EaiError.ts"

/** A `struct hostent`. */
const HostEntry = Schema.Struct({
  /** The canonical name. */
  name: Schema.String,
  /** Other names: those of the same line of `hosts`, or the aliases that led to the name; empty where none are told. */
  aliases: Schema.Array(Schema.String),
  addresses: Schema.Array(Schema.IpAddressFromString)
})

/** A name to its entry, for one family (default IPv4). */
export class GetHostByName extends Task.make("GetHostByName", {
  payload: {
    name: Schema.String,
    family: Schema.optionalKey(Schema.Literals(["IPv4", "IPv6"])),
    /** Milliseconds, waiting for a thread included. */
    timeout: Schema.optionalKey(Schema.Number)
  },
  success: HostEntry,
  failure: EaiError.EaiError,
  repeatable: true
}) {}

/** An address to its entry. */
export class GetHostByAddress extends Task.make("GetHostByAddress", {
  payload: {
    address: Schema.IpAddressFromString,
    /** Milliseconds, waiting for a thread included. */
    timeout: Schema.optionalKey(Schema.Number)
  },
  success: HostEntry,
  failure: EaiError.EaiError,
  repeatable: true
}) {}

type Value = readonly [name: string, aliases: ReadonlyArray<string>, addresses: ReadonlyArray<string>]

const entry = ([name, aliases, addresses]: Value) =>
  Exit.succeed({ name, aliases, addresses: addresses.map(NetAddress.ipFromStringUnsafe) })

export const getHostByName: Kind<GetHostByName> = {
  kind: GetHostByName.kind,
  operation: ({ family, name }, { constants }) => {
    if (!name.includes("\0")) {
      return ["gethostbyname", name, family === "IPv6" ? constants.AF_INET6! : constants.AF_INET!]
    }
    const error = { call: "gethostbyname", subject: name, code: "EAI_NONAME" as const }
    return Exit.fail(new EaiError.EaiError({ ...error, number: constants.EAI_NONAME! }))
  },
  answer: (task, code, errno, value: Value, { constants }) =>
    code === 0
      ? entry(value)
      : Exit.fail(EaiError.fromNumber(constants, code, errno, { call: "gethostbyname", subject: task.name })),
  timedOut: (task) => EaiError.timedOut({ call: "gethostbyname", subject: task.name }),
  timeout: (task) => task.timeout
}

export const getHostByAddress: Kind<GetHostByAddress> = {
  kind: GetHostByAddress.kind,
  operation: (task) => ["gethostbyaddr", NetAddress.formatIp(task.address)],
  answer: (task, code, errno, value: Value, { constants }) => {
    if (code === 0) return entry(value)
    const subject = NetAddress.formatIp(task.address)
    return Exit.fail(EaiError.fromNumber(constants, code, errno, { call: "gethostbyaddr", subject }))
  },
  timedOut: (task) => EaiError.timedOut({ call: "gethostbyaddr", subject: NetAddress.formatIp(task.address) }),
  timeout: (task) => task.timeout
}
