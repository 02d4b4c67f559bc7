/** Lines read, of which some wait for names; their octets come out with the names in the place of the addresses. */
import type * as NetAddress from "effect/net/NetAddress"

/** What is known of an address: its name, if it has one and it has been found. */
export interface Known {
  readonly address: NetAddress.IpAddress
  name: Uint8Array | undefined
  /** Blocks that wait for it; undefined once it is settled. */
  waiting: Array<Block> | undefined
}

export class Block {
  /** Whole lines, as they came. */
  readonly source: Buffer
  /** Where each address is: its start and its end, by turns. */
  private readonly places: Array<number> = []
  private readonly addresses: Array<Known> = []
  /** Addresses that are not settled. */
  missing = 0
  onReady: (() => void) | undefined

  constructor(source: Buffer) {
    this.source = source
  }

  get isReady(): boolean {
    return this.missing === 0
  }

  add(known: Known, start: number, end: number): void {
    this.places.push(start, end)
    this.addresses.push(known)
    const { waiting } = known
    if (waiting === undefined || waiting.at(-1) === this) return
    waiting.push(this)
    this.missing++
  }

  /** The block's octets; only when it is ready. */
  octets(): Uint8Array {
    const { addresses, places, source } = this
    let size = source.length
    for (let index = 0; index < addresses.length; index++) {
      const { name } = addresses[index]!
      if (name !== undefined) size += name.length - places[2 * index + 1]! + places[2 * index]!
    }
    const rewritten = Buffer.allocUnsafeSlow(size)
    let at = 0
    let from = 0
    for (let index = 0; index < addresses.length; index++) {
      const { name } = addresses[index]!
      if (name === undefined) continue
      at += source.copy(rewritten, at, from, places[2 * index])
      // Names are short: a loop is quicker than a call.
      for (let octet = 0; octet < name.length; octet++) rewritten[at++] = name[octet]!
      from = places[2 * index + 1]!
    }
    source.copy(rewritten, at, from)
    return rewritten
  }
}
