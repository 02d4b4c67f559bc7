/** DER (X.690), as much of it as a certificate needs to be written. */

export const tagged = (tag: number, ...parts: ReadonlyArray<Uint8Array>): Buffer => {
  const content = Buffer.concat(parts)
  const { length } = content
  const head =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from(head), content])
}

export const sequence = (...parts: ReadonlyArray<Uint8Array>): Buffer => tagged(0x30, ...parts)

export const set = (...parts: ReadonlyArray<Uint8Array>): Buffer => tagged(0x31, ...parts)

/** A natural number, of its octets. */
export const integer = (octets: Uint8Array): Buffer =>
  tagged(0x02, octets.length > 0 && octets[0]! >= 128 ? Buffer.concat([Buffer.of(0), octets]) : octets)

export const boolean = (value: boolean): Buffer => tagged(0x01, Buffer.of(value ? 255 : 0))

export const octetString = (octets: Uint8Array): Buffer => tagged(0x04, octets)

/** Without unused bits. */
export const bitString = (octets: Uint8Array): Buffer => tagged(0x03, Buffer.of(0), octets)

export const text = (words: string): Buffer => tagged(0x0c, Buffer.from(words, "utf8"))

/** `2.5.29.17` */
export const oid = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number)
  const octets = [first * 40 + second]
  for (const arc of rest) {
    const digits = [arc & 127]
    for (let left = arc >> 7; left > 0; left >>= 7) digits.unshift((left & 127) | 128)
    octets.push(...digits)
  }
  return tagged(0x06, Buffer.from(octets))
}

/** UTCTime until 2049, GeneralizedTime after (RFC 5280 section 4.1.2.5). */
export const time = (date: Date): Buffer => {
  const digits = date.toISOString().replaceAll(/[-:T]/g, "").slice(0, 14)
  return date.getUTCFullYear() < 2050
    ? tagged(0x17, Buffer.from(`${digits.slice(2)}Z`))
    : tagged(0x18, Buffer.from(`${digits}Z`))
}
