import { Task } from "@handoff/core"
import * as Exit from "effect/Exit"
import * as NetAddress from "effect/net/NetAddress"
import * as Schema from "effect/Schema"
import { domainToASCII, domainToUnicode } from "node:url"
import type { Constants } from "../Backend.ts"
import type { Kind } from "../BlockingPool.ts"
import * as EaiError from "../EaiError.ts"

const SocketType = Schema.Literals(["stream", "datagram", "raw"])
export type SocketType = typeof SocketType.Type

/** The flags of getaddrinfo(3). The two with IDN are done by this package where the platform has none. */
const Flag = Schema.Literals([
  /** Addresses to bind to rather than to connect to, when there is no name. */
  "AI_PASSIVE",
  /** Say the canonical name as well. */
  "AI_CANONNAME",
  /** The name is an address in text: ask nobody. */
  "AI_NUMERICHOST",
  /** The service is a port in digits: ask nobody. */
  "AI_NUMERICSERV",
  /** With family IPv6: IPv4 addresses as `::ffff:a.b.c.d` where there are none of IPv6. */
  "AI_V4MAPPED",
  /** With AI_V4MAPPED: both, mapped. */
  "AI_ALL",
  /** Only families of which this machine has an address besides its loopback. */
  "AI_ADDRCONFIG",
  /** The name is in Unicode. */
  "AI_IDN",
  /** The canonical name in Unicode. */
  "AI_CANONIDN"
])
export type Flag = typeof Flag.Type

const Found = Schema.Struct({
  /** In the order in which the system would try them, once for each socket type. */
  addresses: Schema.NonEmptyArray(
    Schema.Struct({
      /** With the service's port (0 without a service) and the scope id of a link-local address. */
      address: Schema.InetAddressFromString,
      socketType: SocketType,
      /** The number of the protocol: 6 for TCP. */
      protocol: Schema.Int
    })
  ),
  /** With `AI_CANONNAME`. */
  canonicalName: Schema.optionalKey(Schema.String)
})

/** getaddrinfo(3) with all that it takes. Without `name` the addresses are those of this machine. */
export class GetAddrInfo extends Task.make("GetAddrInfo", {
  payload: {
    name: Schema.optionalKey(Schema.String),
    /** The name of a service (`https`, services(5)) or a port in digits. */
    service: Schema.optionalKey(Schema.String),
    family: Schema.optionalKey(Schema.Literals(["IPv4", "IPv6"])),
    /** Without it every address comes once for each socket type that the service has. */
    socketType: Schema.optionalKey(SocketType),
    protocol: Schema.optionalKey(Schema.Union([Schema.Literals(["tcp", "udp"]), Schema.Int])),
    flags: Schema.optionalKey(Schema.Array(Flag)),
    /** Milliseconds, waiting for a thread included. */
    timeout: Schema.optionalKey(Schema.Number)
  },
  success: Found,
  failure: EaiError.EaiError,
  repeatable: true
}) {}

/** Flags as the platform's number; undefined if it does not know one of them. */
export const flagsToNumber = (constants: Constants, flags: ReadonlyArray<string>): number | undefined => {
  let number = 0
  for (const flag of flags) {
    const bit = constants[flag]
    if (bit === undefined) return undefined
    number |= bit
  }
  return number
}

const subjectOf = (task: GetAddrInfo): string =>
  `${task.name ?? ""}${task.service === undefined ? "" : `:${task.service}`}`

const call = "getaddrinfo"

const failure = (constants: Constants, subject: string, code: "EAI_BADFLAGS" | "EAI_IDN_ENCODE" | "EAI_NONAME") =>
  Exit.fail(new EaiError.EaiError({ call, subject, code, number: constants[code] ?? 0 }))

export const getAddrInfo: Kind<GetAddrInfo> = {
  kind: GetAddrInfo.kind,
  operation: (task, { constants }) => {
    const subject = subjectOf(task)
    let name = task.name ?? null
    let asked: ReadonlyArray<string> = task.flags ?? []
    if (name?.includes("\0") === true || task.service?.includes("\0") === true) {
      return failure(constants, subject, "EAI_NONAME")
    }
    if (constants.AI_IDN === undefined) {
      if (name !== null && asked.includes("AI_IDN")) {
        name = domainToASCII(name)
        if (name === "") return failure(constants, subject, "EAI_IDN_ENCODE")
      }
      asked = asked.filter((flag) => flag !== "AI_IDN" && flag !== "AI_CANONIDN")
    }
    const flags = flagsToNumber(constants, asked)
    if (flags === undefined) return failure(constants, subject, "EAI_BADFLAGS")
    const { protocol } = task
    return [
      call,
      name,
      task.service ?? null,
      task.family === undefined ? constants.AF_UNSPEC! : constants[task.family === "IPv4" ? "AF_INET" : "AF_INET6"]!,
      task.socketType === undefined ? 0 : socketNumber(constants, task.socketType),
      protocol === undefined
        ? 0
        : protocol === "tcp"
          ? constants.IPPROTO_TCP!
          : protocol === "udp"
            ? constants.IPPROTO_UDP!
            : protocol,
      flags
    ]
  },
  answer: (task, code, errno, value: ReadonlyArray<string | number | null>, { constants }) => {
    const subject = subjectOf(task)
    if (code !== 0) return Exit.fail(EaiError.fromNumber(constants, code, errno, { call, subject }))
    const addresses = []
    for (let i = 1; i + 4 < value.length; i += 5) {
      addresses.push({
        address: inetAddress(value[i + 2] as string, value[i + 3] as number, value[i + 4] as number),
        socketType: socketName(constants, value[i] as number),
        protocol: value[i + 1] as number
      })
    }
    if (addresses.length === 0) return failure(constants, subject, "EAI_NONAME")
    const canonicalName = value[0] as string | null
    if (canonicalName === null) return Exit.succeed({ addresses })
    const isUnicodeOurs = constants.AI_CANONIDN === undefined && task.flags?.includes("AI_CANONIDN") === true
    return Exit.succeed({ addresses, canonicalName: isUnicodeOurs ? domainToUnicode(canonicalName) : canonicalName })
  },
  timedOut: (task) => EaiError.timedOut({ call, subject: subjectOf(task) }),
  timeout: (task) => task.timeout
}

const inetAddress = (text: string, port: number, scopeId: number): NetAddress.InetAddress =>
  NetAddress.inetAddressFromInputUnsafe({ address: text, port, ...(scopeId === 0 ? {} : { scopeId }) })

const socketNumbers = { stream: "SOCK_STREAM", datagram: "SOCK_DGRAM", raw: "SOCK_RAW" } as const

const socketNumber = (constants: Constants, type: SocketType): number => constants[socketNumbers[type]]!

const socketName = (constants: Constants, number: number): SocketType =>
  number === constants.SOCK_STREAM ? "stream" : number === constants.SOCK_DGRAM ? "datagram" : "raw"
