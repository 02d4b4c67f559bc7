/** IPv4 and IPv6 addresses, in JavaScript their usual text: dotted decimal, and RFC 5952. */
import * as EncodeError from "../EncodeError.ts"
import { type Field, make } from "../Field.ts"

export const ipv4: Field<string> = make("text", {
  read: (reader) => formatIpv4(reader.octets, reader.skip(4)),
  check: (reader) => void reader.skip(4),
  write: (writer, value) => {
    if (!parseIpv4(value, writer.octets, writer.offset)) EncodeError.fail(`not an IPv4 address: ${value}`)
    writer.offset += 4
  },
  parse: (tokens) => {
    const text = tokens.next("address")
    return parseIpv4(text, scratch, 0) ? formatIpv4(scratch, 0) : tokens.failBefore(`not an IPv4 address: ${text}`)
  },
  print: (value) => value
})

export const ipv6: Field<string> = make("text", {
  read: (reader) => formatIpv6(reader.octets, reader.skip(16)),
  check: (reader) => void reader.skip(16),
  write: (writer, value) => {
    if (!parseIpv6(value, writer.octets, writer.offset)) EncodeError.fail(`not an IPv6 address: ${value}`)
    writer.offset += 16
  },
  parse: (tokens) => {
    const text = tokens.next("address")
    return parseIpv6(text, scratch, 0) ? formatIpv6(scratch, 0) : tokens.failBefore(`not an IPv6 address: ${text}`)
  },
  print: (value) => value
})

const scratch = new Uint8Array(16)

const decimals: ReadonlyArray<string> = Array.from({ length: 256 }, (_, octet) => String(octet))
const dotted: ReadonlyArray<string> = decimals.map((text) => `${text}.`)

export const formatIpv4 = (octets: Uint8Array, at: number): string =>
  dotted[octets[at]!]! + dotted[octets[at + 1]!]! + dotted[octets[at + 2]!]! + decimals[octets[at + 3]!]!

/** Writes the four octets at `at`; false, with nothing promised about what was written, when it is not an address. */
export const parseIpv4 = (text: string, into: Uint8Array, at: number): boolean => {
  let part = -1
  let parts = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x30 && code <= 0x39) {
      if (part === 0) return false // a leading zero: octal to some
      part = (part < 0 ? 0 : part) * 10 + code - 0x30
      if (part > 255) return false
    } else {
      if (code !== 0x2e || part < 0 || parts === 3) return false
      into[at + parts++] = part
      part = -1
    }
  }
  if (part < 0 || parts !== 3) return false
  into[at + 3] = part
  return true
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two zero groups or more cut to `::`. */
export const formatIpv6 = (octets: Uint8Array, at: number): string => {
  let bestStart = -1
  let bestLength = 1
  let start = -1
  for (let group = 0; group < 8; group++) {
    if (octets[at + 2 * group]! | octets[at + 2 * group + 1]!) start = -1
    else {
      if (start < 0) start = group
      if (group - start + 1 > bestLength) {
        bestStart = start
        bestLength = group - start + 1
      }
    }
  }
  if (
    bestStart === 0 &&
    (bestLength === 6 || (bestLength === 5 && octets[at + 10] === 0xff && octets[at + 11] === 0xff))
  ) {
    return (bestLength === 6 ? "::" : "::ffff:") + formatIpv4(octets, at + 12)
  }
  let text = ""
  for (let group = 0; group < 8; group++) {
    if (group === bestStart) {
      text += "::"
      group += bestLength - 1
      continue
    }
    if (text !== "" && group !== bestStart + bestLength) text += ":"
    text += ((octets[at + 2 * group]! << 8) | octets[at + 2 * group + 1]!).toString(16)
  }
  return text
}

/** Writes the sixteen octets at `at`; false, with nothing promised about what was written, when it is not an address. */
export const parseIpv6 = (text: string, into: Uint8Array, at: number): boolean => {
  let written = 0
  let gap = -1
  let i = 0
  const end = text.length
  if (text.startsWith("::")) {
    gap = 0
    i = 2
  }
  while (i < end) {
    let group = 0
    const start = i
    for (; i < end; i++) {
      const digit = hexDigit(text.charCodeAt(i))
      if (digit < 0) break
      group = group * 16 + digit
    }
    if (text.charCodeAt(i) === 0x2e) {
      if (written > 12 || !parseIpv4(text.slice(start), into, at + written)) return false
      written += 4
      break
    }
    if (i === start || i - start > 4 || written === 16) return false
    into[at + written++] = group >> 8
    into[at + written++] = group
    if (i === end) break
    if (text.charCodeAt(i) !== 0x3a) return false
    i++
    if (text.charCodeAt(i) === 0x3a) {
      if (gap >= 0) return false
      gap = written
      i++
    } else if (i === end) return false
  }
  if (gap < 0) return written === 16
  if (written === 16) return false
  into.copyWithin(at + 16 - (written - gap), at + gap, at + written)
  into.fill(0, at + gap, at + 16 - (written - gap))
  return true
}

const hexDigit = (code: number): number =>
  code >= 0x30 && code <= 0x39
    ? code - 0x30
    : code >= 0x61 && code <= 0x66
      ? code - 0x57
      : code >= 0x41 && code <= 0x46
        ? code - 0x37
        : -1
