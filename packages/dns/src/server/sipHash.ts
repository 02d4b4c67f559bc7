/**
 * SipHash-2-4 with 64 bits of result (Aumasson and Bernstein, 2012): the function that RFC 9018 4.4 has all servers use, so that
 * those behind one address take each other's cookies. Node has no such hash.
 *
 * A word of 64 bits is two numbers of 32, the low half first.
 */
export const sipHash = (key: Uint8Array, octets: Uint8Array): Uint8Array => {
  const k = new DataView(key.buffer, key.byteOffset, 16)
  const k0 = [k.getUint32(0, true), k.getUint32(4, true)] as const
  const k1 = [k.getUint32(8, true), k.getUint32(12, true)] as const
  // v0, v1, v2, v3.
  const v = new Uint32Array([
    k0[0] ^ 0x70736575,
    k0[1] ^ 0x736f6d65,
    k1[0] ^ 0x6e646f6d,
    k1[1] ^ 0x646f7261,
    k0[0] ^ 0x6e657261,
    k0[1] ^ 0x6c796765,
    k1[0] ^ 0x79746573,
    k1[1] ^ 0x74656462
  ])
  const words = (octets.length >> 3) + 1
  const padded = new Uint8Array(words * 8)
  padded.set(octets)
  padded[padded.length - 1] = octets.length & 0xff
  const view = new DataView(padded.buffer)
  for (let at = 0; at < padded.length; at += 8) {
    const low = view.getUint32(at, true)
    const high = view.getUint32(at + 4, true)
    v[6]! ^= low
    v[7]! ^= high
    round(v)
    round(v)
    v[0]! ^= low
    v[1]! ^= high
  }
  v[4]! ^= 0xff
  for (let i = 0; i < 4; i++) round(v)
  const out = new Uint8Array(8)
  const result = new DataView(out.buffer)
  result.setUint32(0, v[0]! ^ v[2]! ^ v[4]! ^ v[6]!, true)
  result.setUint32(4, v[1]! ^ v[3]! ^ v[5]! ^ v[7]!, true)
  return out
}

const round = (v: Uint32Array): void => {
  add(v, 0, 2)
  rotate(v, 2, 13)
  xor(v, 2, 0)
  rotate(v, 0, 32)
  add(v, 4, 6)
  rotate(v, 6, 16)
  xor(v, 6, 4)
  add(v, 0, 6)
  rotate(v, 6, 21)
  xor(v, 6, 0)
  add(v, 4, 2)
  rotate(v, 2, 17)
  xor(v, 2, 4)
  rotate(v, 4, 32)
}

const add = (v: Uint32Array, to: number, from: number): void => {
  const low = v[to]! + v[from]!
  v[to] = low
  v[to + 1] = v[to + 1]! + v[from + 1]! + (low > 0xffffffff ? 1 : 0)
}

const xor = (v: Uint32Array, to: number, from: number): void => {
  v[to]! ^= v[from]!
  v[to + 1]! ^= v[from + 1]!
}

const rotate = (v: Uint32Array, at: number, bits: number): void => {
  let low = v[at]!
  let high = v[at + 1]!
  if (bits >= 32) {
    const swapped = low
    low = high
    high = swapped
    bits -= 32
  }
  v[at] = bits === 0 ? low : (low << bits) | (high >>> (32 - bits))
  v[at + 1] = bits === 0 ? high : (high << bits) | (low >>> (32 - bits))
}
