/**
 * Log lines with names in the place of addresses: blocks of octets in, blocks of octets out, order kept, each address
 * asked for once. Plain callbacks inside, because a million lines pass here.
 *
 * Lines are never decoded: octets are read as Latin-1, where each octet is one character, and written as they were.
 */
import { type Executor, LookupAddress, LookupHost, type Shared } from "@handoff/core"
import * as Exit from "effect/Exit"
import * as NetAddress from "effect/net/NetAddress"
import * as Net from "node:net"
import * as limits from "./limits.ts"

export interface Options {
  /** The field with the address, from 1; fields are separated by blanks. */
  readonly field: number
  /** Whether a name must lead back to its address before it is believed. */
  readonly confirm: boolean
  /** Lookups on their way at once. */
  readonly lookups: number
}

/** Counted as they happen. */
export interface Statistics {
  lines: number
  /** Lines whose field held an address. */
  addressed: number
  /** Different addresses asked for. */
  addresses: number
  /** Of those, how many had a name. */
  named: number
  /** Names that did not lead back to their address. */
  unconfirmed: number
  /** Addresses for which the lookup failed, other than that there is no name. */
  troubled: number
}

/** What is known of an address: its name, or itself if it has none; undefined while it is asked for. */
interface Known {
  readonly address: string
  text: string | undefined
  waiting: Array<Block> | undefined
}

/** Lines read, of which some wait for names. */
export class Block {
  private readonly text: string
  /** Where each address is in the text: its start and its end, by turns. */
  private readonly places: Array<number> = []
  private readonly addresses: Array<Known> = []
  missing = 0
  onReady: (() => void) | undefined

  constructor(text: string) {
    this.text = text
  }

  get isReady(): boolean {
    return this.missing === 0
  }

  add(known: Known, start: number, end: number): void {
    this.places.push(start, end)
    this.addresses.push(known)
    if (known.text === undefined && known.waiting?.at(-1) !== this) {
      known.waiting!.push(this)
      this.missing++
    }
  }

  /** The block's octets; only when it is ready. */
  octets(): Buffer {
    const { addresses, places, text } = this
    let rewritten = ""
    let from = 0
    for (let i = 0; i < addresses.length; i++) {
      rewritten += text.slice(from, places[2 * i]) + addresses[i]!.text
      from = places[2 * i + 1]!
    }
    return Buffer.from(rewritten + text.slice(from), "latin1")
  }
}

export class Rewriter {
  readonly statistics: Statistics = { lines: 0, addressed: 0, addresses: 0, named: 0, unconfirmed: 0, troubled: 0 }
  private readonly executor: Executor.Executor<Shared>
  private readonly options: Options
  private readonly known = new Map<string, Known>()
  private readonly queue: Array<Known> = []
  private head = 0
  private running = 0
  private readonly cancels = new Set<() => void>()
  /** The start of a line whose end has not come. */
  private carried = ""
  /** Whether the start of the line has passed already, because the line is too long. */
  private passing = false

  constructor(executor: Executor.Executor<Shared>, options: Options) {
    this.executor = executor
    this.options = options
  }

  /** Reads octets that follow those read before; the block has every line that is whole now. */
  read(octets: Uint8Array): Block {
    const text = this.carried + Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString("latin1")
    const isTooLong = text.length > limits.lineOctets && !text.includes("\n")
    const end = isTooLong ? text.length : text.lastIndexOf("\n") + 1
    const block = new Block(text.slice(0, end))
    this.carried = text.slice(end)
    this.lines(text, end, block)
    if (isTooLong) this.passing = true
    this.ask()
    return block
  }

  /** The last line, if it has no newline. */
  end(): Block {
    const block = new Block(this.carried)
    this.lines(this.carried, this.carried.length, block)
    this.carried = ""
    this.ask()
    return block
  }

  /** Gives every lookup up. */
  close(): void {
    this.queue.length = 0
    for (const cancel of this.cancels) cancel()
    this.cancels.clear()
  }

  private lines(text: string, length: number, block: Block): void {
    let start = 0
    if (this.passing && length > 0) {
      start = text.indexOf("\n") + 1
      if (start === 0) return
      this.passing = false
    }
    while (start < length) {
      const newline = text.indexOf("\n", start)
      const end = newline < 0 ? length : newline
      this.statistics.lines++
      this.line(text, start, end, block)
      start = end + 1
    }
  }

  private line(text: string, start: number, end: number, block: Block): void {
    let at = start
    for (let field = 1; field < this.options.field; field++) {
      const blank = text.indexOf(" ", at)
      if (blank < 0 || blank >= end) return
      at = blank + 1
    }
    // Brackets and quotes around an address are not of it: `[192.0.2.1]`, `"192.0.2.1",`.
    while (at < end && isOpening(text.charCodeAt(at))) at++
    let stop = at
    while (stop < end && isOfAddress(text.charCodeAt(stop))) stop++
    if (stop === at || stop - at > longestAddress) return
    let address = text.slice(at, stop)
    // `192.0.2.1:1234` has a port.
    const colon = address.indexOf(":")
    if (colon > 0 && address.lastIndexOf(".", colon) > 0) {
      address = address.slice(0, colon)
      stop = at + colon
    }
    const known = this.known.get(address) ?? this.meet(address)
    if (known === undefined) return
    this.statistics.addressed++
    block.add(known, at, stop)
  }

  private meet(address: string): Known | undefined {
    if (Net.isIP(address) === 0) return undefined
    const known: Known = { address, text: undefined, waiting: [] }
    if (this.known.size >= limits.remembered) this.forget()
    // A slice would keep its whole block alive.
    this.known.set(Buffer.from(address, "latin1").toString("latin1"), known)
    this.queue.push(known)
    this.statistics.addresses++
    return known
  }

  private forget(): void {
    for (const [address, { text }] of this.known) {
      if (text === undefined) continue
      this.known.delete(address)
      return
    }
  }

  private ask(): void {
    while (this.running < this.options.lookups && this.head < this.queue.length) this.lookup(this.queue[this.head++]!)
    if (this.head > 4_096 && this.head * 2 > this.queue.length) {
      this.queue.splice(0, this.head)
      this.head = 0
    }
  }

  private lookup(known: Known): void {
    this.running++
    const address = NetAddress.ipFromStringUnsafe(known.address)
    this.submit(new LookupAddress({ address }), (exit) => {
      if (!Exit.isSuccess(exit)) {
        if (!isNotFound(exit)) this.statistics.troubled++
        return this.settle(known, known.address)
      }
      const name = exit.value[0].toLowerCase()
      // What a name server says may be anything; a log line is text of one line.
      if (!/^[\u0021-\u007e]+$/.test(name)) return this.settle(known, known.address)
      this.statistics.named++
      if (this.options.confirm) this.confirm(known, name, address)
      else this.settle(known, name)
    })
  }

  private confirm(known: Known, name: string, address: NetAddress.IpAddress): void {
    const text = NetAddress.formatIp(address)
    this.submit(new LookupHost({ name, family: NetAddress.familyOf(address) }), (exit) => {
      const leadsBack = Exit.isSuccess(exit) && exit.value.some((one) => NetAddress.formatIp(one) === text)
      if (!leadsBack) this.statistics.unconfirmed++
      this.settle(known, leadsBack ? name : known.address)
    })
  }

  private submit<T extends LookupAddress | LookupHost>(task: T, onExit: (exit: Executor.Outcome<T>) => void): void {
    // An executor may answer before it returns; then there is nothing to give up.
    let isOver = false
    let given: (() => void) | undefined
    const cancel = this.executor.submitUnsafe(task, (exit) => {
      isOver = true
      if (given !== undefined) this.cancels.delete(given)
      onExit(exit)
    })
    given = cancel
    if (!isOver) this.cancels.add(cancel)
  }

  private settle(known: Known, text: string): void {
    this.running--
    known.text = text
    const { waiting } = known
    known.waiting = undefined
    for (const block of waiting!) if (--block.missing === 0) block.onReady?.()
    this.ask()
  }
}

const isNotFound = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) &&
  exit.cause.reasons.some(
    (reason) => reason._tag === "Fail" && (reason.error as { readonly reason?: unknown }).reason === "NotFound"
  )

/** Characters of an IPv4 address inside an IPv6 one, and of a port after it. */
const longestAddress = 51

/** Digits, letters of hexadecimal, dots and colons. */
const isOfAddress = (code: number): boolean =>
  (code >= 48 && code <= 58) || code === 46 || (code >= 97 && code <= 102) || (code >= 65 && code <= 70)

/** `"`, `'`, `(`, `[` and tabs. */
const isOpening = (code: number): boolean => code === 34 || code === 39 || code === 40 || code === 91 || code === 9
