/** Talking to one port of a host: what it says, in the protocol that it is asked in. */
import { Exchange } from "@handoff/core"
import * as Effect from "effect/Effect"
import * as NetAddress from "effect/net/NetAddress"
import { Inspect } from "../inspect/Inspect.ts"
import type { Protocol as InspectedProtocol } from "../inspect/Inspected.ts"
import * as Page from "../inspect/page.ts"
import type { Run } from "./attempt.ts"
import type * as Finding from "./Finding.ts"
import * as limits from "./limits.ts"
import type { Port, Target } from "./Target.ts"

export interface Options {
  /** Milliseconds for a connection, and for each silence in it; default `limits.timeout`. */
  readonly timeout?: number
  /** Authorities whose certificates are trusted, in PEM; default Node's own. */
  readonly ca?: string | undefined
}

export const converse = (
  run: Run,
  address: NetAddress.IpAddress,
  { host, isAddress }: Target,
  { port, protocol }: Port,
  options: Options
): Effect.Effect<Finding.PortFinding> => {
  const timeout = options.timeout ?? limits.timeout.default
  const exchange = (request: string, delimiter: Uint8Array, maxOctets: number) =>
    run(
      new Exchange({
        transport: "tcp",
        peer: NetAddress.inetAddressUnsafe(address, port),
        request: ascii.encode(request),
        until: { _tag: "Delimiter", delimiter },
        maxOctets,
        connectTimeout: timeout,
        idleTimeout: timeout,
        // A peer that drips octets keeps its silences short; it gets three times as long, no more.
        totalTimeout: 3 * timeout
      })
    )
  const found = (words: Partial<Finding.PortFinding>): Finding.PortFinding => ({
    port,
    protocol,
    state: "open",
    ...words
  })
  const greeting = (request: string) =>
    Effect.map(exchange(request, newline, limits.greetingOctets), (result) => {
      if (!result.ok) return found({ state: result.problem })
      const says = firstLine(result.value.octets)
      return says === "" && result.value.end === "closed" ? found({ state: "closed" }) : found({ says })
    })
  if (protocol === "greeting") return greeting("")
  if (protocol === "http") {
    return Effect.flatMap(exchange(Page.request("GET", host, port, 80), Page.titleEnd, limits.pageOctets), (result) => {
      if (result.ok) {
        return Effect.succeed(
          result.value.octets.length === 0 ? found({ state: "closed" }) : found(Page.read(result.value.octets))
        )
      }
      // A page without a title that does not end, or none at all: its first line can be had all the same.
      return result.heard
        ? greeting(Page.request("HEAD", host, port, 80))
        : Effect.succeed(found({ state: result.problem }))
    })
  }
  const inspected = run(
    new Inspect({
      address: NetAddress.formatIp(address),
      port,
      protocol,
      timeout,
      ...(!isAddress && { serverName: host }),
      ...(options.ca !== undefined && { ca: options.ca })
    })
  )
  return Effect.flatMap(inspected, (result) => {
    if (result.ok) return Effect.succeed(found(result.value))
    // Who cannot hold such a conversation may still hear a greeting.
    return result.problem === "unsupported" && speaksFirst(protocol)
      ? greeting("")
      : Effect.succeed(found({ state: result.problem }))
  })
}

const speaksFirst = (protocol: InspectedProtocol): boolean => protocol !== "https" && protocol !== "tls"

/** What came before the first line end, with what a terminal would act on made visible. */
const firstLine = (octets: Uint8Array): string => {
  const end = octets.indexOf(10)
  const text = utf8.decode(end < 0 ? octets : octets.subarray(0, end)).replace(/\r$/, "")
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd")
}

const ascii = new TextEncoder()
const utf8 = new TextDecoder()
const newline = new Uint8Array([10])
