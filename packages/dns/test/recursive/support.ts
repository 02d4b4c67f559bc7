/**
 * A tree of zones on loopback addresses of their own, `127.53.<branch>.<n>`, all signed from the root down: as the net has
 * it, with servers that are right, dead, lame, slow, or lie.
 */
import { createSocket } from "node:dgram"
import { SigningKey, signSync } from "@handoff/dns/dnssec"
import { handle, Server } from "@handoff/dns/server"
import { Name } from "@handoff/dns/wire"
import { type RRset, text, Zone } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import { dsOf, policyOf } from "../dnssec/support/judge.ts"

const now = Math.floor(Date.now() / 1_000)

export interface Tree {
  readonly zones: ReadonlyMap<string, Zone.Zone>
  readonly anchor: ReturnType<typeof RRset.recordOf>
}

/**
 * Zones as text: each is signed, and its DS goes to the zone above. Words of a first line that is a comment say otherwise: `unsigned`,
 * `nsec3`, `optout`, `expired` (its signatures), `island` (the zone above has no DS), `stranger` (it has that of another key).
 */
export const signTree = (texts: Readonly<Record<string, string>>): Tree => {
  const zones = new Map<string, Zone.Zone>()
  const ds = new Map<string, Array<ReturnType<typeof RRset.recordOf>>>()
  const origins = Object.keys(texts).toSorted(
    (a, b) => b.split(".").length - a.split(".").length || (a === "." ? 1 : -1)
  )
  let anchor: Tree["anchor"] | undefined
  for (const origin of origins) {
    const source = texts[origin]!
    const words = new Set(/^;(.*)/.exec(source)?.[1]!.split(" "))
    const name = Name.fromText(origin)
    const plain = text.zone(origin, `$TTL 300\n@ SOA ns hostmaster 1 7200 900 1209600 300\n${source}`)
    const zone = Zone.make([...plain.records(), ...(ds.get(origin) ?? [])])
    if (words.has("unsigned")) {
      zones.set(origin, zone)
      continue
    }
    const key = SigningKey.generate({ role: "single" })
    const denial = words.has("optout")
      ? ({ denial: "nsec3", nsec3: { optOut: true } } as const)
      : words.has("nsec3")
        ? ({ denial: "nsec3" } as const)
        : {}
    zones.set(origin, signSync(zone, { keys: [key], now: words.has("expired") ? now - 60 * 86_400 : now, ...denial }))
    const record = dsOf(origin, words.has("stranger") ? SigningKey.generate({ role: "single" }) : key)
    if (origin === ".") anchor = record
    const parent = origins.find((other) => other !== origin && Name.isSubdomainOf(name, Name.fromText(other)))
    if (parent !== undefined && !words.has("island")) ds.set(parent, [...(ds.get(parent) ?? []), record])
  }
  return { zones, anchor: anchor! }
}

/** Serves zones at an address and port. */
export const serve = (host: string, port: number, zones: ReadonlyArray<Zone.Zone>) => Server.make({ host, port, zones })

/** A server that answers each datagram only after a while. */
export const serveSlowly = (host: string, port: number, zones: ReadonlyArray<Zone.Zone>, milliseconds: number) =>
  Effect.acquireRelease(
    Effect.promise(
      () =>
        new Promise<() => void>((resolve) => {
          const socket = createSocket("udp4")
          const policy = policyOf(zones)
          const timers = new Set<NodeJS.Timeout>()
          socket.on("message", (octets, from) => {
            const timer = setTimeout(() => {
              timers.delete(timer)
              for (const response of handle(policy, octets, { transport: "udp", ...from }, Date.now())) {
                socket.send(response, from.port, from.address)
              }
            }, milliseconds)
            timers.add(timer)
          })
          socket.bind(port, host, () =>
            resolve(() => {
              for (const timer of timers) clearTimeout(timer)
              socket.close()
            })
          )
        })
    ),
    (close) => Effect.sync(close)
  )

/** A server that takes every question and says nothing. */
export const serveNothing = (host: string, port: number) => serveSlowly(host, port, [], 3_600_000)
