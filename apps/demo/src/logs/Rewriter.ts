/**
 * Log lines with names in the place of addresses: blocks of octets in, blocks of octets out, order kept, each address
 * asked for once. Plain callbacks and numbers inside, because a million lines pass here: a line becomes no string.
 */
import { type Executor, LookupAddress, LookupHost, type Shared } from "@handoff/core"
import * as Exit from "effect/Exit"
import * as NetAddress from "effect/net/NetAddress"
import * as Net from "node:net"
import { Addresses } from "./Addresses.ts"
import { Block, type Known } from "./Block.ts"
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

export class Rewriter {
  readonly statistics: Statistics = { lines: 0, addressed: 0, addresses: 0, named: 0, unconfirmed: 0, troubled: 0 }
  private readonly executor: Executor.Executor<Shared>
  private readonly options: Options
  private readonly known = new Addresses<Known>(limits.remembered)
  private readonly queue: Array<Known> = []
  private head = 0
  private running = 0
  private readonly cancels = new Set<() => void>()
  /** The start of a line whose end has not come. */
  private carried: Buffer = nothing
  /** Whether the start of the line has passed already, because the line is too long. */
  private passing = false

  constructor(executor: Executor.Executor<Shared>, options: Options) {
    this.executor = executor
    this.options = options
  }

  /** Reads octets that follow those read before; the block has every line that is whole now. They must not change. */
  read(octets: Uint8Array): Block {
    const chunk = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
    const all = this.carried.length === 0 ? chunk : Buffer.concat([this.carried, chunk])
    const whole = all.lastIndexOf(newline) + 1
    const isTooLong = whole === 0 && all.length > limits.lineOctets
    const end = isTooLong ? all.length : whole
    const block = new Block(all.subarray(0, end))
    this.carried = all.subarray(end)
    this.lines(block)
    if (isTooLong) this.passing = true
    this.ask()
    return block
  }

  /** The last line, if it has no newline. */
  end(): Block {
    const block = new Block(this.carried)
    this.carried = nothing
    this.lines(block)
    this.ask()
    return block
  }

  /** Gives every lookup up. */
  close(): void {
    this.queue.length = 0
    for (const cancel of this.cancels) cancel()
    this.cancels.clear()
  }

  private lines(block: Block): void {
    const { source } = block
    let start = 0
    if (this.passing && source.length > 0) {
      start = source.indexOf(newline) + 1
      if (start === 0) return
      this.passing = false
    }
    while (start < source.length) {
      const at = source.indexOf(newline, start)
      const end = at < 0 ? source.length : at
      this.statistics.lines++
      this.line(block, start, end)
      start = end + 1
    }
  }

  private line(block: Block, start: number, end: number): void {
    const { source } = block
    let at = start
    for (let field = 1; field < this.options.field; field++) {
      while (at < end && source[at] !== blank) at++
      if (at === end) return
      at++
    }
    // Brackets and quotes around an address are not of it: `[192.0.2.1]`, `"192.0.2.1",`.
    while (at < end && isOpening(source[at]!)) at++
    const known = this.ipv4(source, at, end) ?? this.ipv6(source, at, end)
    if (known === undefined) return
    this.statistics.addressed++
    block.add(known, at, this.stop)
  }

  /** Where the address ends that was found last. */
  private stop = 0

  /** `192.0.2.1`, also with a port: `192.0.2.1:1234`. Numbers as `inet_pton(3)` takes them: no leading zeros. */
  private ipv4(source: Buffer, start: number, end: number): Known | undefined {
    let address = 0
    let at = start
    for (let part = 0; part < 4; part++) {
      if (part > 0 && source[at++] !== dot) return undefined
      const first = at
      let value = 0
      while (at < end && at - first < 3) {
        const digit = source[at]! - zero
        if (digit < 0 || digit > 9) break
        value = value * 10 + digit
        at++
      }
      if (at === first || value > 255 || (at - first > 1 && source[first] === zero)) return undefined
      address = (address << 8) | value
    }
    if (at < end && source[at] !== colon && isOfAddress(source[at]!)) return undefined
    this.stop = at
    const known = this.known.getIpv4(address)
    if (known !== undefined) return known
    const met = this.meet(
      NetAddress.ipv4FromBytesUnsafe(Uint8Array.of(address >>> 24, address >> 16, address >> 8, address))
    )
    this.known.setIpv4(address, met)
    return met
  }

  private ipv6(source: Buffer, start: number, end: number): Known | undefined {
    const last = Math.min(end, start + longestAddress + 1)
    let at = start
    let colons = 0
    while (at < last && isOfAddress(source[at]!)) if (source[at++] === colon) colons++
    if (colons < 2 || at - start > longestAddress) return undefined
    this.stop = at
    const address = source.toString("latin1", start, at)
    const known = this.known.getIpv6(address)
    if (known !== undefined) return known
    if (!Net.isIPv6(address)) return undefined
    const met = this.meet(NetAddress.ipFromStringUnsafe(address))
    this.known.setIpv6(address, met)
    return met
  }

  private meet(address: NetAddress.IpAddress): Known {
    const known: Known = { address, name: undefined, waiting: [] }
    this.queue.push(known)
    this.statistics.addresses++
    return known
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
    const { address } = known
    this.submit(new LookupAddress({ address }), (exit) => {
      if (!Exit.isSuccess(exit)) {
        if (!isNotFound(exit)) this.statistics.troubled++
        return this.settle(known, undefined)
      }
      const name = exit.value[0].toLowerCase()
      // What a name server says may be anything; a log line is text of one line.
      if (!/^[\u0021-\u007e]+$/.test(name)) return this.settle(known, undefined)
      this.statistics.named++
      if (this.options.confirm) this.confirm(known, name)
      else this.settle(known, name)
    })
  }

  private confirm(known: Known, name: string): void {
    const { address } = known
    const text = NetAddress.formatIp(address)
    this.submit(new LookupHost({ name, family: NetAddress.familyOf(address) }), (exit) => {
      const leadsBack = Exit.isSuccess(exit) && exit.value.some((one) => NetAddress.formatIp(one) === text)
      if (!leadsBack) this.statistics.unconfirmed++
      this.settle(known, leadsBack ? name : undefined)
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

  private settle(known: Known, name: string | undefined): void {
    this.running--
    if (name !== undefined) known.name = Buffer.from(name, "latin1")
    const { waiting } = known
    known.waiting = undefined
    for (const block of waiting!) if (--block.missing === 0) block.onReady?.()
    this.ask()
  }
}

const nothing = Buffer.alloc(0)
const newline = 10
const blank = 32
const dot = 46
const colon = 58
const zero = 48

const isNotFound = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) &&
  exit.cause.reasons.some(
    (reason) => reason._tag === "Fail" && (reason.error as { readonly reason?: unknown }).reason === "NotFound"
  )

/** Characters of an IPv4 address inside an IPv6 one (INET6_ADDRSTRLEN, less its end). */
const longestAddress = 45

/** Digits, letters of hexadecimal, dots and colons. */
const isOfAddress = (code: number): boolean =>
  (code >= 48 && code <= 58) || code === 46 || (code >= 97 && code <= 102) || (code >= 65 && code <= 70)

/** `"`, `'`, `(`, `[` and tabs. */
const isOpening = (code: number): boolean => code === 34 || code === 39 || code === 40 || code === 91 || code === 9
