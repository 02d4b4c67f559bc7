/**
 * The DNS codec: octets and text to messages and back. No I/O, no Effect, usable alone.
 *
 * Start at `Message.decode` and `Message.encode`.
 */
export * as CharacterString from "./CharacterString.ts"
export * as Class from "./Class.ts"
export * as Dig from "./Dig.ts"
export * as Edns from "./Edns.ts"
export * as EdnsOptions from "./EdnsOptions.ts"
export * as Framing from "./Framing.ts"
export * as Message from "./Message.ts"
export * as Name from "./Name.ts"
export * as Opcode from "./Opcode.ts"
export * as Question from "./Question.ts"
export * as Rcode from "./Rcode.ts"
export * as RecordText from "./RecordText.ts"
export * as RecordTypes from "./RecordTypes.ts"
export * as ResourceRecord from "./ResourceRecord.ts"
export * as Type from "./Type.ts"
export * as ZoneFile from "./ZoneFile.ts"
export { DecodeError } from "./DecodeError.ts"
export { EncodeError } from "./EncodeError.ts"
export { TextError } from "./TextError.ts"
export type { SvcParam } from "./fields/svcParams.ts"
