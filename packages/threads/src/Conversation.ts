/** `Exchange` for a pool: the task as plain data for a worker's `converse`, and its answer as the task's own outcome. */
import { type Exchange, ExchangeError } from "@handoff/core"
import * as Exit from "effect/Exit"
import * as Host from "effect/net/Host"
import * as NetAddress from "effect/net/NetAddress"
import type { Answer, Peer, Request } from "./converse.ts"

/** The module that holds conversations, for the catalogue. */
export const module = new URL(import.meta.url.endsWith(".ts") ? "./converse.ts" : "./converse.js", import.meta.url).href

const peerOf = (peer: Exchange["peer"]): Peer => {
  if (peer._tag === "UnixPathAddress") return { path: peer.path }
  if (peer._tag !== "HostPort") return { host: NetAddress.formatHost(peer), port: peer.port }
  return { host: Host.formatHost(peer.host), port: peer.port }
}

/** The task as data. A string says why it cannot be sent as stated. */
export const request = (task: Exchange): Request | string => {
  const { until } = task
  const peer = peerOf(task.peer)
  if ((task.transport === "udp") !== (until._tag === "Datagram")) {
    return "a datagram is what UDP, and only UDP, waits for"
  }
  if (task.transport === "udp" && "path" in peer) return "UDP has no peers by path"
  if (until._tag === "Delimiter" && until.delimiter.length === 0) return "an empty delimiter ends nothing"
  if (until._tag === "Octets" && until.octets < 0) return "a reply has no negative number of octets"
  return {
    transport: task.transport,
    peer,
    request: task.request,
    until,
    maxOctets: task.maxOctets ?? 65_536,
    connectTimeout: task.connectTimeout ?? 10_000,
    idleTimeout: task.idleTimeout ?? 10_000,
    totalTimeout: task.totalTimeout
  }
}

const show = (task: Exchange): string =>
  task.peer._tag === "HostPort" ? Host.formatHostPort(task.peer) : NetAddress.formatSocketAddress(task.peer)

export const bad = (task: Exchange, detail: string): Exit.Exit<never, ExchangeError> =>
  Exit.fail(new ExchangeError({ peer: show(task), stage: "send", reason: "BadRequest", received: 0, detail }))

export const outcome = (answer: Answer): Exit.Exit<unknown, ExchangeError> => {
  if (answer.ok) return Exit.succeed({ octets: answer.octets, peer: answer.peer, end: answer.end })
  const { ok: _, ...fields } = answer
  return Exit.fail(new ExchangeError(fields as ConstructorParameters<typeof ExchangeError>[0]))
}
