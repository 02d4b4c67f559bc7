/** A dynamic update (RFC 2136) as it is put together: prerequisites, then changes, all or nothing. */
import { type Class, Message, Name, Opcode, type Question, type ResourceRecord } from "../wire/index.ts"
import * as RRset from "../zone/RRset.ts"

/** A type as a question has it; `"ANY"` for all. */

export interface Update {
  readonly zone: Name.Name
  readonly class: Class.Class
  readonly prerequisites: ReadonlyArray<ResourceRecord.ResourceRecord>
  readonly changes: ReadonlyArray<ResourceRecord.ResourceRecord>
}

/** An update of a zone that so far asks for nothing. */
export const make = (zone: Name.Name | string, cls: Class.Class = "IN"): Update => ({
  zone: nameOf(zone),
  class: cls,
  prerequisites: [],
  changes: []
})

const nameOf = (name: Name.Name | string): Name.Name => (typeof name === "string" ? Name.fromText(name) : name)

const empty = (
  name: Name.Name | string,
  type: Question.QuestionType,
  cls: Class.Class
): ResourceRecord.ResourceRecord =>
  ({
    name: nameOf(name),
    type: genericOf(type),
    class: cls,
    ttl: 0,
    data: { octets: new Uint8Array(0) }
  }) as ResourceRecord.ResourceRecord

/** Records without rdata are written under the generic name of their type. */
const genericOf = (type: string): string => `TYPE${RRset.codeOf(type)}`

const requiring = (self: Update, ...records: ReadonlyArray<ResourceRecord.ResourceRecord>): Update => ({
  ...self,
  prerequisites: [...self.prerequisites, ...records]
})

const changing = (self: Update, ...records: ReadonlyArray<ResourceRecord.ResourceRecord>): Update => ({
  ...self,
  changes: [...self.changes, ...records]
})

const as = (record: ResourceRecord.ResourceRecord, cls: Class.Class, ttl: number): ResourceRecord.ResourceRecord =>
  ({ name: record.name, type: record.type, class: cls, ttl, data: record.data }) as ResourceRecord.ResourceRecord

/** Only if there is a record of the type, or of any (RFC 2136 2.4.1, 2.4.4). */
export const whenExists = (self: Update, name: Name.Name | string, type: Question.QuestionType = "ANY"): Update =>
  requiring(self, empty(name, type, "ANY"))

/** Only if there is none (RFC 2136 2.4.3, 2.4.5). */
export const whenAbsent = (self: Update, name: Name.Name | string, type: Question.QuestionType = "ANY"): Update =>
  requiring(self, empty(name, type, "NONE"))

/** Only if the sets of these records are just these (RFC 2136 2.4.2). */
export const whenEquals = (self: Update, records: ReadonlyArray<ResourceRecord.ResourceRecord>): Update =>
  requiring(self, ...records.map((record) => as(record, self.class, 0)))

/** Adds records to a set. */
export const add = (self: Update, ...records: ReadonlyArray<ResourceRecord.ResourceRecord>): Update =>
  changing(self, ...records)

/** Removes a set, or records of it. */
export const remove = (self: Update, ...records: ReadonlyArray<ResourceRecord.ResourceRecord>): Update =>
  changing(self, ...records.map((record) => as(record, "NONE", 0)))

/** Removes all records of a type, or of the name. */
export const removeAll = (self: Update, name: Name.Name | string, type: Question.QuestionType = "ANY"): Update =>
  changing(self, empty(name, type, "ANY"))

/** The update as a message. */
export const toMessage = (self: Update, id: number): Message.Message =>
  Message.make({
    id,
    opcode: Opcode.UPDATE,
    questions: [{ name: self.zone, type: "SOA", class: self.class }],
    answers: self.prerequisites,
    authorities: self.changes
  })
