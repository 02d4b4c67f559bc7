import * as Class from "./Class.ts"
import { fail } from "./DecodeError.ts"
import * as Edns from "./Edns.ts"
import { AA, AD, CD, QR, RA, RD, TC, Z } from "./flags.ts"
import * as limits from "./limits.ts"
import type { Message } from "./Message.ts"
import * as Name from "./Name.ts"
import { NameCache } from "./NameCache.ts"
import type * as Question from "./Question.ts"
import { Reader } from "./Reader.ts"
import * as ResourceRecord from "./ResourceRecord.ts"
import * as Type from "./Type.ts"

const OPT = 41
const TSIG = 250

/** A message over the octets it was read from: making one checks them all, looking at its properties reads them. */
export class Decoded {
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
  /** For each record, OPT not counted: where its owner is, where its type is; perhaps with holes at the end. */
  private readonly places: Array<number>
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
    const beforeAdditionals = answers + authorities
    const total = beforeAdditionals + additionals
    // Growing it would cost more than all else here; a count that the octets cannot hold is not believed.
    // oxlint-disable-next-line unicorn/no-new-array -- `Array.from` would fill it, one by one
    const places: Array<number> = new Array(2 * Math.min(total, Math.floor(length / limits.recordOctets)))
    this.places = places
    let at = 0
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
      places[at++] = start
      places[at++] = fixed
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
    // Pushing the first one to an empty list would take room for seventeen.
    // oxlint-disable-next-line unicorn/no-new-array -- `Array.from` would call a function for each
    const records: Array<ResourceRecord.Decoded> = new Array(count)
    for (let i = 0; i < count; i++) {
      const at = 2 * (first + i)
      records[i] = new ResourceRecord.Decoded(reader, places[at]!, places[at + 1]!)
    }
    return records as unknown as ReadonlyArray<ResourceRecord.ResourceRecord>
  }

  private named(): Reader {
    // A lone record has no other whose name it could share.
    if (this.answerCount + this.authorityCount + this.additionalCount > 1) this.reader.names ??= new NameCache()
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
