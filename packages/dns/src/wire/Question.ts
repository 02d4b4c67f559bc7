/** The question of a message (RFC 1035 section 4.1.2). */
import * as Class from "./Class.ts"
import * as EncodeError from "./EncodeError.ts"
import * as Name from "./Name.ts"
import type { KnownType } from "./RecordTypes.ts"
import * as Type from "./Type.ts"
import type { Writer } from "./Writer.ts"

/** What is asked: a name, a type and a class (RFC 1035 4.1.2). */
export interface Question {
  readonly name: Name.Name
  readonly type: QuestionType
  readonly class: Class.Class
}

/** A type that may be asked for: a record type, or one for questions only. */
export type QuestionType = KnownType | Type.QuestionOnly | "OPT" | `TYPE${number}`

/** The name may be text, the class is IN unless given. Throws `TextError` for a bad name. */
export const make = (name: Name.Name | string, type: QuestionType, cls: Class.Class = "IN"): Question => ({
  name: typeof name === "string" ? Name.fromText(name) : name,
  type,
  class: cls
})

/** Whether both ask the same, ASCII case of the name aside. */
export const equals = (self: Question, that: Question): boolean =>
  self.type === that.type && self.class === that.class && Name.equals(self.name, that.name)

/** @internal Throws `EncodeError`. */
export const write = (writer: Writer, self: Question): void => {
  writer.compressible(self.name)
  writer.u16(Type.codeOf(self.type) ?? EncodeError.fail(`unknown type ${self.type}`))
  writer.u16(Class.codeOf(self.class) ?? EncodeError.fail(`unknown class ${self.class}`))
}
