/**
 * What is known of each server, and in which order they are asked.
 *
 * The order is by smoothed round trip; every server is asked once early on. One question in fifty goes first to another server than the best, so that one that
 * became better is noticed. A server that was silent twice in a row rests (RFC 9520 section 3.2): it stands last until its
 * rest is over, then gets one question with a hedge behind it; each further silence doubles the rest.
 *
 * Pure of I/O: times are handed in, in ms.
 */
import * as Endpoint from "./Endpoint.ts"
import * as limits from "./limits.ts"
import * as random from "./random.ts"

export class Server {
  readonly index: number
  readonly endpoint: Endpoint.Endpoint
  /** As people write it. */
  readonly text: string

  /** Smoothed round trip and its variation, ms (RFC 6298); negative before the first. */
  roundTrip = -1
  variation = 0
  /** The round trip that 95 of 100 stay under, estimated as we go; ms. */
  p95 = 0
  timeoutsInARow = 0
  restsUntil = 0
  restMillis: number = 0
  /** A question that probes whether the rest was enough is under way. */
  probing = false

  /** EDNS was answered with an error and its absence was not. */
  plain = false
  /** Until when its replies are known not to keep the question's case. */
  foldsCaseUntil = 0
  /** Our cookie for it, and the one it gave us (RFC 7873). */
  readonly clientCookie = random.octets(8)
  serverCookie: Uint8Array | undefined = undefined
  /** The OPT record of a usual query to it, kept while its cookie stays; see `ViewOptions.ts`. */
  usualOpt: Uint8Array | undefined = undefined

  /** Milliseconds between two questions to it; 0 for no limit. */
  interval = 0
  private nextTurn = 0

  questions = 0
  answers = 0
  timeouts = 0
  failures = 0

  constructor(index: number, endpoint: Endpoint.Endpoint) {
    this.index = index
    this.endpoint = endpoint
    this.text = Endpoint.format(endpoint)
  }

  /** The time after which a question is repeated, ms. */
  get retransmit(): number {
    if (this.roundTrip < 0) return limits.unknownServerRetransmit
    return Math.max(limits.minRetransmit, this.roundTrip + 4 * this.variation, 1.5 * this.p95)
  }

  /** The time after which a hedge pays, ms. */
  get hedgeAfter(): number {
    return this.roundTrip < 0 ? limits.unknownServerRetransmit / 2 : Math.max(limits.minHedgeDelay, this.p95)
  }

  /** How long a question would wait for its turn, ms. */
  wait(now: number): number {
    return Math.max(0, this.nextTurn - now)
  }

  /** When the next question may go to it: now, or later when it has had its share. */
  takeTurn(now: number): number {
    // A turn not used is not saved up, but for the millisecond that a timer may be late.
    const turn = Math.max(this.nextTurn, now - 2)
    this.nextTurn = turn + this.interval
    return Math.max(turn, now)
  }

  /** It answered, `roundTrip` ms after it was asked. */
  heard(roundTrip: number): void {
    this.answers++
    this.timeoutsInARow = 0
    this.restsUntil = 0
    this.restMillis = 0
    this.probing = false
    if (this.roundTrip < 0) {
      this.roundTrip = roundTrip
      this.variation = roundTrip / 2
      this.p95 = roundTrip * 2
      return
    }
    const difference = roundTrip - this.roundTrip
    this.variation += (Math.abs(difference) - this.variation) / 4
    this.roundTrip += difference / 8
    // A quantile by steps: up by 19 for one above, down by 1 for one below, so that it rests where 1 in 20 is above.
    const unit = Math.max(0.005, this.roundTrip * 0.01)
    this.p95 = Math.max(this.roundTrip, this.p95 + (roundTrip > this.p95 ? 19 * unit : -unit))
  }

  /** It did not answer in its time. */
  silent(now: number): void {
    this.timeouts++
    this.timeoutsInARow++
    this.probing = false
    if (this.timeoutsInARow < limits.restAfterTimeouts || now < this.restsUntil) return
    this.restMillis = this.restMillis === 0 ? limits.rest.first : Math.min(2 * this.restMillis, limits.rest.most)
    this.restsUntil = now + this.restMillis
  }
}

export class Servers {
  readonly list: ReadonlyArray<Server>
  private readonly rotate: boolean
  private asked = 0
  /** The order for when nothing is special, kept until a server's standing changes. */
  private usual: ReadonlyArray<number>
  private validUntil = 0
  private hedges = 1
  /** Some server may never have been asked. */
  private strangers = true
  private readonly hedgeShare: number
  private paced = false

  constructor(
    endpoints: ReadonlyArray<Endpoint.Endpoint>,
    options: { readonly rotate: boolean; readonly hedgeShare: number }
  ) {
    this.list = endpoints.map((endpoint, index) => new Server(index, endpoint))
    this.rotate = options.rotate
    this.hedgeShare = options.hedgeShare
    this.usual = this.list.map((server) => server.index)
  }

  /** Leaves so many ms between two questions to a server; 0 for no limit. */
  pace(interval: number): void {
    this.paced = interval > 0
    for (const server of this.list) server.interval = interval
  }

  /** The order for a new question: places in `list`, the one to ask first first. */
  order(now: number): ReadonlyArray<number> {
    const order = this.byQuickness(now)
    return this.paced ? this.byTurn(order, now) : order
  }

  /** Where each has its rate, the quickest that may be asked now is first; else the one that may be soonest. */
  private byTurn(order: ReadonlyArray<number>, now: number): ReadonlyArray<number> {
    let best = order[0]!
    let least = Infinity
    for (const index of order) {
      const server = this.list[index]!
      if (server.restMillis > 0 && index !== order[0]) continue
      const wait = server.wait(now)
      if (wait >= least) continue
      best = index
      least = wait
    }
    return best === order[0] ? order : first(best, order)
  }

  private byQuickness(now: number): ReadonlyArray<number> {
    if (this.hedges < limits.hedgeBurst) this.hedges += this.hedgeShare
    const count = this.list.length
    if (count === 1) return this.usual
    this.asked++
    if (this.asked > limits.exploreAfter && this.strangers) {
      const stranger = this.list.find((server) => server.questions === 0)
      if (stranger !== undefined) return first(stranger.index, this.usual)
      this.strangers = false
    }
    if (now >= this.validUntil) {
      // Round trips drift slowly: sorting a hundred times a second is often enough.
      this.usual = this.sorted(now)
      this.validUntil = now + 10
      const returning = this.list.find(
        (server) =>
          server.restMillis > 0 && now >= server.restsUntil && !server.probing && server.index !== this.usual[0]
      )
      if (returning !== undefined) {
        returning.probing = true
        return first(returning.index, this.usual)
      }
    }
    const { usual } = this
    if (this.rotate) return first(usual[this.asked % this.awake(now)]!, usual)
    if (this.asked % limits.exploreEvery !== 0) return usual
    const awake = this.awake(now)
    return awake === 1 ? usual : first(usual[1 + Math.floor(random.fraction() * (awake - 1))]!, usual)
  }

  /** Takes the right to one extra send, if the stated share allows it. */
  takeHedge(): boolean {
    if (this.hedges < 1) return false
    this.hedges--
    return true
  }

  /** What is known of a server has changed much: order anew. */
  disturb(): void {
    this.validUntil = 0
  }

  private awake(now: number): number {
    let count = 0
    for (const server of this.list) if (server.restsUntil <= now && server.restMillis === 0) count++
    return Math.max(1, count)
  }

  private sorted(now: number): ReadonlyArray<number> {
    // Resting servers last; among them the one whose rest ends first. A server never heard stands after those that were,
    // in the order in which it was given.
    const cost = (server: Server): number =>
      server.restMillis > 0
        ? 1e9 + Math.max(0, server.restsUntil - now)
        : this.rotate
          ? 0
          : server.roundTrip < 0
            ? limits.unknownServerRetransmit
            : server.roundTrip + 2 * server.variation
    const costs = this.list.map(cost)
    return this.list.map((server) => server.index).toSorted((a, b) => costs[a]! - costs[b]! || a - b)
  }
}

const first = (index: number, order: ReadonlyArray<number>): ReadonlyArray<number> => [
  index,
  ...order.filter((other) => other !== index)
]
