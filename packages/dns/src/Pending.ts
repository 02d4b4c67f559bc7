/**
 * One question on its way, with everyone who waits for it: it runs `resolution.ts` against the channels of its servers, and
 * follows aliases to their end.
 */
import { Answer, kindOf } from "./Answer.ts"
import type { Entry } from "./Cache.ts"
import { Failure, ofProblem } from "./Failure.ts"
import * as limits from "./limits.ts"
import * as Query from "./Query.ts"
import * as Reply from "./Reply.ts"
import * as resolution from "./resolution.ts"
import type { OnResult, Resolver, Result, Shelf, Upstream } from "./Resolver.ts"
import { Send } from "./Send.ts"
import type { Server } from "./Servers.ts"
import * as ViewOptions from "./ViewOptions.ts"
import type { Ringer, Timer } from "./Wheel.ts"
import type * as Message from "./wire/Message.ts"
import * as Name from "./wire/Name.ts"
import type { ResourceRecord } from "./wire/ResourceRecord.ts"

export class Pending implements Ringer {
  readonly resolver: Resolver
  readonly shelf: Shelf
  readonly upstream: Upstream
  /** What it is kept under: the name asked for. */
  readonly key: string
  /** Where `InQuestion` has it. */
  place = 0
  ended = false
  /** The old answer, once those who waited got it: whoever comes later gets it at once. */
  served: Answer | undefined
  /** The name that is asked for now: an alias's target after the first. */
  private name: Name.Name
  private aliases: ReadonlyArray<ResourceRecord> = []
  private aliasTtl = Infinity
  private waiter: OnResult | undefined
  /** Those who came later with the same question. */
  private more: Array<OnResult> | undefined
  private state: resolution.State | undefined
  private first: Send | undefined
  /** Those after the first: nearly always none. */
  private others: Array<Send> | undefined
  private lastWaited: Send | undefined
  private timer: Timer | undefined
  private staleTimer: Timer | undefined
  /** Those for sends that wait for their server's turn: nearly always none. */
  private turns: Set<Timer> | undefined
  private readonly stale: Entry | undefined
  private readonly startedAt: number
  private readonly endsAt: number
  private hedgeOpen = false
  private lateAt = 0

  constructor(
    resolver: Resolver,
    shelf: Shelf,
    key: string,
    name: Name.Name,
    onResult: OnResult,
    stale: Entry | undefined,
    now: number
  ) {
    this.resolver = resolver
    this.shelf = shelf
    this.upstream = resolver.upstream
    this.key = key
    this.name = name
    this.waiter = onResult
    this.stale = stale
    const { attempts, timeout } = resolver.options
    this.startedAt = now
    this.endsAt = this.startedAt + timeout * attempts
  }

  begin(): void {
    if (this.upstream.servers.list.length === 0)
      return this.finish(new Failure("Refused", "ENOSERVER", "no name server is configured"))
    if (this.stale !== undefined) {
      this.staleTimer = this.resolver.wheel.set(limits.staleAfter, () => this.giveStale())
    }
    const first = this.start(this.startedAt)
    this.hedgeOpen = this.resolver.options.hedgeShare > 0
    this.apply(first, this.startedAt)
  }

  join(onResult: OnResult): void {
    if (this.more === undefined) this.more = [onResult]
    else this.more.push(onResult)
  }

  finish(result: Result): void {
    if (this.ended) return
    this.stop()
    this.tell(result)
  }

  /** Someone who waited does so no more; with nobody left, it stops. */
  leave(onResult: OnResult): void {
    if (this.waiter === onResult) this.waiter = undefined
    else if (this.more !== undefined) {
      const index = this.more.indexOf(onResult)
      if (index >= 0) this.more.splice(index, 1)
    }
    if (this.waiter === undefined && (this.more === undefined || this.more.length === 0) && !this.ended) this.stop()
  }

  private tell(result: Result): void {
    const { more, waiter } = this
    this.waiter = this.more = undefined
    waiter?.(result)
    if (more !== undefined) for (const each of more) each(result)
  }

  onReply(send: Send, meaning: Reply.Meaning, message: Message.Message, octets: Uint8Array, now: number): void {
    // Nearly always: no step is taken for it.
    if (resolution.ends(meaning)) return this.done(meaning, send, message, octets, now)
    const { server } = send
    if (meaning._tag === "Problem") server.failures++
    const next = resolution.step(this.state!, {
      _tag: "Reply",
      server: server.index,
      via: send.via,
      edns: send.edns,
      meaning
    })
    // EDNS was refused and its absence is tried: if that works, it is remembered.
    this.apply(next, now)
  }

  onOtherCase(send: Send): void {
    const now = this.resolver.wheel.now()
    send.server.foldsCaseUntil = now + limits.caseMemory
    this.apply(resolution.step(this.state!, { _tag: "OtherCase", server: send.server.index }), now)
  }

  onUnreachable(send: Send, code: string): void {
    const now = this.resolver.wheel.now()
    if (send.via === "datagram" || this.upstream.settings.streamOnly(send.server.index)) {
      send.server.silent(now)
      this.upstream.servers.disturb()
    }
    const event = { _tag: "Unreachable", server: send.server.index, via: send.via, code } as const
    this.apply(resolution.step(this.state!, event), now)
  }

  private apply(next: resolution.Step, now: number): void {
    if (this.ended) return
    this.state = next.state
    const { action } = next
    switch (action._tag) {
      case "Send":
        return this.send(action, now)
      case "Fail":
        return this.fail(action.reason)
      default:
    }
  }

  private send(action: Extract<resolution.Action, { readonly _tag: "Send" }>, now: number): void {
    const { resolver, upstream } = this
    const { list } = upstream.servers
    const server = list[action.server]!
    server.questions++
    resolver.counters.sends++
    if (this.first !== undefined && action.waits) resolver.counters.retransmits++
    const stream = action.via === "stream"
    if (stream) resolver.counters.streams++
    const channels = stream ? upstream.streams : upstream.datagrams
    const { transport } = resolver.options
    const channel = (channels[server.index] ??= stream
      ? transport.streams(server.endpoint)
      : transport.datagrams(server.endpoint))
    const turn = server.interval === 0 ? now : server.takeTurn(now)
    const questionEnd = Query.start + this.name.octets.length + 4
    const send = new Send(this, server, channel, action, this.encode(server, action, now), questionEnd, turn)
    if (this.first === undefined) this.first = send
    else if (this.others === undefined) this.others = [send]
    else this.others.push(send)
    if (turn > now) {
      this.waitForTurn(send, action, turn, now)
      return
    }
    this.watch(send, action, now)
    channel.ask(send)
  }

  /** Its server has had all the questions that this second allows it. */
  private waitForTurn(
    send: Send,
    action: Extract<resolution.Action, { readonly _tag: "Send" }>,
    turn: number,
    now: number
  ): void {
    const { wheel } = this.resolver
    if (action.waits) {
      // Until then nothing is late, but its life may end.
      this.lastWaited = undefined
      this.lateAt = Infinity
      this.hedgeOpen = false
      this.setTimer(Infinity, now)
    }
    if (turn >= this.endsAt) return
    const timer = wheel.set(
      turn - now,
      () => {
        this.turns!.delete(timer)
        // It was withdrawn meanwhile.
        if (send.place === undefined) return
        this.watch(send, action, wheel.now())
        send.channel.ask(send)
      },
      now
    )
    this.turns ??= new Set()
    this.turns.add(timer)
  }

  /** Sets the timer for a send's answer. */
  private watch(send: Send, action: Extract<resolution.Action, { readonly _tag: "Send" }>, now: number): void {
    const { resolver } = this
    const { server } = send
    const stream = send.via === "stream"
    if (action.waits) {
      this.lastWaited = send
      const usual = Math.min(server.retransmit * (1 << action.round), resolver.options.timeout)
      // A stream must first be connected, and repeats by itself what is lost.
      const patience = stream ? Math.max(usual, 1_000) : usual
      this.lateAt = now + patience
      const hedgeAfter = server.probing ? limits.minHedgeDelay : server.hedgeAfter
      const hedges = this.hedgeOpen && !stream && hedgeAfter < patience
      this.setTimer(hedges ? hedgeAfter : patience, now)
    }
  }

  private setTimer(delay: number, now: number): void {
    const { wheel } = this.resolver
    if (this.timer !== undefined) wheel.cancel(this.timer)
    this.timer = wheel.setFor(Math.min(delay, this.endsAt - now), this, now)
  }

  /** @internal The timer for the last send. */
  ring(): void {
    const now = this.resolver.wheel.now()
    this.timer = undefined
    // The wheel counts whole milliseconds.
    if (now >= this.endsAt - 0.5) return this.apply(resolution.step(this.state!, { _tag: "EndOfLife" }), now)
    if (now < this.lateAt - 0.5) {
      this.hedgeOpen = false
      this.setTimer(this.lateAt - now, now)
      const probing = this.lastWaited?.server.probing === true
      if (!probing && !this.upstream.servers.takeHedge()) return
      this.resolver.counters.hedges++
      return this.apply(resolution.step(this.state!, { _tag: "Slow" }), now)
    }
    const late = this.lastWaited
    if (late !== undefined && late.place !== undefined) {
      late.server.silent(now)
      this.upstream.servers.disturb()
    }
    this.setTimer(this.endsAt - now, now)
    this.apply(resolution.step(this.state!, { _tag: "Late" }), now)
  }

  private done(meaning: resolution.End, send: Send, message: Message.Message, octets: Uint8Array, now: number): void {
    const { resolver, shelf } = this
    if (send.server.plain !== !send.edns && resolver.options.edns) send.server.plain = !send.edns
    const aliases = this.aliases.length === 0 ? meaning.aliases : [...this.aliases, ...meaning.aliases]
    const ttl = meaning.ttl === undefined ? undefined : Math.min(meaning.ttl, this.aliasTtl)
    if (meaning._tag === "Alias") return this.follow(meaning.name, aliases, ttl ?? 0, now)
    const answer = new Answer({
      kind: kindOf(meaning),
      name: this.key,
      type: shelf.type,
      records: meaning._tag === "Found" ? meaning.records : none,
      aliases,
      canonicalName: meaning.name,
      ttl,
      message,
      octets,
      server: send.server.text,
      transport:
        send.via === "stream" && send.server.endpoint.protocol === "udp" ? "tcp" : send.server.endpoint.protocol,
      milliseconds: now - this.startedAt,
      receivedAt: resolver.wheel.wallMillisAt(now),
      stale: false
    })
    const objection = resolver.options.guard?.(answer)
    if (objection !== undefined) return this.finish(new Failure("Refused", "EREBIND", objection))
    if (resolver.options.cache.maxOctets > 0) resolver.keep(shelf, this.key, answer)
    this.finish(answer)
  }

  /** The chain goes on at a name that the reply says nothing of (RFC 1034 section 5.2.2). */
  private follow(target: Name.Name, aliases: ReadonlyArray<ResourceRecord>, ttl: number, now: number): void {
    const seen = aliases.some((alias) => Name.equals(alias.name, target))
    if (seen || aliases.length > limits.aliases) {
      return this.fail({
        _tag: "Problem",
        kind: "garbage",
        code: "LOOP",
        detail: `aliases of ${this.key} lead nowhere`
      })
    }
    this.aliases = aliases
    this.aliasTtl = ttl
    this.name = target
    const known = this.resolver.cached(Name.toText(target), this.shelf.type, this.shelf.view)
    if (known instanceof Answer && known.aliases.length + aliases.length <= limits.aliases) {
      const { resolver } = this
      // Its TTL ran since it came, that of the aliases begins now.
      const receivedAt = resolver.wallMillis()
      const left = known.stale ? known.ttl! : known.ttl! - Math.ceil((receivedAt - known.receivedAt) / 1_000)
      const joined = known.with({
        name: this.key,
        aliases: [...aliases, ...known.aliases],
        ttl: known.ttl === undefined ? undefined : Math.max(0, Math.min(left, ttl)),
        milliseconds: now - this.startedAt,
        receivedAt
      })
      if (!joined.stale) resolver.keep(this.shelf, this.key, joined)
      return this.finish(joined)
    }
    this.withdraw()
    this.apply(this.start(now), now)
  }

  private fail(reason: Reply.Problem | undefined): void {
    const { resolver, shelf, upstream } = this
    const asked = upstream.servers.list.map((server) => server.text).join(", ")
    const failure = ofProblem(reason, `asked ${asked}`)
    const now = resolver.wallMillis()
    if (resolver.cache.options.maxOctets > 0) resolver.cache.putFailure(shelf.table, this.key, failure, now)
    const stale = this.stale?.answer
    this.finish(stale === undefined ? failure : resolver.staleAnswer(stale))
  }

  /** The caller has waited long enough for a fresh answer; the resolution goes on, for the cache (RFC 8767 section 5). */
  private giveStale(): void {
    this.staleTimer = undefined
    const answer = this.stale?.answer
    if (answer === undefined) return
    this.served = answer
    this.tell(this.resolver.staleAnswer(answer))
    this.waiter = nothing
  }

  private start(now: number): resolution.Step {
    const { upstream } = this
    const order = upstream.servers.order(now)
    const plain = this.plainServers()
    const known = upstream.begun?.state
    // Steps are never written to: as long as the order stays, all questions begin with the same one.
    if (known === undefined || known.order !== order || known.plain !== plain) {
      upstream.begun = resolution.start(order, upstream.settings, plain)
    }
    return upstream.begun!
  }

  private plainServers(): number {
    let bits = 0
    const { list } = this.upstream.servers
    const off = !this.resolver.options.edns
    for (const server of list) if (server.plain || off) bits |= 1 << server.index
    return bits
  }

  private encode(server: Server, action: Extract<resolution.Action, { readonly _tag: "Send" }>, now: number): Buffer {
    const { options } = this.resolver
    const { view } = this.shelf
    const mixCase = options.mixCase && action.via === "datagram" && now >= server.foldsCaseUntil
    return Query.encode({
      name: this.name,
      type: this.shelf.code,
      mixCase,
      opt: action.edns ? ViewOptions.opt(server, view, options) : undefined,
      recursionDesired: true,
      checkingDisabled: view?.checkingDisabled === true,
      authenticData: options.trustAd
    })
  }

  /**
   * @internal Gives the question in a reply the case it was asked in by the caller: names of answers are mostly pointers to
   * it, and our random case is nobody's business. The reply repeats the question octet for octet, so the lengths agree.
   */
  unmix(reply: Uint8Array): void {
    // An error may come without the question (RFC 1035 leaves it open): then the octets there are something else.
    if (reply[5] !== 1) return
    const { octets } = this.name
    for (let i = 0; i < octets.length; i++) reply[Query.start + i] = octets[i]!
  }

  /** @internal What a reply means. */
  read(message: Message.Message, octets: Uint8Array): Reply.Meaning {
    return Reply.read(message, { name: this.name, type: this.shelf.type, class: "IN" }, octets)
  }

  private stop(): void {
    this.ended = true
    const { wheel } = this.resolver
    if (this.timer !== undefined) wheel.cancel(this.timer)
    if (this.staleTimer !== undefined) wheel.cancel(this.staleTimer)
    this.withdraw()
    this.resolver.end(this)
  }

  private withdraw(): void {
    const { first, others } = this
    this.first = this.others = this.lastWaited = undefined
    if (this.turns !== undefined) {
      for (const timer of this.turns) this.resolver.wheel.cancel(timer)
      this.turns.clear()
    }
    if (first !== undefined) withdraw(first)
    if (others !== undefined) for (const send of others) withdraw(send)
  }
}

const withdraw = (send: Send): void => {
  if (send.place !== undefined && send.place !== null) send.channel.cancel(send)
  else send.place = undefined
}

const nothing = (): void => {}
const none: ReadonlyArray<ResourceRecord> = []
