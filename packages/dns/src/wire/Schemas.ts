/**
 * Schemas for names, questions, records, EDNS and messages: to JSON and back.
 *
 * In JSON names are presentation text, octets base64, 64 bit integers decimal text; in the few values that are none of
 * these (a gateway, service parameters) names stand as `{"name": ...}` and octets as `{"base64": ...}`. What is decoded
 * from JSON can be encoded to octets: a record that has none is refused with the reason.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaIssue from "effect/SchemaIssue"
import * as ClassModule from "./Class.ts"
import type { Edns as EdnsModel, EdnsOption as EdnsOptionModel } from "./Edns.ts"
import * as EdnsOptions from "./EdnsOptions.ts"
import * as EdnsModule from "./Edns.ts"
import type { Kind } from "./Field.ts"
import type { Message as MessageModel } from "./Message.ts"
import * as NameModule from "./Name.ts"
import type { Question as QuestionModel } from "./Question.ts"
import * as RecordTypes from "./RecordTypes.ts"
import * as ResourceRecordModule from "./ResourceRecord.ts"
import * as TypeModule from "./Type.ts"
import { fail, TextError } from "./TextError.ts"
import { fromBase64 } from "./fields/blobs.ts"

/** A getter that fails with the reason where `read` throws. */
function textual<T, E>(read: (input: E) => T): SchemaGetter.Getter<T, E> {
  return SchemaGetter.transformEffect((input, options) => {
    try {
      return Effect.succeed(read(input))
    } catch (error) {
      const message = error instanceof TextError ? error.detail : String(error)
      return Effect.fail(new SchemaIssue.InvalidValue({ message }, input, options))
    }
  })
}

/** A name as presentation text, absolute. */
export const Name: Schema.Codec<NameModule.Name, string> = Schema.String.pipe(
  Schema.decodeTo(Schema.declare(NameModule.isName), {
    decode: textual((text: string) => NameModule.fromText(text)),
    encode: SchemaGetter.transform(NameModule.toText)
  })
)

/** A class by its mnemonic, or `CLASS123`. */
export const Class: Schema.Codec<ClassModule.Class, string> = Schema.String.pipe(
  Schema.decodeTo(
    Schema.declare((u): u is ClassModule.Class => typeof u === "string" && ClassModule.codeOf(u) !== undefined),
    { decode: SchemaGetter.passthrough({ strict: false }), encode: SchemaGetter.passthrough({ strict: false }) }
  )
)

const uint = (max: number): Schema.Codec<number> => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: max }))

const octets: Schema.Codec<Uint8Array, string> = Schema.Uint8ArrayFromBase64

/** Values of any shape, with names and octets in them made recognisable. */
const shaped: Schema.Codec<unknown, unknown> = Schema.Unknown.pipe(
  Schema.decodeTo(Schema.Unknown, {
    decode: textual(fromShaped),
    encode: SchemaGetter.transform(toShaped)
  })
)

function toShaped(value: unknown): unknown {
  if (value instanceof NameModule.Name) return { name: NameModule.toText(value) }
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") }
  if (Array.isArray(value)) return value.map(toShaped)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toShaped(inner)]))
}

function fromShaped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromShaped)
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value)
  if (entries.length === 1) {
    const [key, inner] = entries[0]!
    if (key === "name" && typeof inner === "string") return NameModule.fromText(inner)
    if (key === "base64" && typeof inner === "string") return fromBase64(inner) ?? fail(`not base64: ${inner}`)
  }
  return Object.fromEntries(entries.map(([key, inner]) => [key, fromShaped(inner)]))
}

const codecs = {
  number: Schema.Number,
  bigint: Schema.BigIntFromString,
  text: Schema.String,
  name: Name,
  names: Schema.Array(Name),
  octets,
  octetsList: Schema.Array(octets),
  texts: Schema.Array(Schema.String),
  numbers: Schema.Array(Schema.Number),
  json: Schema.optionalKey(shaped)
} satisfies Record<Kind, unknown>

/** The rdata of a type, or what an option holds, from the table of its kinds. */
const dataOf = (kinds: ReadonlyArray<readonly [string, Kind]>): Schema.Codec<unknown, unknown> =>
  Schema.Struct(Object.fromEntries(kinds.map(([property, kind]) => [property, codecs[kind]])))

/** `TYPE123`, as `prefix` and a number of 16 bits. */
const numbered = (prefix: string): Schema.Codec<string> =>
  Schema.String.check(
    Schema.makeFilter((text: string) => {
      const digits = text.startsWith(prefix) ? text.slice(prefix.length) : ""
      return (/^[0-9]{1,5}$/.test(digits) && Number(digits) <= 0xffff) || `not a mnemonic, nor ${prefix} and a number`
    })
  )

const genericData = Schema.Struct({ octets })

/** Fails with the reason when there are no octets for it. */
const encodable = <A>(encode: (value: A) => unknown) =>
  Schema.makeFilter((value: A) => {
    try {
      encode(value)
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  })

const owner = { name: Name, class: Class, ttl: uint(0xffffffff) }

/** Records of one type: `recordOf("MX")`. */
export const recordOf = <T extends RecordTypes.KnownType>(
  type: T
): Schema.Codec<ResourceRecordModule.Of<T>, unknown> => {
  const kinds = RecordTypes.byName(type)!.kinds
  const schema = Schema.Struct({ ...owner, type: Schema.Literal(type), data: dataOf(kinds) })
  return schema as unknown as Schema.Codec<ResourceRecordModule.Of<T>, unknown>
}

const genericRecord = Schema.Struct({ ...owner, type: numbered("TYPE"), data: genericData })

/** Records of any type. */
export const ResourceRecord: Schema.Codec<ResourceRecordModule.ResourceRecord, unknown> = (
  Schema.Union([...RecordTypes.all.map(({ name }) => recordOf(name)), genericRecord]) as unknown as Schema.Codec<
    ResourceRecordModule.ResourceRecord,
    unknown
  >
).check(encodable(ResourceRecordModule.dataOctets))

/** Questions. */
export const Question: Schema.Codec<QuestionModel, unknown> = Schema.Struct({
  name: Name,
  type: Schema.String.check(Schema.makeFilter((text: string) => TypeModule.codeOf(text) !== undefined)),
  class: Class
}) as unknown as Schema.Codec<QuestionModel, unknown>

const ednsOption = (
  Schema.Union([
    ...EdnsOptions.all.map(({ name, kinds }) => Schema.Struct({ option: Schema.Literal(name), data: dataOf(kinds) })),
    Schema.Struct({ option: numbered("OPT"), data: genericData })
  ]) as unknown as Schema.Codec<EdnsOptionModel, unknown>
).check(encodable(EdnsModule.optionOctets))

/** What the OPT record says. */
export const Edns: Schema.Codec<EdnsModel, unknown> = Schema.Struct({
  udpPayloadOctets: uint(0xffff),
  version: uint(0xff),
  dnssecOk: Schema.Boolean,
  reservedFlags: uint(0x7fff),
  options: Schema.Array(ednsOption)
})

/** Messages. `edns` is null in JSON when there is none. */
export const Message: Schema.Codec<MessageModel, unknown> = Schema.Struct({
  id: uint(0xffff),
  response: Schema.Boolean,
  opcode: uint(15),
  authoritative: Schema.Boolean,
  truncated: Schema.Boolean,
  recursionDesired: Schema.Boolean,
  recursionAvailable: Schema.Boolean,
  reserved: Schema.Boolean,
  authenticData: Schema.Boolean,
  checkingDisabled: Schema.Boolean,
  rcode: uint(0xfff),
  questions: Schema.Array(Question),
  answers: Schema.Array(ResourceRecord),
  authorities: Schema.Array(ResourceRecord),
  additionals: Schema.Array(ResourceRecord),
  edns: Schema.NullOr(Edns).pipe(
    Schema.decodeTo(Schema.UndefinedOr(Schema.toType(Edns)), {
      decode: SchemaGetter.transform((edns: EdnsModel | null) => edns ?? undefined),
      encode: SchemaGetter.transform((edns: EdnsModel | undefined) => edns ?? null)
    })
  )
})
