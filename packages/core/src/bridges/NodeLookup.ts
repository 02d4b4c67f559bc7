/**
 * An executor with `LookupHost` as a function of the shape of Node's `dns.lookup`: what `net.connect`, `http.Agent`,
 * `tls.connect` and undici's `connect` take as their `lookup` option. An existing program switches name resolution with
 * that one option. Only types of Node are used, so a browser bundle may contain this module.
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as NetAddress from "effect/net/NetAddress"
import type { LookupAddress as NodeAddress, LookupOptions } from "node:dns"
import type { Executor } from "../Executor.ts"
import type { LookupError } from "../tasks/LookupError.ts"
import { LookupHost } from "../tasks/LookupHost.ts"

/** As in `node:dns`: with `all`, a list; otherwise the first address and its family, 4 or 6. */
export type Callback = (
  error: NodeJS.ErrnoException | null,
  address: string | Array<NodeAddress>,
  family?: number
) => void

/** The function that Node calls for a name: its `LookupFunction`, all forms of its callback included. */
export type Lookup = (hostname: string, options: LookupOptions, callback: Callback) => void

/** Codes that programs know from `dns.lookup` (getaddrinfo(3)); a strategy's own `EAI_*` code is kept. */
const codeOf = (error: unknown): string => {
  const { _tag, code, reason } = error as Partial<LookupError>
  if (_tag !== "LookupError") return "EAI_AGAIN"
  if (code?.startsWith("EAI_") === true) return code
  switch (reason) {
    case "NotFound":
      return "ENOTFOUND"
    case "Timeout":
    case "Temporary":
    case "ServerFailure":
      return "EAI_AGAIN"
    case "BadName":
      return "EAI_NONAME"
    default:
      return "EAI_FAIL"
  }
}

const toNodeError = (hostname: string, cause: Cause.Cause<unknown>): NodeJS.ErrnoException => {
  const error = Cause.squash(cause)
  const code = codeOf(error)
  const message = `getaddrinfo ${code} ${hostname}`
  return Object.assign(new Error(message, { cause: error }), { code, hostname, syscall: "getaddrinfo" })
}

const familyOf = (address: NetAddress.IpAddress): 4 | 6 => (NetAddress.isIpv4Address(address) ? 4 : 6)

/**
 * A lookup function over an executor. `family` and `all` are honoured, and so is `order` (`ipv4first`, `ipv6first`;
 * `verbatim`, the default, keeps the strategy's order). The flags of `hints` that restrict families by what the machine
 * has are the strategy's business and are not read. `context` is handed to the executor with every task.
 */
export const make =
  (executor: Executor<LookupHost>, context?: Context.Context<never>): Lookup =>
  (hostname, options, callback) => {
    const family = options.family === 4 || options.family === "IPv4" ? "IPv4" : undefined
    const wanted = family ?? (options.family === 6 || options.family === "IPv6" ? "IPv6" : undefined)
    executor.submitUnsafe(
      new LookupHost({ name: hostname, ...(wanted === undefined ? {} : { family: wanted }) }),
      (exit) => {
        // Node calls back in a later tick, and callers may rely on it: an executor may answer at once.
        queueMicrotask(() => {
          if (exit._tag === "Failure") return callback(toNodeError(hostname, exit.cause), "", undefined)
          const found = exit.value.map((address) => ({
            address: NetAddress.formatIp(address),
            family: familyOf(address)
          }))
          if (options.order === "ipv4first") found.sort((a, b) => a.family - b.family)
          if (options.order === "ipv6first") found.sort((a, b) => b.family - a.family)
          if (options.all === true) return callback(null, found)
          callback(null, found[0]!.address, found[0]!.family)
        })
      },
      context
    )
  }
