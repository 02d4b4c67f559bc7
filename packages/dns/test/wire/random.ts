/** A small generator of random numbers with a seed that tests print (mulberry32). */
export class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  /** From 0 to 2^32 - 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let t = this.state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  /** From 0 to `count` - 1. */
  below(count: number): number {
    return this.next() % count
  }

  pick<A>(list: ReadonlyArray<A>): A {
    return list[this.below(list.length)]!
  }
}

/** Octets with one to three small changes: a bit, an octet, octets more, octets less, a piece moved. */
export const mutate = (octets: Uint8Array, random: Random): Uint8Array => {
  let out = Array.from(octets)
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const at = random.below(out.length + 1)
    switch (random.below(7)) {
      case 0:
        if (at < out.length) out[at]! ^= 1 << random.below(8)
        break
      case 1:
        if (at < out.length) out[at] = random.below(256)
        break
      case 2:
        out.splice(at, 0, random.below(256))
        break
      case 3:
        out.splice(at, 1 + random.below(4))
        break
      case 4:
        if (at < out.length) out[at] = random.pick([0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff])
        break
      case 5:
        // A pair that means something: a pointer, a type, a length.
        out.splice(at, 2, random.pick([0xc0, 0, 0, 1]), random.pick([0, 1, 2, 12, 41, 46, 47, 64, 250, 255]))
        break
      default:
        out = [...out.slice(0, at), ...out.slice(at >> 1, at), ...out.slice(at)]
    }
  }
  return Uint8Array.from(out)
}
