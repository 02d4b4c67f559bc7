import { Task } from "@handoff/core"
import * as Exit from "effect/Exit"
import * as NetAddress from "effect/net/NetAddress"
import * as Schema from "effect/Schema"
import { domainToUnicode } from "node:url"
import type { Kind } from "../BlockingPool.ts"
import * as EaiError from "../EaiError.ts"
import { flagsToNumber } from "./GetAddrInfo.ts"

/** The flags of getnameinfo(3). */
const Flag = Schema.Literals([
  /** An address without a name is an error, instead of its text. */
  "NI_NAMEREQD",
  /** The address as text: ask nobody. */
  "NI_NUMERICHOST",
  /** The port in digits: ask nobody. */
  "NI_NUMERICSERV",
  /** The service's name for datagrams, where it differs. */
  "NI_DGRAM",
  /** The name without the local domain. */
  "NI_NOFQDN",
  /** The name in Unicode. */
  "NI_IDN"
])
export type Flag = typeof Flag.Type

/** getnameinfo(3): a socket address to the names of its host and service. */
export class GetNameInfo extends Task.make("GetNameInfo", {
  payload: {
    address: Schema.InetAddressFromString,
    flags: Schema.optionalKey(Schema.Array(Flag)),
    /** Milliseconds, waiting for a thread included. */
    timeout: Schema.optionalKey(Schema.Number)
  },
  success: Schema.Struct({ host: Schema.String, service: Schema.String }),
  failure: EaiError.EaiError,
  repeatable: true
}) {}

const call = "getnameinfo"

export const getNameInfo: Kind<GetNameInfo> = {
  kind: GetNameInfo.kind,
  operation: ({ address, flags = [] }, { constants }) => {
    const known = constants.NI_IDN === undefined ? flags.filter((flag) => flag !== "NI_IDN") : flags
    const number = flagsToNumber(constants, known)
    if (number === undefined) {
      const error = { call, subject: NetAddress.formatInet(address), code: "EAI_BADFLAGS" as const }
      return Exit.fail(new EaiError.EaiError({ ...error, number: constants.EAI_BADFLAGS! }))
    }
    const scopeId = NetAddress.isInetAddressV6(address) ? address.scopeId : 0
    return [call, NetAddress.formatIp(address.address), address.port, scopeId, number]
  },
  answer: (task, code, errno, value: readonly [string, string], { constants }) => {
    if (code !== 0) {
      const subject = NetAddress.formatInet(task.address)
      return Exit.fail(EaiError.fromNumber(constants, code, errno, { call, subject }))
    }
    const isUnicodeOurs = constants.NI_IDN === undefined && task.flags?.includes("NI_IDN") === true
    return Exit.succeed({ host: isUnicodeOurs ? domainToUnicode(value[0]) : value[0], service: value[1] })
  },
  timedOut: (task) => EaiError.timedOut({ call, subject: NetAddress.formatInet(task.address) }),
  timeout: (task) => task.timeout
}
