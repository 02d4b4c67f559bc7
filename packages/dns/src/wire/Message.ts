/**
 * DNS messages (RFC 1035 4).
 *
 * `decode` checks all of the octets and makes nothing but the list of where each record is: records, names and rdata are
 * made when they are looked at, from the octets that were given, which must not be written to meanwhile. What `decode`
 * accepted never fails later.
 */
import * as Class from "./Class.ts"
import { DecodeError, fail } from "./DecodeError.ts"
import * as Edns from "./Edns.ts"
import * as EncodeError from "./EncodeError.ts"
import * as limits from "./limits.ts"
import * as Name from "./Name.ts"
import * as Question from "./Question.ts"
import { Reader } from "./Reader.ts"
import * as ResourceRecord from "./ResourceRecord.ts"
import * as Type from "./Type.ts"
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

const QR = 0x8000
const AA = 0x0400
const TC = 0x0200
const RD = 0x0100
const RA = 0x0080
const Z = 0x0040
const AD = 0x0020
const CD = 0x0010

const OPT = 41
const TSIG = 250

class Decoded {
  readonly id: number
  readonly rcode: number
  /** Where the message ends in the octets. @internal */
  readonly end: number
  private readonly flags: number
  private readonly reader: Reader
  private readonly questionCount: number
  private readonly answerCount: number
  private readonly authorityCount: number
  private readonly additionalCount: number
  /** For each record, OPT not counted: where its owner is, where its type is. */
  private readonly places: Array<number> = []
  /** Where the type of the OPT record is; 0 for none. */
  private readonly opt: number

  private knownQuestions: ReadonlyArray<Question.Question> | undefined = undefined
  private knownAnswers: ReadonlyArray<ResourceRecord.ResourceRecord> | undefined = undefined
  private knownAuthorities: ReadonlyArray<ResourceRecord.ResourceRecord> | undefined = undefined
  private knownAdditionals: ReadonlyArray<ResourceRecord.ResourceRecord> | undefined = undefined
  private knownEdns: Edns.Edns | undefined = undefined

  constructor(octets: Uint8Array) {
    const length = octets.length
    const reader = new Reader(octets, limits.headerOctets)
    this.reader = reader
    this.id = (octets[0]! << 8) | octets[1]!
    const flags = (octets[2]! << 8) | octets[3]!
    this.flags = flags
    const questions = (octets[4]! << 8) | octets[5]!
    const answers = (octets[6]! << 8) | octets[7]!
    const authorities = (octets[8]! << 8) | octets[9]!
    const additionals = (octets[10]! << 8) | octets[11]!
    this.questionCount = questions
    this.answerCount = answers
    this.authorityCount = authorities
    for (let i = 0; i < questions; i++) {
      Name.skip(reader)
      if ((reader.offset += 4) > length) fail("message", reader.offset - 4, "question runs past the end")
    }
    const places = this.places
    const beforeAdditionals = answers + authorities
    const total = beforeAdditionals + additionals
    let opt = 0
    for (let i = 0; i < total; i++) {
      const start = reader.offset
      const fixed = ResourceRecord.skip(reader)
      const end = reader.offset
      if (octets[fixed] === 0) {
        const type = octets[fixed + 1]
        if (type === OPT) {
          if (i < beforeAdditionals) fail("edns", fixed, "OPT outside the additional section")
          if (opt !== 0) fail("edns", fixed, "a second OPT")
          opt = fixed
          if (fixed - start !== 1) fail("edns", start, "OPT not owned by the root")
          Edns.check(reader, fixed)
          reader.offset = end
          continue
        }
        if (type === TSIG && (i !== total - 1 || i < beforeAdditionals)) {
          fail("tsig", fixed, "TSIG is not the last record of the additional section")
        }
      }
      places.push(start, fixed)
    }
    this.additionalCount = opt === 0 ? additionals : additionals - 1
    this.opt = opt
    this.rcode = opt === 0 ? flags & 15 : (octets[opt + 4]! << 4) | (flags & 15)
    this.end = reader.offset
  }

  get response(): boolean {
    return (this.flags & QR) !== 0
  }
  get opcode(): number {
    return (this.flags >> 11) & 15
  }
  get authoritative(): boolean {
    return (this.flags & AA) !== 0
  }
  get truncated(): boolean {
    return (this.flags & TC) !== 0
  }
  get recursionDesired(): boolean {
    return (this.flags & RD) !== 0
  }
  get recursionAvailable(): boolean {
    return (this.flags & RA) !== 0
  }
  get reserved(): boolean {
    return (this.flags & Z) !== 0
  }
  get authenticData(): boolean {
    return (this.flags & AD) !== 0
  }
  get checkingDisabled(): boolean {
    return (this.flags & CD) !== 0
  }

  get questions(): ReadonlyArray<Question.Question> {
    return (this.knownQuestions ??= this.readQuestions())
  }
  get answers(): ReadonlyArray<ResourceRecord.ResourceRecord> {
    return (this.knownAnswers ??= this.section(0, this.answerCount))
  }
  get authorities(): ReadonlyArray<ResourceRecord.ResourceRecord> {
    return (this.knownAuthorities ??= this.section(this.answerCount, this.authorityCount))
  }
  get additionals(): ReadonlyArray<ResourceRecord.ResourceRecord> {
    return (this.knownAdditionals ??= this.section(this.answerCount + this.authorityCount, this.additionalCount))
  }
  get edns(): Edns.Edns | undefined {
    return this.opt === 0 ? undefined : (this.knownEdns ??= Edns.read(this.reader, this.opt))
  }

  private readQuestions(): ReadonlyArray<Question.Question> {
    const reader = this.named()
    reader.offset = limits.headerOctets
    reader.end = reader.octets.length
    const questions: Array<Question.Question> = []
    for (let i = 0; i < this.questionCount; i++) {
      questions.push({
        name: Name.read(reader),
        type: Type.nameOf(reader.u16()) as Question.QuestionType,
        class: Class.nameOf(reader.u16())
      })
    }
    return questions
  }

  private section(first: number, count: number): ReadonlyArray<ResourceRecord.ResourceRecord> {
    const reader = this.named()
    const places = this.places
    const records: Array<ResourceRecord.Decoded> = []
    for (let i = first; i < first + count; i++) {
      records.push(new ResourceRecord.Decoded(reader, places[2 * i]!, places[2 * i + 1]!))
    }
    return records as unknown as ReadonlyArray<ResourceRecord.ResourceRecord>
  }

  private named(): Reader {
    if (this.places.length > 0) this.reader.names ??= new Name.NameCache()
    return this.reader
  }

  /** The fields as a plain object would have them, so that printing a message shows it. */
  toJSON(): Message {
    const { id, response, opcode, authoritative, truncated, recursionDesired, recursionAvailable } = this
    const { reserved, authenticData, checkingDisabled, rcode } = this
    const { questions, answers, authorities, additionals, edns } = this
    return {
      id,
      response,
      opcode,
      authoritative,
      truncated,
      recursionDesired,
      recursionAvailable,
      reserved,
      authenticData,
      checkingDisabled,
      rcode,
      questions,
      answers,
      authorities,
      additionals,
      edns
    }
  }
}

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
  if (rcode > 0xfff) EncodeError.fail(`rcode over 12 bits: ${rcode}`)
  if (message.opcode > 15) EncodeError.fail(`opcode over 4 bits: ${message.opcode}`)
  writer.u16(message.id)
  writer.u16(
    (message.response ? QR : 0) |
      (message.opcode << 11) |
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
  writer.u16(answers.length)
  writer.u16(authorities.length)
  writer.u16(additionals.length + (edns === undefined ? 0 : 1))
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
