/**
 * DNS messages (RFC 1035 4).
 *
 * `decode` checks all of the octets and makes nothing but the list of where each record is: records, names and rdata are
 * made when they are looked at, from the octets that were given, which must not be written to meanwhile. What `decode`
 * accepted never fails later.
 */
import { DecodeError, fail } from "./DecodeError.ts"
import * as Edns from "./Edns.ts"
import * as EncodeError from "./EncodeError.ts"
import * as limits from "./limits.ts"
import * as Question from "./Question.ts"
import * as ResourceRecord from "./ResourceRecord.ts"
import { Decoded } from "./DecodedMessage.ts"
import { AA, AD, CD, QR, RA, RD, TC, Z } from "./flags.ts"
import { shared, type Writer } from "./Writer.ts"

export interface Message {
  /** 16 bits. */
  readonly id: number
  /** QR: a response, not a query. */
  readonly response: boolean
  /** See `Opcode`; 4 bits. */
  readonly opcode: number
  /** AA. */
  readonly authoritative: boolean
  /** TC. */
  readonly truncated: boolean
  /** RD. */
  readonly recursionDesired: boolean
  /** RA. */
  readonly recursionAvailable: boolean
  /** Z, which must be zero, but is kept. */
  readonly reserved: boolean
  /** AD (RFC 4035 3.2.3). */
  readonly authenticData: boolean
  /** CD (RFC 4035 3.2.2). */
  readonly checkingDisabled: boolean
  /** See `Rcode`; 12 bits, of which the upper 8 need `edns`. */
  readonly rcode: number
  /** In an UPDATE the sections are zone, prerequisites, updates and additionals (RFC 2136 2). */
  readonly questions: ReadonlyArray<Question.Question>
  readonly answers: ReadonlyArray<ResourceRecord.ResourceRecord>
  readonly authorities: ReadonlyArray<ResourceRecord.ResourceRecord>
  /** Without the OPT record: that is `edns`. */
  readonly additionals: ReadonlyArray<ResourceRecord.ResourceRecord>
  readonly edns: Edns.Edns | undefined
}

/** A message with the fields given; the others are zero, false or empty. */
export const make = (fields: Partial<Message>): Message => ({
  id: 0,
  response: false,
  opcode: 0,
  authoritative: false,
  truncated: false,
  recursionDesired: false,
  recursionAvailable: false,
  reserved: false,
  authenticData: false,
  checkingDisabled: false,
  rcode: 0,
  questions: [],
  answers: [],
  authorities: [],
  additionals: [],
  edns: undefined,
  ...fields
})

/** A query for one question, recursion desired. */
export const query = (question: Question.Question, fields: Partial<Message> & { readonly id: number }): Message =>
  make({ recursionDesired: true, questions: [question], ...fields })

/** What decoding may do without. */
export interface DecodeOptions {
  /** What to do with octets after the last record: an error unless told. */
  readonly trailing?: "reject" | "ignore"
}

/** Octets to a message, or what is wrong with them. Never throws; time and memory are linear in the octets. */
export const decode = (octets: Uint8Array, options?: DecodeOptions): Message | DecodeError => {
  try {
    return decodeUnsafe(octets, options)
  } catch (error) {
    if (error instanceof DecodeError) return error
    throw error
  }
}

/** As `decode`, but throws the `DecodeError`. */
export const decodeUnsafe = (octets: Uint8Array, options?: DecodeOptions): Message => {
  const length = octets.length
  if (length < limits.headerOctets) return fail("message", length, "shorter than a header")
  if (length > limits.messageOctets) return fail("message", limits.messageOctets, "longer than a message can be")
  const message = new Decoded(octets)
  if (message.end !== length && options?.trailing !== "ignore") {
    return fail("trailing", message.end, `${length - message.end} octets after the message`)
  }
  return message
}

/** The id of octets that may be a message, without decoding them; undefined when shorter than that. */
export const idOf = (octets: Uint8Array): number | undefined =>
  octets.length < 2 ? undefined : (octets[0]! << 8) | octets[1]!

/** The size that must not be exceeded, and whether names are compressed. */
export interface EncodeOptions {
  /**
   * Octets the message may have, 65,535 unless told. Records that do not fit are left out from the first on, and
   * `truncated` is set (RFC 2181 9) when one of the answer or authority section is; the OPT record is always kept.
   */
  readonly maxOctets?: number
  /** Whether to compress names: so unless told. */
  readonly compress?: boolean
}

/** A message to octets. Throws `EncodeError` for what DNS has no octets for. */
export const encode = (message: Message, options?: EncodeOptions): Uint8Array => {
  const writer = shared
  writer.start(options?.compress ?? true)
  write(writer, message, options?.maxOctets ?? limits.messageOctets)
  return writer.take()
}

/** As `encode`, after the two octets of length that TCP wants (RFC 1035 4.2.2). */
export const encodeFramed = (message: Message, options?: EncodeOptions): Uint8Array => {
  const octets = encode(message, options)
  const framed = new Uint8Array(octets.length + 2)
  framed[0] = octets.length >> 8
  framed[1] = octets.length
  framed.set(octets, 2)
  return framed
}

const write = (writer: Writer, message: Message, maxOctets: number): void => {
  const { questions, answers, authorities, additionals, edns, rcode } = message
  if (rcode > 15 && edns === undefined) EncodeError.fail(`rcode ${rcode} needs EDNS`)
  if (rcode >>> 0 !== rcode || rcode > 0xfff) EncodeError.fail(`rcode is not an integer of 12 bits: ${rcode}`)
  const opcode = message.opcode
  if (opcode >>> 0 !== opcode || opcode > 15) EncodeError.fail(`opcode is not an integer of 4 bits: ${opcode}`)
  writer.u16(message.id)
  writer.u16(
    (message.response ? QR : 0) |
      (opcode << 11) |
      (message.authoritative ? AA : 0) |
      (message.truncated ? TC : 0) |
      (message.recursionDesired ? RD : 0) |
      (message.recursionAvailable ? RA : 0) |
      (message.reserved ? Z : 0) |
      (message.authenticData ? AD : 0) |
      (message.checkingDisabled ? CD : 0) |
      (rcode & 15)
  )
  writer.u16(questions.length)
  // Those that do not fit are not counted in the end, and more than 16 bits can count never fit.
  writer.u16(Math.min(answers.length, 0xffff))
  writer.u16(Math.min(authorities.length, 0xffff))
  writer.u16(Math.min(additionals.length + (edns === undefined ? 0 : 1), 0xffff))
  for (const question of questions) Question.write(writer, question)

  const octets = writer.octets
  if (writer.offset > maxOctets) EncodeError.fail(`the questions alone are over ${maxOctets} octets`)
  // A TSIG must stay the last record, after the OPT (RFC 8945 5.1).
  const last = additionals.at(-1)
  const tsig = last?.type === "TSIG" ? last : undefined
  const budget = maxOctets - tailOctets(writer, edns, rcode, tsig)
  const sections = [answers, authorities, tsig === undefined ? additionals : additionals.slice(0, -1)]
  let fits = true
  for (let section = 0; section < 3; section++) {
    const records = sections[section]!
    let written = 0
    for (; fits && written < records.length; written++) {
      const start = writer.offset
      ResourceRecord.write(writer, records[written]!)
      if (writer.offset <= budget) continue
      if (maxOctets >= limits.messageOctets) EncodeError.fail("message over 65535 octets")
      writer.offset = start
      fits = false
      break
    }
    if (written === records.length) continue
    if (section < 2) octets[2]! |= TC >> 8
    const at = 6 + 2 * section
    const count = written + (section < 2 ? 0 : (edns === undefined ? 0 : 1) + (tsig === undefined ? 0 : 1))
    octets[at] = count >> 8
    octets[at + 1] = count
  }
  writeTail(writer, edns, rcode, tsig)
  if (writer.offset > maxOctets) EncodeError.fail(`OPT and TSIG alone are over ${maxOctets} octets`)
}

const writeTail = (
  writer: Writer,
  edns: Edns.Edns | undefined,
  rcode: number,
  tsig: ResourceRecord.ResourceRecord | undefined
): void => {
  if (edns !== undefined) Edns.write(writer, edns, rcode)
  if (tsig === undefined) return
  // Not compressed: the name it would point to may be of a record that did not fit.
  writer.compress = false
  ResourceRecord.write(writer, tsig)
}

/** Octets of the records that are always kept: learnt by writing them where others will be. */
const tailOctets = (
  writer: Writer,
  edns: Edns.Edns | undefined,
  rcode: number,
  tsig: ResourceRecord.ResourceRecord | undefined
): number => {
  if (edns === undefined && tsig === undefined) return 0
  const { offset, compress } = writer
  writeTail(writer, edns, rcode, tsig)
  const octets = writer.offset - offset
  writer.offset = offset
  writer.compress = compress
  return octets
}
