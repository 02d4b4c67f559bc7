/**
 * What a reply means for the question it answers. Pure, and distrustful: a record counts only when the chain of aliases
 * that begins at the name asked for leads to its owner; all others are as if they were not there (RFC 5452 section 6).
 */
import * as ExtendedError from "./ExtendedError.ts"
import * as limits from "./limits.ts"
import type * as Message from "./wire/Message.ts"
import * as Name from "./wire/Name.ts"
import * as Rcode from "./wire/Rcode.ts"
import type { ResourceRecord } from "./wire/ResourceRecord.ts"

export type Meaning =
  /** Records of the type at the end of the chain. */
  | {
      readonly _tag: "Found"
      readonly name: Name.Name
      readonly records: ReadonlyArray<ResourceRecord>
      readonly aliases: ReadonlyArray<ResourceRecord>
      /** Seconds: the least of the chain (RFC 2181 section 5.2). */
      readonly ttl: number
    }
  /** The chain ends at a name of which the reply says nothing: it must be asked for. */
  | {
      readonly _tag: "Alias"
      readonly name: Name.Name
      readonly aliases: ReadonlyArray<ResourceRecord>
      readonly ttl: number
    }
  /** The name at the end of the chain is there, a record of the type is not; or the name is not there. */
  | {
      readonly _tag: "NoRecord" | "NoName"
      readonly name: Name.Name
      readonly aliases: ReadonlyArray<ResourceRecord>
      /** Seconds (RFC 2308 section 5); undefined when nothing says how long it holds, so it may not be kept. */
      readonly ttl: number | undefined
    }
  | { readonly _tag: "Truncated" }
  | Problem

/** The server does not answer this question, for a reason. */
export interface Problem {
  readonly _tag: "Problem"
  readonly kind: "failure" | "refused" | "format" | "version" | "cookie" | "lame" | "garbage"
  /** `SERVFAIL`, or our own word: `LAME`, `LOOP`. */
  readonly code: string
  readonly detail?: string | undefined
}

const problem = (kind: Problem["kind"], code: string, detail?: string): Problem => ({
  _tag: "Problem",
  kind,
  code,
  detail
})

const truncated: Meaning = { _tag: "Truncated" }
const none: ReadonlyArray<ResourceRecord> = []

export interface Question {
  readonly name: Name.Name
  /** A mnemonic, `TYPE123`, or `ANY`. */
  readonly type: string
  readonly class: string
}

/**
 * The meaning of a reply whose id, question and address matched. `octets` are the message's: where the first answer's owner
 * is a pointer to the question, as it nearly always is, the name need not be read to be known.
 */
export const read = (message: Message.Message, question: Question, octets?: Uint8Array): Meaning => {
  if (message.truncated) return truncated
  const { rcode } = message
  if (rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN) return refusal(rcode, ExtendedError.format(message))
  const { answers } = message
  if (answers.length > limits.recordsPerReply) {
    return problem("garbage", "TOOMANY", `${answers.length} records in one answer`)
  }
  const { class: cls, type } = question
  let { name } = question
  if (answers.length === 1 && octets !== undefined && pointsToQuestion(octets, name)) {
    const [only] = answers as [ResourceRecord]
    if (only.type === type && only.class === cls) {
      return { _tag: "Found", name, records: answers, aliases: none, ttl: leastTtl(answers, Infinity) }
    }
  }
  let records = at(answers, name, type, cls)
  if (records.length > 0) return { _tag: "Found", name, records, aliases: none, ttl: leastTtl(records, Infinity) }

  const aliases: Array<ResourceRecord> = []
  const seen = new Set([Name.key(name)])
  while (answers.length > 0) {
    const alias = findAlias(answers, name)
    if (alias === undefined) break
    if (alias === "conflict")
      return problem("garbage", "BADALIAS", `a DNAME and a CNAME at ${Name.toText(name)} differ`)
    aliases.push(alias.record)
    name = alias.target
    if (seen.has(Name.key(name)) || aliases.length > limits.aliases) {
      return problem("garbage", "LOOP", `aliases of ${Name.toText(question.name)} lead nowhere`)
    }
    seen.add(Name.key(name))
    records = at(answers, name, type, cls)
    if (records.length > 0) {
      return { _tag: "Found", name, records, aliases, ttl: leastTtl(records, leastTtl(aliases, Infinity)) }
    }
  }

  const soa = message.authorities.find((record) => record.type === "SOA" && Name.isSubdomainOf(name, record.name))
  const ttl =
    soa === undefined ? undefined : leastTtl(aliases, Math.min(soa.ttl, (soa.data as { minimum: number }).minimum))
  if (rcode === Rcode.NXDOMAIN) return { _tag: "NoName", name, aliases, ttl }
  if (soa !== undefined) return { _tag: "NoRecord", name, aliases, ttl }
  if (aliases.length > 0) return { _tag: "Alias", name, aliases, ttl: leastTtl(aliases, Infinity) }
  if (answers.length > 0) {
    return problem("garbage", "UNRELATED", `no record in the answer belongs to ${Name.toText(name)}`)
  }
  const referral = message.authorities.some((record) => record.type === "NS")
  if (!message.authoritative && (referral || !message.recursionAvailable)) {
    return problem("lame", "LAME", "neither authoritative nor willing to ask others")
  }
  return { _tag: "NoRecord", name, aliases, ttl: undefined }
}

const refusal = (rcode: number, detail: string | undefined): Problem => {
  const code = Rcode.nameOf(rcode)
  switch (rcode) {
    case Rcode.FORMERR:
      return problem("format", code, detail)
    case Rcode.BADVERS:
      return problem("version", code, detail)
    case Rcode.BADCOOKIE:
      return problem("cookie", code, detail)
    case Rcode.REFUSED:
    case Rcode.NOTIMP:
    case Rcode.NOTAUTH:
      return problem("refused", code, detail)
    default:
      return problem("failure", code, detail)
  }
}

/** Whether what follows the question, which has this name, begins with a pointer to it: its offset is always 12. */
const pointsToQuestion = (octets: Uint8Array, name: Name.Name): boolean => {
  const at = 12 + name.octets.length + 4
  return octets[5] === 1 && octets[at] === 0xc0 && octets[at + 1] === 12
}

/** The records of `type` that `name` owns. */
const at = (
  answers: ReadonlyArray<ResourceRecord>,
  name: Name.Name,
  type: string,
  cls: string
): ReadonlyArray<ResourceRecord> => {
  // Nearly every answer is nothing but the records asked for.
  for (const record of answers) {
    if (!belongs(record, name, type, cls)) return answers.filter((each) => belongs(each, name, type, cls))
  }
  return answers
}

const belongs = (record: ResourceRecord, name: Name.Name, type: string, cls: string): boolean =>
  (record.type === type || type === "ANY") && record.class === cls && Name.equals(record.name, name)

/** The next link: a CNAME at the name, or a DNAME above it (RFC 6672 section 2.2) from which the CNAME must follow. */
const findAlias = (
  answers: ReadonlyArray<ResourceRecord>,
  name: Name.Name
): { readonly record: ResourceRecord; readonly target: Name.Name } | "conflict" | undefined => {
  let cname: ResourceRecord | undefined
  let dname: ResourceRecord | undefined
  for (const record of answers) {
    const type: string = record.type
    if (type === "CNAME") {
      if (cname === undefined && Name.equals(record.name, name)) cname = record
    } else if (type === "DNAME" && record.name.octets.length < name.octets.length) {
      if (Name.isSubdomainOf(name, record.name)) dname = record
    }
  }
  const target = cname === undefined ? undefined : (cname.data as { readonly target: Name.Name }).target
  if (dname !== undefined) {
    const made = substitute(name, dname)
    if (made === undefined) return target === undefined ? "conflict" : undefined
    if (target !== undefined && !Name.equals(made, target)) return "conflict"
    return { record: dname, target: made }
  }
  return target === undefined ? undefined : { record: cname!, target }
}

/** The name with the DNAME's owner replaced by its target; undefined when that is too long (RFC 6672 section 2.2). */
const substitute = (name: Name.Name, dname: ResourceRecord): Name.Name | undefined => {
  const target = (dname.data as { readonly target: Name.Name }).target
  const kept = name.octets.length - dname.name.octets.length
  if (kept + target.octets.length > 255) return undefined
  const octets = new Uint8Array(kept + target.octets.length)
  octets.set(name.octets.subarray(0, kept))
  octets.set(target.octets, kept)
  return Name.fromOctets(octets)
}

/** TTLs with the top bit set count as zero (RFC 2181 section 8). */
const leastTtl = (records: ReadonlyArray<ResourceRecord>, most: number): number => {
  let least = most
  for (const record of records) {
    const ttl = record.ttl > 0x7fffffff ? 0 : record.ttl
    if (ttl < least) least = ttl
  }
  return least
}
