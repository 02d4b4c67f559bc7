/**
 * How one question is resolved: a pure step function. What came in, what to do next; no clock, no socket, no randomness.
 *
 * A resolution sends its question to one server after the other, in an order that was chosen before it began (see
 * `Servers.ts`), until one of them answers. Sends are never withdrawn before the end: an answer to an earlier one is as
 * good as one to the last. The rules:
 *
 * | what happens | what is done |
 * |---|---|
 * | an answer (records, an alias, no such record, no such name) | done |
 * | a truncated answer | the same server over its stream (RFC 7766 section 5) |
 * | the question came back with another case | the same server over its stream, which no blind forger can answer |
 * | FORMERR or BADVERS, and the query had EDNS | the same server without EDNS (RFC 6891 section 6.2.2) |
 * | BADCOOKIE | the same server with its new cookie, then over its stream (RFC 7873 section 5.3) |
 * | SERVFAIL, REFUSED, NOTIMP, a lame or senseless answer | this server is out; the next one at once |
 * | all servers are out | failed, with the most telling of their reasons |
 * | unreachable (an ICMP error, no connection) | the next server at once; this one again in the next round only |
 * | no answer in the usual time | the next server; after the last the first again, with twice the time; from the third round on every second one over streams |
 * | later than it usually is, and a hedge is allowed | one more send, to the next server, once |
 * | the end of its life | failed: a timeout, or the most telling reason |
 */
import * as limits from "./limits.ts"
import type { Meaning, Problem } from "./Reply.ts"

/** Servers are small numbers: places in the resolver's list. */
export type ServerIndex = number

export type Via = "datagram" | "stream"

export interface Settings {
  /** Servers whose only way is a stream (TCP, TLS, HTTPS). */
  readonly streamOnly: (server: ServerIndex) => boolean
  /** Rounds in which every server was unreachable, after which it is no use to wait on. */
  readonly attempts: number
}

export interface State {
  readonly settings: Settings
  readonly order: ReadonlyArray<ServerIndex>
  /** Place in `order` of the last send. */
  readonly at: number
  /** Times that `order` was gone through; each doubles the wait. */
  readonly round: number
  readonly sends: number
  readonly hedged: boolean
  /** Servers that are out, that want no EDNS, that were asked over a stream, whose cookie was refused, unreachable now. */
  readonly out: number
  readonly plain: number
  readonly streamed: number
  readonly recooked: number
  readonly unreachable: number
  /** The most telling reason so far. */
  readonly reason: Problem | undefined
  /** Rounds in which every server that is not out was unreachable. */
  readonly deadRounds: number
}

export type Event =
  /** A reply of `server` that matched its query. */
  | {
      readonly _tag: "Reply"
      readonly server: ServerIndex
      readonly via: Via
      readonly edns: boolean
      readonly meaning: Meaning
    }
  | { readonly _tag: "OtherCase"; readonly server: ServerIndex }
  | { readonly _tag: "Unreachable"; readonly server: ServerIndex; readonly via: Via; readonly code: string }
  /** The last send was not answered in the time that was given for it. */
  | { readonly _tag: "Late" }
  /** The first send is later than its server usually is, and an extra send is allowed. */
  | { readonly _tag: "Slow" }
  | { readonly _tag: "EndOfLife" }

/** What a reply can mean that ends the resolution, whatever went before: for this no state is needed (`ends`). */
export type End = Exclude<Meaning, { readonly _tag: "Truncated" } | Problem>

export type Action =
  | {
      readonly _tag: "Send"
      readonly server: ServerIndex
      readonly via: Via
      readonly edns: boolean
      /** The wait for it is its server's usual one times two to the power of this. */
      readonly round: number
      /** Whether this send begins a new wait; a hedge does not. */
      readonly waits: boolean
    }
  | { readonly _tag: "Wait" }
  | { readonly _tag: "Done"; readonly meaning: End }
  | { readonly _tag: "Fail"; readonly reason: Problem | undefined }

export interface Step {
  readonly state: State
  readonly action: Action
}

const wait: Action = { _tag: "Wait" }

/** Bits of a number tell which servers. */
const bit = (server: ServerIndex): number => 1 << server

/** The first send. `order` has at least one server, and at most 30. */
export const start = (order: ReadonlyArray<ServerIndex>, settings: Settings, plain = 0): Step => {
  const server = order[0]!
  return {
    state: {
      settings,
      order,
      at: 0,
      round: 0,
      sends: 1,
      hedged: false,
      out: 0,
      plain,
      streamed: 0,
      recooked: 0,
      unreachable: 0,
      reason: undefined,
      deadRounds: 0
    },
    action: {
      _tag: "Send",
      server,
      via: settings.streamOnly(server) ? "stream" : "datagram",
      edns: (plain & bit(server)) === 0,
      round: 0,
      waits: true
    }
  }
}

/** Whether `step` says `Done` to a reply with this meaning, in any state. */
export const ends = (meaning: Meaning): meaning is End => meaning._tag !== "Truncated" && meaning._tag !== "Problem"

/** What to do about what happened. */
export const step = (state: State, event: Event): Step => {
  switch (event._tag) {
    case "Reply":
      return reply(state, event)
    case "OtherCase":
      return toStream(state, event.server, { _tag: "Problem", kind: "garbage", code: "CASE" })
    case "Unreachable":
      return unreachable(state, event)
    case "Late":
      return next({ ...state, unreachable: 0 }, true)
    case "Slow":
      return hedge(state)
    case "EndOfLife":
      return { state, action: { _tag: "Fail", reason: state.reason } }
  }
}

const reply = (state: State, event: Extract<Event, { readonly _tag: "Reply" }>): Step => {
  const { edns, meaning, server, via } = event
  if (ends(meaning)) return { state, action: { _tag: "Done", meaning } }
  if (meaning._tag === "Truncated") {
    // A stream that truncates has no more to give.
    if (via === "stream") return drop(state, server, { _tag: "Problem", kind: "garbage", code: "TRUNCATED" })
    return toStream(state, server, undefined)
  }
  switch (meaning.kind) {
    case "format":
    case "version":
      if (edns && (state.plain & bit(server)) === 0) {
        return send({ ...state, plain: state.plain | bit(server) }, server, via, true)
      }
      return drop(state, server, meaning)
    case "cookie":
      if ((state.recooked & bit(server)) === 0) {
        return send({ ...state, recooked: state.recooked | bit(server) }, server, via, true)
      }
      return via === "stream" ? drop(state, server, meaning) : toStream(state, server, meaning)
    default:
      return drop(state, server, meaning)
  }
}

const toStream = (state: State, server: ServerIndex, reason: Problem | undefined): Step =>
  (state.streamed & bit(server)) === 0
    ? send(
        { ...state, streamed: state.streamed | bit(server), reason: worse(state.reason, reason) },
        server,
        "stream",
        true
      )
    : { state, action: wait }

/** This server will not answer this question; the others may. */
const drop = (state: State, server: ServerIndex, reason: Problem): Step => {
  const dropped = { ...state, out: state.out | bit(server), reason: worse(state.reason, reason) }
  return next(dropped, false)
}

const unreachable = (state: State, event: Extract<Event, { readonly _tag: "Unreachable" }>): Step => {
  const { code, server, via } = event
  const reason = worse(state.reason, { _tag: "Problem", kind: "refused", code })
  if (via === "stream" && !state.settings.streamOnly(server)) {
    // It has no stream to offer, but said that it needs one: it is out. One tried for want of datagrams is just gone.
    if ((state.streamed & bit(server)) !== 0) return drop(state, server, { _tag: "Problem", kind: "failure", code })
    return { state: { ...state, reason }, action: wait }
  }
  const marked = { ...state, unreachable: state.unreachable | bit(server), reason }
  if (marked.order.some((other) => (bit(other) & (marked.unreachable | marked.out)) === 0)) return next(marked, false)
  const deadRounds = state.deadRounds + ((state.unreachable & bit(server)) === 0 ? 1 : 0)
  // An ICMP error is easily forged: it never ends a resolution before its servers had time to speak.
  if (deadRounds >= state.settings.attempts) return { state: marked, action: { _tag: "Fail", reason } }
  return { state: { ...marked, deadRounds }, action: wait }
}

/** The next server in the order that is not out and not known to be unreachable. */
const next = (state: State, late: boolean): Step => {
  const { order } = state
  const barred = state.out | state.unreachable
  for (let i = 1; i <= order.length; i++) {
    const at = (state.at + i) % order.length
    const server = order[at]!
    if ((barred & bit(server)) !== 0) continue
    const wrapped = state.at + i >= order.length
    // Moving on at once goes on to fresh servers only; what was asked already is being waited for.
    if (wrapped && !late) return { state, action: wait }
    const moved = { ...state, at, round: state.round + (wrapped ? 1 : 0) }
    const stream = moved.round >= limits.tcpAfterRounds && moved.round % 2 === 0
    return send(moved, server, stream ? "stream" : "datagram", true)
  }
  const alive = order.some((server) => (state.out & bit(server)) === 0)
  return alive ? { state, action: wait } : { state, action: { _tag: "Fail", reason: state.reason } }
}

const hedge = (state: State): Step => {
  if (state.hedged) return { state, action: wait }
  const barred = state.out | state.unreachable
  for (let i = 1; i <= state.order.length; i++) {
    const at = (state.at + i) % state.order.length
    const server = state.order[at]!
    if ((barred & bit(server)) !== 0) continue
    return send({ ...state, hedged: true }, server, "datagram", false)
  }
  return { state, action: wait }
}

/** Every send but the first: here is the bound on what somebody may have us send. */
const send = (state: State, server: ServerIndex, via: Via, waits: boolean): Step => {
  if (state.sends >= limits.sendsPerQuestion) return { state, action: wait }
  return {
    state: { ...state, sends: state.sends + 1 },
    action: {
      _tag: "Send",
      server,
      via: state.settings.streamOnly(server) ? "stream" : via,
      edns: (state.plain & bit(server)) === 0,
      round: state.round,
      waits
    }
  }
}

/** What tells the caller most: that the answer makes no sense, then a failure, then a refusal. */
const rank: Readonly<Record<Problem["kind"], number>> = {
  failure: 4,
  garbage: 3,
  refused: 2,
  lame: 2,
  format: 1,
  version: 1,
  cookie: 1
}

const worse = (a: Problem | undefined, b: Problem | undefined): Problem | undefined =>
  a === undefined || (b !== undefined && rank[b.kind] > rank[a.kind]) ? b : a
