/**
 * What is known of addresses, found by their octets: an IPv4 address is a number here, so that a line costs neither a
 * string nor a look at one.
 *
 * Memory is two generations of half the limit each: a full one becomes the old one, and what the old one has is known
 * until it is dropped; what is asked for again moves over. So the least lately used go first, without a list of them.
 */
export class Addresses<A> {
  private young: Generation<A>
  private old: Generation<A>
  private readonly half: number

  constructor(limit: number) {
    this.half = Math.max(1, Math.floor(limit / 2))
    this.young = new Generation()
    this.old = new Generation()
  }

  /** By the address as a signed 32-bit number. */
  getIpv4(address: number): A | undefined {
    const known = this.young.ipv4.get(address)
    if (known !== undefined) return known
    const before = this.old.ipv4.get(address)
    if (before !== undefined) this.setIpv4(address, before)
    return before
  }

  setIpv4(address: number, known: A): void {
    this.age()
    this.young.ipv4.set(address, known)
  }

  getIpv6(address: string): A | undefined {
    const known = this.young.ipv6.get(address)
    if (known !== undefined) return known
    const before = this.old.ipv6.get(address)
    if (before !== undefined) this.setIpv6(address, before)
    return before
  }

  setIpv6(address: string, known: A): void {
    this.age()
    this.young.ipv6.set(address, known)
  }

  private age(): void {
    if (this.young.ipv4.size + this.young.ipv6.size < this.half) return
    this.old = this.young
    this.young = new Generation()
  }
}

class Generation<A> {
  readonly ipv4 = new Ipv4Table<A>()
  readonly ipv6 = new Map<string, A>()
}

/** A hash table with open addressing (Knuth, The Art of Computer Programming 3, section 6.4); at most half full. */
class Ipv4Table<A> {
  size = 0
  private keys = new Int32Array(first)
  private values: Array<A | undefined> = Array.from({ length: first })
  private shift = 32 - Math.log2(first)

  get(key: number): A | undefined {
    const { keys, values } = this
    const mask = keys.length - 1
    for (let at = Math.imul(key, golden) >>> this.shift; ; at = (at + 1) & mask) {
      const value = values[at]
      if (value === undefined || keys[at] === key) return value
    }
  }

  set(key: number, value: A): void {
    if (2 * (this.size + 1) > this.keys.length) this.grow()
    const { keys, values } = this
    const mask = keys.length - 1
    let at = Math.imul(key, golden) >>> this.shift
    while (values[at] !== undefined && keys[at] !== key) at = (at + 1) & mask
    if (values[at] === undefined) this.size++
    keys[at] = key
    values[at] = value
  }

  private grow(): void {
    const { keys, values } = this
    this.keys = new Int32Array(2 * keys.length)
    this.values = Array.from({ length: 2 * keys.length })
    this.shift--
    this.size = 0
    for (let at = 0; at < keys.length; at++) {
      const value = values[at]
      if (value !== undefined) this.set(keys[at]!, value)
    }
  }
}

/** Places of a new table; a power of two. */
const first = 1_024

/** 2^32 divided by the golden ratio: neighbours land far apart. */
const golden = 0x9e3779b1
