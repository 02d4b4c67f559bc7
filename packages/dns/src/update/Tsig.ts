/**
 * Transaction signatures (RFC 8945): a MAC over the octets of a message, in its last record.
 *
 * `sign` and `verify` are for a single message; `Stream` is for the many messages of a transfer, where each MAC covers
 * the one before it. Times are seconds since 1970.
 */
import { createHmac, timingSafeEqual } from "node:crypto"
import { DecodeError, Message, Name, Rcode } from "../wire/index.ts"
import { keyOf, nameEnd } from "../zone/canonical.ts"
import * as types from "../zone/types.ts"
import * as limits from "./limits.ts"
import { recordStarts } from "./recordStarts.ts"
import { algorithmNames, digests, type TsigKey } from "./TsigKey.ts"

/** The TSIG of a message, and where it starts in the octets. */
export interface Tsig {
  readonly start: number
  readonly name: Name.Name
  readonly algorithm: Name.Name
  readonly time: number
  readonly fudge: number
  readonly mac: Uint8Array
  readonly originalId: number
  readonly error: number
  readonly other: Uint8Array
}

/**
 * A message whose TSIG does not hold.
 *
 * - `Missing`: it should have one and has none
 * - `BadKey`, `BadSignature`, `BadTime`, `BadTruncation`: RFC 8945 5.2
 * - `Peer`: the peer says that ours did not hold; `code` is its error
 * - `Format`: a TSIG that cannot be read
 */
export class TsigError extends Error {
  readonly _tag = "TsigError"
  override readonly name = "TsigError"
  readonly reason: "Missing" | "BadKey" | "BadSignature" | "BadTime" | "BadTruncation" | "Peer" | "Format"
  /** The error field of the TSIG to answer with, or of the peer's. */
  readonly code: number

  constructor(reason: TsigError["reason"], detail: string, code = codes[reason]) {
    super(detail)
    this.reason = reason
    this.code = code
  }
}

const codes: { readonly [R in TsigError["reason"]]: number } = {
  Missing: 0,
  BadKey: Rcode.BADKEY,
  BadSignature: Rcode.BADSIG,
  BadTime: Rcode.BADTIME,
  BadTruncation: Rcode.BADTRUNC,
  Peer: 0,
  Format: 0
}

/** The TSIG of a message, if it has one. `octets` must be a message that decodes. */
export const find = (octets: Uint8Array): Tsig | undefined | TsigError => {
  const starts = recordStarts(octets)
  const last = starts.at(-1)
  if (last === undefined || last.type !== types.TSIG) return undefined
  // Class ANY and TTL 0 are signed as such, whatever stands there: so nothing else may (RFC 8945 4.2).
  if (Buffer.compare(octets.subarray(last.data - 8, last.data - 2), classAnyTtlZero) !== 0) {
    return new TsigError("Format", "TSIG of a class other than ANY or a TTL other than 0")
  }
  try {
    const rdata = octets.subarray(last.data, last.end)
    const algorithmEnd = nameEnd(rdata, 0)
    const view = new DataView(rdata.buffer, rdata.byteOffset, rdata.length)
    const macLength = view.getUint16(algorithmEnd + 8)
    const after = algorithmEnd + 10 + macLength
    const otherLength = view.getUint16(after + 4)
    if (after + 6 + otherLength !== rdata.length) return new TsigError("Format", "TSIG of a wrong length")
    return {
      start: last.start,
      name: Name.fromOctets(octets.subarray(last.start, nameEnd(octets, last.start))),
      algorithm: Name.fromOctets(rdata.subarray(0, algorithmEnd)),
      time: view.getUint16(algorithmEnd) * 2 ** 32 + view.getUint32(algorithmEnd + 2),
      fudge: view.getUint16(algorithmEnd + 6),
      mac: rdata.subarray(algorithmEnd + 10, after),
      originalId: view.getUint16(after),
      error: view.getUint16(after + 2),
      other: rdata.subarray(after + 6)
    }
  } catch (error) {
    if (error instanceof RangeError || error instanceof DecodeError) return new TsigError("Format", "unreadable TSIG")
    throw error
  }
}

const classAnyTtlZero = Uint8Array.of(0, 255, 0, 0, 0, 0)

/** The time, and how far clocks may be apart. */
export interface SignOptions {
  /** Seconds since 1970. */
  readonly time: number
  /** The MAC of the request that this answers, or of the message before this one. */
  readonly priorMac?: Uint8Array
  /** Only the times are covered of the TSIG itself: after the first message of a stream. */
  readonly timersOnly?: boolean
  /** Messages without a TSIG between the last and this one. */
  readonly between?: ReadonlyArray<Uint8Array>
  readonly fudge?: number
  readonly error?: number
  readonly other?: Uint8Array
}

/** The message with a TSIG after its last record. */
export const sign = (
  octets: Uint8Array,
  key: TsigKey,
  options: SignOptions
): { readonly octets: Uint8Array; readonly mac: Uint8Array } => {
  const tsig: Tsig = {
    start: octets.length,
    name: key.name,
    algorithm: algorithmNames[key.algorithm],
    time: options.time,
    fudge: options.fudge ?? limits.tsigFudge,
    mac: new Uint8Array(0),
    originalId: Message.idOf(octets) ?? 0,
    error: options.error ?? 0,
    other: options.other ?? new Uint8Array(0)
  }
  const mac = digest(octets, key, tsig, options)
  return { octets: append(octets, { ...tsig, mac }), mac }
}

/** The message with a TSIG that says an error and has no MAC (RFC 8945 5.3.2): the key is not known, or does not fit. */
export const appendError = (octets: Uint8Array, request: Tsig, error: number): Uint8Array =>
  append(octets, { ...request, start: octets.length, mac: new Uint8Array(0), error, other: new Uint8Array(0) })

const append = (octets: Uint8Array, tsig: Tsig): Uint8Array => {
  const rdataLength = tsig.algorithm.octets.length + 16 + tsig.mac.length + tsig.other.length
  const out = Buffer.alloc(octets.length + tsig.name.octets.length + 10 + rdataLength)
  out.set(octets)
  out.writeUInt16BE(out.readUInt16BE(10) + 1, 10)
  let at = octets.length
  out.set(tsig.name.octets, at)
  at += tsig.name.octets.length
  at = out.writeUInt16BE(types.TSIG, at)
  at = out.writeUInt16BE(255, at)
  at = out.writeUInt32BE(0, at)
  at = out.writeUInt16BE(rdataLength, at)
  out.set(tsig.algorithm.octets, at)
  at += tsig.algorithm.octets.length
  at = out.writeUIntBE(tsig.time, at, 6)
  at = out.writeUInt16BE(tsig.fudge, at)
  at = out.writeUInt16BE(tsig.mac.length, at)
  out.set(tsig.mac, at)
  at += tsig.mac.length
  at = out.writeUInt16BE(tsig.originalId, at)
  at = out.writeUInt16BE(tsig.error, at)
  at = out.writeUInt16BE(tsig.other.length, at)
  out.set(tsig.other, at)
  return new Uint8Array(out.buffer, out.byteOffset, out.length)
}

const digest = (
  unsigned: Uint8Array,
  key: TsigKey,
  tsig: Tsig,
  options: Pick<SignOptions, "priorMac" | "timersOnly" | "between">
): Uint8Array => {
  const hmac = createHmac(digests[key.algorithm].digest, key.secret)
  if (options.priorMac !== undefined) hmac.update(u16(options.priorMac.length)).update(options.priorMac)
  for (const message of options.between ?? []) hmac.update(message)
  hmac.update(unsigned)
  const times = Buffer.alloc(8)
  times.writeUIntBE(tsig.time, 0, 6)
  times.writeUInt16BE(tsig.fudge, 6)
  if (options.timersOnly === true) return hmac.update(times).digest()
  hmac.update(Name.toLowerCase(tsig.name).octets).update(classAnyTtlZero)
  hmac.update(Name.toLowerCase(tsig.algorithm).octets).update(times)
  return hmac.update(u16(tsig.error)).update(u16(tsig.other.length)).update(tsig.other).digest()
}

const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255)

/** The octets that were signed: the TSIG cut off, its count taken back, the id as it was (RFC 8945 5.3). */
export const withoutTsig = (octets: Uint8Array, tsig: Tsig): Uint8Array => {
  const out = Buffer.from(octets.subarray(0, tsig.start))
  out.writeUInt16BE(out.readUInt16BE(10) - 1, 10)
  out.writeUInt16BE(tsig.originalId, 0)
  return out
}

/** At which time, and within which bounds. */
export interface VerifyOptions {
  readonly time: number
  readonly priorMac?: Uint8Array
  readonly timersOnly?: boolean
  readonly between?: ReadonlyArray<Uint8Array>
}

/** Whether a TSIG names this key, and its algorithm. */
export const isOf = (tsig: Tsig, key: TsigKey): boolean =>
  keyOf(key.name) === keyOf(tsig.name) && Name.equals(algorithmNames[key.algorithm], tsig.algorithm)

/** Whether a message's TSIG holds with one of the keys: the TSIG and its key, or why not (RFC 8945 5.2, in its order). */
export const verify = (
  octets: Uint8Array,
  keys: ReadonlyArray<TsigKey>,
  options: VerifyOptions
): { readonly tsig: Tsig; readonly key: TsigKey } | TsigError => {
  const tsig = find(octets)
  if (tsig === undefined) return new TsigError("Missing", "no TSIG")
  if (tsig instanceof TsigError) return tsig
  const key = keys.find((candidate) => isOf(tsig, candidate))
  if (key === undefined)
    return new TsigError("BadKey", `no key ${Name.toText(tsig.name)} with ${Name.toText(tsig.algorithm)}`)
  if (tsig.mac.length === 0 && tsig.error !== 0) return peerSays(tsig)
  // A MAC longer than there is, or shorter than any may be cut (RFC 8945 5.2.2.1).
  const whole = digests[key.algorithm].octets
  if (tsig.mac.length > whole || tsig.mac.length < Math.max(10, whole / 2))
    return new TsigError("Format", `a MAC of ${tsig.mac.length} octets`)
  const expected = digest(withoutTsig(octets, tsig), key, tsig, options)
  if (!timingSafeEqual(expected.subarray(0, tsig.mac.length), tsig.mac)) {
    return new TsigError("BadSignature", "the MAC does not hold")
  }
  if (Math.abs(options.time - tsig.time) > tsig.fudge) {
    return new TsigError("BadTime", `signed ${tsig.time - options.time} s from now`)
  }
  if (tsig.mac.length < whole) return new TsigError("BadTruncation", "truncated MACs are not taken")
  if (tsig.error !== 0) return peerSays(tsig)
  return { tsig, key }
}

/** Of a time that is wrong, with that of the peer's clock (RFC 8945 5.2.3). */
const peerSays = ({ error, other, time }: Tsig): TsigError => {
  const clock = error === Rcode.BADTIME && other.length === 6 ? Buffer.from(other).readUIntBE(0, 6) - time : undefined
  const detail =
    clock === undefined ? "" : `: its clock is ${Math.abs(clock)} s ${clock < 0 ? "behind" : "ahead of"} ours`
  return new TsigError("Peer", `the peer says ${Rcode.errorNameOf(error)}${detail}`, error)
}

/** A stream of messages that answer one signed request: signs, or verifies, one after the other (RFC 8945 5.3.1). */
export class Stream {
  private readonly key: TsigKey
  private priorMac: Uint8Array
  private first = true
  private between: Array<Uint8Array> = []

  constructor(key: TsigKey, requestMac: Uint8Array) {
    this.key = key
    this.priorMac = requestMac
  }

  sign(octets: Uint8Array, time: number): Uint8Array {
    const signed = sign(octets, this.key, { time, priorMac: this.priorMac, timersOnly: !this.first })
    this.first = false
    this.priorMac = signed.mac
    return signed.octets
  }

  /** Undefined when it holds. Up to 99 messages in a row may have no TSIG; the last must have one, see `isComplete`. */
  verify(octets: Uint8Array, time: number): TsigError | undefined {
    const found = find(octets)
    if (found instanceof TsigError) return found
    if (found === undefined) {
      if (this.first) return new TsigError("Missing", "the first message has no TSIG")
      this.between.push(octets.slice())
      if (this.between.length > limits.unsignedMessages) return new TsigError("Missing", "100 messages without TSIG")
      return undefined
    }
    const options = { time, priorMac: this.priorMac, timersOnly: !this.first, between: this.between }
    const verified = verify(octets, [this.key], options)
    if (verified instanceof TsigError) return verified
    this.first = false
    this.priorMac = Uint8Array.from(verified.tsig.mac)
    this.between = []
    return undefined
  }

  /** Whether the last message had a TSIG, so that all before it are covered. */
  get isComplete(): boolean {
    return !this.first && this.between.length === 0
  }
}
