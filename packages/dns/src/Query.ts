/**
 * A query as octets, and whether octets that came are a reply to it. The hot path of the resolver: a query is written
 * straight, without a message in between.
 */
import * as random from "./random.ts"
import type * as Name from "./wire/Name.ts"

export interface Options {
  readonly name: Name.Name
  /** The code of the type. */
  readonly type: number
  /** The code of the class; IN unless told. */
  readonly class?: number | undefined
  /** Whether letters get a random case, for the reply to repeat (draft-vixie-dnsext-dns0x20). */
  readonly mixCase: boolean
  /** The OPT record's octets, or undefined for none. */
  readonly opt: Uint8Array | undefined
  readonly recursionDesired: boolean
  readonly checkingDisabled: boolean
  /** AD in a query asks for AD in the reply (RFC 6840 section 5.7). */
  readonly authenticData: boolean
}

/** Where the question starts in a message: after the header. */
export const start = 12

/** The octets, with an id of zero: the transport draws it. */
export const encode = (options: Options): Buffer => {
  const name = options.name.octets
  const opt = options.opt
  const questionEnd = start + name.length + 4
  const octets = Buffer.allocUnsafe(questionEnd + (opt === undefined ? 0 : opt.length))
  octets[0] = octets[1] = 0
  octets[2] = options.recursionDesired ? 1 : 0
  octets[3] = (options.authenticData ? 0x20 : 0) | (options.checkingDisabled ? 0x10 : 0)
  octets[4] = 0
  octets[5] = 1
  octets[6] = octets[7] = octets[8] = octets[9] = octets[10] = 0
  octets[11] = opt === undefined ? 0 : 1
  let at = start
  if (options.mixCase) {
    let bits = 0
    let left = 0
    for (let i = 0; i < name.length; i++) {
      let octet = name[i]!
      const lower = octet | 0x20
      // Length octets are under 64, so they are never taken for letters.
      if (lower >= 0x61 && lower <= 0x7a && octet >= 0x41) {
        if (left === 0) {
          bits = random.bits16()
          left = 16
        }
        octet = (bits & 1) === 1 ? lower : lower & 0xdf
        bits >>= 1
        left--
      }
      octets[at++] = octet
    }
  } else {
    for (let i = 0; i < name.length; i++) octets[at++] = name[i]!
  }
  octets[at++] = options.type >> 8
  octets[at++] = options.type
  const cls = options.class ?? 1
  octets[at++] = cls >> 8
  octets[at++] = cls
  // Options are short: a loop is cheaper than a native copy.
  if (opt !== undefined) for (let i = 0; i < opt.length; i++) octets[at++] = opt[i]!
  return octets
}

/** Where the one question of a query ends: after its name, type and class. More than there are octets when it does not. */
export const questionEnd = (octets: Uint8Array): number => {
  let at = start
  // A pointer, which is over 63, has nothing before it to point to.
  while (at < octets.length && octets[at] !== 0) at += octets[at]! > 63 ? octets.length : octets[at]! + 1
  return at + 5
}

/** An OPT record without options or with one (a cookie), as octets (RFC 6891 section 6.1.2). */
export const encodeOpt = (options: {
  readonly udpPayload: number
  readonly dnssecOk: boolean
  /** The options, each with its code and length. */
  readonly options: Uint8Array | undefined
}): Uint8Array => {
  const tail = options.options
  const length = tail === undefined ? 0 : tail.length
  const octets = new Uint8Array(11 + length)
  octets[2] = 41
  octets[3] = options.udpPayload >> 8
  octets[4] = options.udpPayload
  octets[7] = options.dnssecOk ? 0x80 : 0
  octets[9] = length >> 8
  octets[10] = length
  if (tail !== undefined) octets.set(tail, 11)
  return octets
}

/** How octets that came relate to a query: nothing to do with it, a reply, or one whose question has another case. */
export const Match = { none: 0, same: 1, otherCase: 2 } as const
export type Match = (typeof Match)[keyof typeof Match]

/**
 * Compares octets that came with a query, the id aside: a response, to this opcode, that repeats the question octet for
 * octet (RFC 5452 section 9.1). A reply without a question is taken only when it carries nothing but an error.
 */
export const match = (query: Uint8Array, questionEnd: number, reply: Uint8Array): Match => {
  if (reply.length < 12 || reply[2]! < 0x80 || ((reply[2]! ^ query[2]!) & 0x78) !== 0) return Match.none
  if (reply[4] !== 0) return Match.none
  if (reply[5] === 0) {
    const rcode = reply[3]! & 15
    const empty = (reply[6]! | reply[7]! | reply[8]! | reply[9]!) === 0
    return empty && (rcode === 1 || rcode === 2 || rcode === 4 || rcode === 5) ? Match.same : Match.none
  }
  if (reply[5] !== 1 || reply.length < questionEnd) return Match.none
  let same = true
  for (let i = start; i < questionEnd; i++) {
    const a = query[i]!
    const b = reply[i]!
    if (a === b) continue
    // Only letters of the name may differ, and only in their case.
    if ((a ^ b) !== 0x20 || (a | 0x20) < 0x61 || (a | 0x20) > 0x7a || i >= questionEnd - 4) return Match.none
    same = false
  }
  return same ? Match.same : Match.otherCase
}
