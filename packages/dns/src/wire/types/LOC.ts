import * as DecodeError from "../DecodeError.ts"
import * as EncodeError from "../EncodeError.ts"
import * as RecordType from "../RecordType.ts"
import type { Reader } from "../Reader.ts"
import type { Tokens } from "../Tokens.ts"

/** What a LOC record holds. */
export interface Loc {
  /** Thousandths of a second of arc, north positive: up to 90 degrees, 324,000,000. */
  readonly latitude: number
  /** Thousandths of a second of arc, east positive: up to 180 degrees. */
  readonly longitude: number
  /** Centimetres over the WGS 84 spheroid. */
  readonly altitude: number
  /** Diameter of what is there, in centimetres; one digit and a power of ten, up to 9e9. */
  readonly size: number
  /** Centimetres, as `size`. */
  readonly horizontalPrecision: number
  readonly verticalPrecision: number
}

const defaults = { size: 100, horizontalPrecision: 1_000_000, verticalPrecision: 1_000 }

/** A place on Earth: RFC 1876. */
export const LOC = RecordType.makeCustom<"LOC", Loc>("LOC", 29, {
  kinds: {
    latitude: "number",
    longitude: "number",
    altitude: "number",
    size: "number",
    horizontalPrecision: "number",
    verticalPrecision: "number"
  },
  read: (reader) => {
    const at = reader.offset
    if (reader.u8() !== 0) DecodeError.fail("value", at, "LOC of another version than 0")
    const size = readSize(reader)
    const horizontalPrecision = readSize(reader)
    const verticalPrecision = readSize(reader)
    const latitude = readAngle(reader, 90)
    const longitude = readAngle(reader, 180)
    const altitude = reader.u32() - reference
    return { latitude, longitude, altitude, size, horizontalPrecision, verticalPrecision }
  },
  write: (writer, data) => {
    writer.u8(0)
    for (const size of [data.size, data.horizontalPrecision, data.verticalPrecision]) {
      writer.u8(encodeSize(size) ?? EncodeError.fail(`not one digit and a power of ten, up to 9e9: ${size}`))
    }
    if (!(Math.abs(data.latitude) <= degrees(90))) EncodeError.fail(`latitude over 90 degrees: ${data.latitude}`)
    if (!(Math.abs(data.longitude) <= degrees(180))) EncodeError.fail(`longitude over 180 degrees: ${data.longitude}`)
    writer.u32(equator + data.latitude)
    writer.u32(equator + data.longitude)
    writer.u32(reference + data.altitude)
  },
  parse: (tokens) => {
    const latitude = parseAngle(tokens, { max: 90, positive: "N", negative: "S" })
    const longitude = parseAngle(tokens, { max: 180, positive: "E", negative: "W" })
    const altitude = parseMetres(tokens, "altitude")
    if (altitude < -reference || altitude > 0xffffffff - reference) tokens.failBefore("altitude out of range")
    const size = tokens.left > 0 ? parseSize(tokens, "size") : defaults.size
    const horizontalPrecision = tokens.left > 0 ? parseSize(tokens, "precision") : defaults.horizontalPrecision
    const verticalPrecision = tokens.left > 0 ? parseSize(tokens, "precision") : defaults.verticalPrecision
    return { latitude, longitude, altitude, size, horizontalPrecision, verticalPrecision }
  },
  print: (data) => {
    const angles = `${printAngle(data.latitude, "N", "S")} ${printAngle(data.longitude, "E", "W")}`
    const metres = [data.altitude, data.size, data.horizontalPrecision, data.verticalPrecision].map(printMetres)
    return `${angles} ${metres.join(" ")}`
  }
})

const equator = 0x80000000
/** The altitude that 0 stands for is 100 km below the spheroid. */
const reference = 10_000_000

const degrees = (count: number): number => count * 3_600_000

const readSize = (reader: Reader): number => {
  const at = reader.offset
  const octet = reader.u8()
  const digit = octet >> 4
  const power = octet & 15
  if (digit > 9 || power > 9) DecodeError.fail("value", at, "LOC size with a digit or power over 9")
  return digit * 10 ** power
}

const readAngle = (reader: Reader, max: number): number => {
  const at = reader.offset
  const angle = reader.u32() - equator
  return Math.abs(angle) <= degrees(max) ? angle : DecodeError.fail("value", at, `LOC angle over ${max} degrees`)
}

/** The octet for exactly this size; undefined when there is none. */
const encodeSize = (centimetres: number): number | undefined => {
  if (centimetres === 0) return 0
  let power = 0
  let digit = centimetres
  while (digit >= 10 && digit % 10 === 0 && power < 9) {
    digit /= 10
    power++
  }
  return Number.isInteger(digit) && digit > 0 && digit <= 9 ? (digit << 4) | power : undefined
}

/** Metres with an optional `m`, as whole centimetres. */
const parseMetres = (tokens: Tokens, what: string): number => {
  const text = tokens.next(what)
  if (!/^[-+]?[0-9]{1,9}(\.[0-9]{0,2})?m?$/i.test(text)) return tokens.failBefore(`${what} is not in metres: ${text}`)
  return Math.round(Number.parseFloat(text) * 100)
}

/** As BIND does, digits after the first are cut off. */
const parseSize = (tokens: Tokens, what: string): number => {
  const centimetres = parseMetres(tokens, what)
  if (centimetres < 0 || centimetres >= 1e10) return tokens.failBefore(`${what} out of range`)
  const power = 10 ** Math.max(0, String(centimetres).length - 1)
  return Math.floor(centimetres / power) * power
}

const parseAngle = (
  tokens: Tokens,
  options: { readonly max: number; readonly positive: string; readonly negative: string }
): number => {
  const { max, positive, negative } = options
  let angle = degrees(tokens.integer("degrees", max))
  if (/^[0-9]/.test(tokens.peek() ?? "")) angle += tokens.integer("minutes", 59) * 60_000
  if (/^[0-9]/.test(tokens.peek() ?? "")) {
    const text = tokens.next("seconds")
    if (!/^[0-9]{1,2}(\.[0-9]{0,3})?$/.test(text) || Number(text) >= 60)
      tokens.failBefore(`not seconds of arc: ${text}`)
    angle += Math.round(Number(text) * 1_000)
  }
  const hemisphere = tokens.next("hemisphere").toUpperCase()
  if (hemisphere !== positive && hemisphere !== negative) tokens.failBefore(`neither ${positive} nor ${negative}`)
  if (angle > degrees(max)) tokens.failBefore(`over ${max} degrees`)
  return hemisphere === positive ? angle : 0 - angle
}

const printAngle = (angle: number, positive: string, negative: string): string => {
  const milliseconds = Math.abs(angle)
  const whole = Math.floor(milliseconds / 3_600_000)
  const minutes = Math.floor(milliseconds / 60_000) % 60
  const seconds = ((milliseconds % 60_000) / 1_000).toFixed(3)
  return `${whole} ${minutes} ${seconds} ${angle < 0 ? negative : positive}`
}

const printMetres = (centimetres: number): string => `${(centimetres / 100).toFixed(2)}m`
