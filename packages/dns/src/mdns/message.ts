/** Questions and answers as octets, with the two bits that multicast DNS has of its own. */
import { recordStarts } from "../update/recordStarts.ts"
import { DecodeError, Message, type Name, type Question } from "../wire/index.ts"
import * as types from "../zone/types.ts"

/**
 * Questions about a name, wishing for unicast answers. Answers that are known are not told (RFC 6762 7.1): of a question from
 * another port than the group's, Avahi takes that for a mistake and answers nothing.
 */
export const encode = (name: Name.Name, asked: ReadonlyArray<Question.QuestionType>): Uint8Array => {
  const octets = Message.encode(Message.make({ questions: asked.map((type) => ({ name, type, class: "IN" })) }))
  // The top bit of the class is the wish (RFC 6762 5.4). The second name and those after it are pointers to the first.
  for (let i = 0, at = 12 + name.octets.length; i < asked.length; i++, at += 6) octets[at + 2]! |= 0x80
  return octets
}

/** A message whose records may have the top bit of their class set, "this is all there is" (RFC 6762 10.2). */
export const decode = (octets: Uint8Array): Message.Message | undefined => {
  if (Message.decode(octets) instanceof DecodeError) return undefined
  const copy = Uint8Array.from(octets)
  for (const { type, data } of recordStarts(copy)) if (type !== types.OPT) copy[data - 8]! &= 0x7f
  const message = Message.decode(copy)
  return message instanceof DecodeError ? undefined : message
}
