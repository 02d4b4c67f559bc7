/**
 * A coverage-guided fuzzer for `Message.decode`, and for all that is done with what it accepts. Inputs are made from a
 * corpus by small changes; one that reaches a block of code, or a kind of error, that none did before joins the corpus.
 */
import { DecodeError, EncodeError, Message, Name, RecordText, ResourceRecord, TextError, Type } from "@handoff/dns/wire"
import { mutate, Random } from "../random.ts"
import { vectors } from "../vectors.ts"
import { blockCount, marks } from "./coverage.ts"

export interface Report {
  readonly inputs: number
  /** How many were messages, not errors. */
  readonly accepted: number
  readonly corpus: number
  /** Blocks of the codec that were reached, encoding and text included. */
  readonly blocks: number
  /** Longest decoding of one input, in milliseconds: the best of five, so that it is ours and not the machine's. */
  readonly slowest: number
  /** What broke a property, with the octets in hex. */
  readonly failures: ReadonlyArray<{ readonly octets: string; readonly what: string }>
}

export interface Options {
  readonly seed: number
  readonly corpus: ReadonlyArray<Uint8Array>
  /** Stops at whichever comes first. */
  readonly maxInputs: number
  readonly maxSeconds: number
}

export const run = (options: Options): Report => {
  const random = new Random(options.seed)
  const corpus = [...options.corpus]
  const failures: Array<Report["failures"][number]> = []
  const seen = new Seen()
  const started = performance.now()
  let inputs = 0
  let accepted = 0
  let slowest = 0
  for (const octets of corpus) seen.news(check(octets, failures))
  while (inputs < options.maxInputs && failures.length < 10) {
    if ((inputs & 1_023) === 0 && performance.now() - started >= options.maxSeconds * 1_000) break
    inputs++
    const octets = change(corpus, random)
    const start = performance.now()
    const outcome = check(octets, failures)
    // Far over the usual: measured again, alone.
    if (performance.now() - start > 1) slowest = Math.max(slowest, timeToDecode(octets))
    if (outcome === "message") accepted++
    if (seen.news(outcome)) corpus.push(octets)
  }
  return { inputs, accepted, corpus: corpus.length, blocks: seen.blocks, slowest, failures }
}

/** What inputs have reached so far: blocks of code, and kinds of error. */
class Seen {
  private readonly reached = new Uint8Array(marks.length)
  private readonly outcomes = new Set<string>()
  blocks = 0

  /** Whether the input that ran last reached something new; forgets what it reached. */
  news(outcome: string): boolean {
    const { reached } = this
    const before = this.blocks + this.outcomes.size
    for (let i = 0, end = blockCount(); i < end; i++) {
      if (marks[i] === 0) continue
      marks[i] = 0
      if (reached[i] === 0) {
        reached[i] = 1
        this.blocks++
      }
    }
    this.outcomes.add(outcome)
    return this.blocks + this.outcomes.size > before
  }
}

const change = (corpus: ReadonlyArray<Uint8Array>, random: Random): Uint8Array => {
  const kind = random.below(8)
  if (kind > 4) return mutatedRecord(random)
  const base = random.pick(corpus)
  if (kind > 0) return mutate(base, random)
  // Two inputs spliced: the header of one, the records of another.
  const other = random.pick(corpus)
  const cut = Math.min(base.length, 12 + random.below(40))
  const spliced = new Uint8Array(cut + Math.max(0, other.length - cut))
  spliced.set(base.subarray(0, cut))
  spliced.set(other.subarray(Math.min(cut, other.length)), cut)
  return spliced
}

/** A message of one record whose rdata is changed, and whose length is right: what small changes seldom hit. */
const mutatedRecord = (random: Random): Uint8Array => {
  const { type, octets } = random.pick(vectors)
  const rdata = mutate(octets, random)
  const code = random.below(16) === 0 ? random.pick(vectors).type : type
  const cls = random.pick([1, 1, 1, 1, 3, 254, 255])
  const header = [0, 1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 1]
  const number = Type.codeOf(code)!
  const fixed = [number >> 8, number & 255, 0, cls, 0, 0, 0, 60, rdata.length >> 8, rdata.length & 255]
  return Uint8Array.from([...header, 1, 0x61, 0, ...fixed, ...rdata])
}

const kindOf = (what: string): string => what.replaceAll(/:.*|[0-9]+/gs, "")

/** Checks the properties of one input; gives "message", or the kind of error. */
const check = (octets: Uint8Array, failures: Array<Report["failures"][number]>): string => {
  const fail = (what: string): void => {
    // Once for each kind of failure.
    const kind = kindOf(what)
    if (failures.some((failure) => kindOf(failure.what) === kind)) return
    failures.push({ octets: Buffer.from(octets).toString("hex"), what })
  }
  try {
    const message = Message.decode(octets)
    if (message instanceof DecodeError) {
      if (!(message.offset >= 0 && message.offset <= octets.length)) fail(`offset ${message.offset} outside`)
      // A check without a block of its own is told from others by what it says.
      return message.message.replaceAll(/[0-9]+/g, "")
    }
    const wrong = propertiesOf(message)
    if (wrong !== undefined) fail(wrong)
  } catch (error) {
    fail(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  return "message"
}

/** What does not hold of a message that was decoded; undefined when all does. */
const propertiesOf = (message: Message.Message): string | undefined => {
  let encoded: Uint8Array
  try {
    encoded = Message.encode(message)
  } catch (error) {
    // Pointers in names that may not be compressed grow: that alone may make it too long.
    if (error instanceof EncodeError && error.message.includes("65535")) return undefined
    throw error
  }
  const again = Message.decode(encoded)
  if (again instanceof DecodeError) return `our own octets are refused: ${again.message}`
  if (!same(message, again)) return "another message after encode and decode"
  if (Buffer.compare(Message.encode(again), encoded) !== 0) return "other octets after decode and encode"
  const record = message.answers[0] ?? message.authorities[0] ?? message.additionals[0]
  return record === undefined ? undefined : textOf(record)
}

const textOf = (record: ResourceRecord.ResourceRecord): string | undefined => {
  const text = RecordText.print(record)
  try {
    const parsed = RecordText.parse(text)
    return sameRecord(parsed, record) ? undefined : `another ${record.type} after text: ${text}`
  } catch (error) {
    if (error instanceof TextError) return `our own text of ${record.type} is refused: ${text}: ${error.message}`
    throw error
  }
}

const same = (a: Message.Message, b: Message.Message): boolean =>
  a.id === b.id &&
  a.rcode === b.rcode &&
  a.opcode === b.opcode &&
  a.response === b.response &&
  a.authoritative === b.authoritative &&
  a.truncated === b.truncated &&
  a.recursionDesired === b.recursionDesired &&
  a.recursionAvailable === b.recursionAvailable &&
  a.reserved === b.reserved &&
  a.authenticData === b.authenticData &&
  a.checkingDisabled === b.checkingDisabled &&
  a.edns?.udpPayloadOctets === b.edns?.udpPayloadOctets &&
  a.edns?.options.length === b.edns?.options.length &&
  a.questions.length === b.questions.length &&
  a.questions.every((question, i) => {
    const other = b.questions[i]!
    return question.type === other.type && question.class === other.class && Name.identical(question.name, other.name)
  }) &&
  sameRecords(a.answers, b.answers) &&
  sameRecords(a.authorities, b.authorities) &&
  sameRecords(a.additionals, b.additionals)

const sameRecords = (
  a: ReadonlyArray<ResourceRecord.ResourceRecord>,
  b: ReadonlyArray<ResourceRecord.ResourceRecord>
): boolean => a.length === b.length && a.every((record, i) => sameRecord(record, b[i]!))

const sameRecord = (a: ResourceRecord.ResourceRecord, b: ResourceRecord.ResourceRecord): boolean =>
  a.type === b.type &&
  a.class === b.class &&
  a.ttl === b.ttl &&
  Name.identical(a.name, b.name) &&
  Buffer.compare(ResourceRecord.dataOctets(a), ResourceRecord.dataOctets(b)) === 0

/** Milliseconds that decoding takes: the best of five. */
const timeToDecode = (octets: Uint8Array): number => {
  let best = Infinity
  for (let i = 0; i < 5; i++) {
    const start = performance.now()
    Message.decode(octets)
    best = Math.min(best, performance.now() - start)
  }
  return best
}
