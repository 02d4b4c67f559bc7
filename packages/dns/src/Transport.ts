/**
 * The only door to the network. A transport opens channels, a channel carries questions to one server over one kind of
 * connection and hands back what claims to be a reply.
 *
 * Everything here is a plain callback, called from the event loop, because a resolver under load passes here a hundred
 * thousand times a second; the Effect edge is `Dns.ts`. The default is Node's sockets (`Transport.node`); `overExchange`
 * runs over any executor of `Exchange`, such as reactor's; tests bring scripted ones.
 */
import type { Exchange, Executor } from "@handoff/core"
import type { Endpoint } from "./Endpoint.ts"
import * as limits from "./limits.ts"
import type { Wheel } from "./Wheel.ts"
import * as Exchanges from "./transports/Exchanges.ts"
import * as Https from "./transports/Https.ts"
import { native } from "./transports/native.ts"
import * as Tcp from "./transports/Tcp.ts"
import * as Udp from "./transports/Udp.ts"

/** A question on its way. The resolver makes it, one channel has it until it is answered or cancelled. */
export interface Ask {
  /** The whole query. The channel draws the id and writes it into the first two octets. */
  readonly octets: Buffer
  /** Where the question ends in them. */
  readonly questionEnd: number
  /**
   * Octets that came from the server's address, to our port, with our id, and repeat our question. The channel forgets
   * the question when this returns true; after false it waits on, for the reply was not a true one. `now` is the wheel's
   * time, from a channel that has read it already.
   */
  onReply(octets: Uint8Array, now?: number): boolean
  /** As `onReply`, but letters of the question changed their case. Always waited on. */
  onOtherCase(): void
  /**
   * The server cannot be reached; `code` is the system's. When `final` is false the question is still waited for (an ICMP
   * error proves little), else the channel has forgotten it.
   */
  onUnreachable(code: string, final: boolean): void
  /** The channel's own while it has the question, what it must know to find it again; then undefined. */
  place: unknown
  /** The id drawn. */
  id: number
}

/** A way to one server that is open. */
export interface Channel {
  /** Sends a question. May call back before it returns. */
  ask(ask: Ask): void
  /** Forgets a question: its id and its port are free, nothing more is called. */
  cancel(ask: Ask): void
  /** Closes every socket; questions that are left are forgotten. */
  close(): void
  /** Its own counters, added to the resolver's under `<kind>.<name>`. */
  readonly counters: Readonly<Record<string, number>>
}

/** A way to ask servers: UDP, TCP, TLS, HTTPS. */
export interface Transport {
  /** The channel for datagrams to a server. Only asked for endpoints whose protocol is `udp`. */
  readonly datagrams: (endpoint: Endpoint) => Channel
  /** The channel for its stream: TCP for `udp` and `tcp`, TLS, HTTPS. */
  readonly streams: (endpoint: Endpoint) => Channel
}

/** How Node's sockets are used. */
export interface Options {
  readonly udpSocketsPerServer?: number | undefined
  readonly questionsPerUdpSocket?: number | undefined
  /** Milliseconds. */
  readonly connectionIdle?: number | undefined
  /** Milliseconds. */
  readonly connectTimeout?: number | undefined
}

/** Node's own sockets. */
export const node = (wheel: Wheel, options: Options = {}): Transport => {
  const stream = {
    idle: options.connectionIdle ?? limits.connectionIdle.default,
    connectTimeout: options.connectTimeout ?? limits.connectTimeout
  }
  return {
    datagrams: (endpoint) =>
      new Udp.UdpChannel(native(endpoint), wheel, {
        sockets: options.udpSocketsPerServer ?? limits.udpSocketsPerServer.default,
        questions: options.questionsPerUdpSocket ?? limits.questionsPerUdpSocket.default
      }),
    streams: (endpoint) =>
      endpoint.protocol === "https"
        ? new Https.HttpsChannel(native(endpoint), stream)
        : new Tcp.TcpChannel(native(endpoint), wheel, stream)
  }
}

/** Any executor of `Exchange`, such as reactor's. Not for endpoints over HTTPS: those are a defect. */
export const overExchange = (executor: Executor.Executor<Exchange>): Transport => ({
  datagrams: (endpoint) => new Exchanges.ExchangeChannel(executor, endpoint, "udp"),
  streams: (endpoint) => {
    if (endpoint.protocol === "https") throw new Error("an Exchange carries no HTTP: give its endpoint as tls or tcp")
    return new Exchanges.ExchangeChannel(executor, endpoint, endpoint.protocol === "tls" ? "tls" : "tcp")
  }
})
